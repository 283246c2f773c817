"""What Assist may be told."""

from typing import Any

from homeassistant.components.homeassistant.exposed_entities import async_expose_entity
from homeassistant.core import Context, HomeAssistant
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers.llm import LLMContext, ToolInput
from homeassistant.setup import async_setup_component
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry, MockUser
import voluptuous as vol

from custom_components.wallflower.llm import async_get_tools
from tests.support.waiting import eventually

from .conftest import GATE, SetUp, camera
from .fake_sidecar import FakeSidecar, segment


@pytest.fixture
async def hub(hass: HomeAssistant, sidecar: FakeSidecar, set_up: SetUp) -> MockConfigEntry:
    assert await async_setup_component(hass, "homeassistant", {})
    sidecar.segments += [
        segment("porch", "A parcel for you", age_s=60),
        segment("porch", "Long ago, a parcel", age_s=3600),
        segment("gate", "Another parcel", age_s=30),
    ]
    entry = await set_up(camera(), camera(GATE, "gate", "Gate"))
    async_expose_entity(hass, "conversation", "camera.porch", True)
    async_expose_entity(hass, "conversation", "camera.gate", False)
    return entry


def spoken_to(context: Context | None = None) -> LLMContext:
    return LLMContext(platform="test", context=context, language="en", assistant="conversation", device_id=None)


def tools(hass: HomeAssistant, context: LLMContext, api: str = "assist") -> dict[str, Any]:
    found = async_get_tools(hass, context, api)
    return {} if found is None else {each.name: each for each in found.tools}


async def ask(hass: HomeAssistant, name: str, context: Context | None = None, **fields: Any) -> Any:
    llm = spoken_to(context)
    tool = tools(hass, spoken_to())[name]
    result = await tool.async_call(hass, ToolInput(name, fields), llm)
    return result.data["error"] if result.error else [each["text"] for each in result.data["sentences"]]


def allow(hass: HomeAssistant, entry: MockConfigEntry, *, on: bool) -> None:
    hass.config_entries.async_update_entry(entry, options={"assist": on})


async def test_nothing_is_told_until_it_is_allowed(hass: HomeAssistant, hub: MockConfigEntry) -> None:
    assert tools(hass, spoken_to()) == {}
    allow(hass, hub, on=True)
    await hass.async_block_till_done()
    assert set(tools(hass, spoken_to())) == {"wallflower__search_transcripts", "wallflower__recent_speech"}
    assert tools(hass, spoken_to(), "another") == {}
    async_expose_entity(hass, "conversation", "camera.porch", False)
    assert tools(hass, spoken_to()) == {}


async def test_exposed_cameras_are_told_of_and_no_other(
    hass: HomeAssistant, sidecar: FakeSidecar, hub: MockConfigEntry, hass_read_only_user: MockUser
) -> None:
    allow(hass, hub, on=True)
    await hass.async_block_till_done()

    both = ["Long ago, a parcel", "A parcel for you"]
    assert await ask(hass, "wallflower__search_transcripts", words="parcel") == both
    assert await ask(hass, "wallflower__search_transcripts", words="parcel", hours=0.5) == both[1:]
    assert await ask(hass, "wallflower__recent_speech", camera="Porch") == both[1:]
    with pytest.raises(vol.Invalid):
        await ask(hass, "wallflower__recent_speech", camera="Gate")
    reader = Context(user_id=hass_read_only_user.id)
    assert await ask(hass, "wallflower__recent_speech", reader) == both[1:]
    hass_read_only_user.groups = []
    hass_read_only_user.mock_policy({})
    assert await ask(hass, "wallflower__recent_speech", reader) == []
    assert await ask(hass, "wallflower__recent_speech", Context(user_id="gone")) == []
    await sidecar.stop()
    assert await ask(hass, "wallflower__recent_speech") == "The sidecar does not answer"


async def test_assist_is_told_which_cameras_could_not_be_asked(
    hass: HomeAssistant, sidecar: FakeSidecar, other_sidecar: FakeSidecar, hub: MockConfigEntry,
    second_hub: MockConfigEntry,
) -> None:  # fmt: skip
    other_sidecar.segments.append(segment("shed", "A parcel in the shed", age_s=60))
    async_expose_entity(hass, "conversation", "camera.shed", True)
    allow(hass, hub, on=True)
    allow(hass, second_hub, on=True)
    await hass.async_block_till_done()
    await sidecar.stop()
    await eventually(lambda: not hub.runtime_data.last_update_success)

    name = "wallflower__search_transcripts"
    answer = await tools(hass, spoken_to())[name].async_call(hass, ToolInput(name, {"words": "parcel"}), spoken_to())

    assert [each["text"] for each in answer.data["sentences"]] == ["A parcel in the shed"]
    assert answer.data["unreachable_cameras"] == ["Porch"]


@pytest.mark.parametrize("entity_id", ["camera.porch", "sensor.porch_transcript", "camera.front"])
async def test_a_camera_is_exposed_by_its_own_entity_its_transcript_or_the_one_it_borrows(
    hass: HomeAssistant, sidecar: FakeSidecar, set_up: SetUp, entity_id: str
) -> None:
    assert await async_setup_component(hass, "homeassistant", {})
    lender = er.async_get(hass).async_get_or_create("camera", "maker", "front", suggested_object_id="front")
    porch = camera()
    porch["data"] = {key: value for key, value in porch["data"].items() if key != "url"} | {"camera_entity": lender.id}
    entry = await set_up(porch, camera(GATE, "gate", "Gate"))
    allow(hass, entry, on=True)
    await hass.async_block_till_done()
    sidecar.segments.append(segment("porch", "A parcel for you", age_s=60))
    assert tools(hass, spoken_to()) == {}

    async_expose_entity(hass, "conversation", entity_id, True)

    assert await ask(hass, "wallflower__search_transcripts", words="parcel", camera="Porch") == ["A parcel for you"]


async def test_of_a_camera_that_keeps_nothing_assist_knows_nothing(
    hass: HomeAssistant, sidecar: FakeSidecar, set_up: SetUp
) -> None:
    assert await async_setup_component(hass, "homeassistant", {})
    sidecar.segments += [segment(each, "Kept before", age_s=60) for each in ("porch", "gate")]
    entry = await set_up(camera(store="nothing"), camera(GATE, "gate", "Gate", store="keywords"))
    allow(hass, entry, on=True)
    await hass.async_block_till_done()
    async_expose_entity(hass, "conversation", "sensor.porch_transcript", True)
    assert tools(hass, spoken_to()) == {}

    async_expose_entity(hass, "conversation", "sensor.gate_transcript", True)

    assert await ask(hass, "wallflower__search_transcripts", words="Kept") == ["Kept before"]

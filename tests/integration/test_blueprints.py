"""The blueprints, each run: a keyword is spoken, or a day is over, and what was chosen is done."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from pathlib import Path
from typing import Any, override

from homeassistant.components.ai_task import AITaskEntity, AITaskEntityFeature, GenDataTask, GenDataTaskResult
from homeassistant.components.ai_task.const import DATA_COMPONENT
from homeassistant.components.conversation import ChatLog
from homeassistant.core import HomeAssistant, ServiceCall
from homeassistant.helpers import device_registry as dr
from homeassistant.setup import async_setup_component
from homeassistant.util import dt as dt_util
from homeassistant.util.yaml import parse_yaml
import pytest
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    async_fire_time_changed,
    async_mock_service,
)

from custom_components.wallflower.const import DOMAIN
from tests.support.waiting import eventually

from .conftest import PORCH, SetUp
from .fake_sidecar import JPEG, FakeSidecar, hit, segment
from .happenings import caught_up, listening

BLUEPRINTS = Path(__file__).parents[2] / "blueprints" / "automation" / "wallflower"

type Automate = Callable[..., Awaitable[None]]


@pytest.fixture
def expected_lingering_timers() -> bool:
    """Home Assistant looks for scripts that still run a minute after it stopped."""
    return True


@pytest.fixture
async def automate(
    hass: HomeAssistant, sidecar: FakeSidecar, set_up: SetUp, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Automate:
    """Makes an automation of a blueprint as it lies in the repository."""
    hass.config.config_dir = str(tmp_path)
    folder = tmp_path / "blueprints" / "automation"
    folder.mkdir(parents=True)
    (folder / DOMAIN).symlink_to(BLUEPRINTS)
    await set_up()
    await listening(sidecar)

    async def run(blueprint: str, **answers: Any) -> None:
        use = {"path": f"{DOMAIN}/{blueprint}.yaml", "input": answers}
        assert await async_setup_component(hass, "automation", {"automation": {"use_blueprint": use}})
        await hass.async_block_till_done()
        assert hass.states.async_entity_ids("automation"), "the blueprint was refused"
        assert hass.states.get(hass.states.async_entity_ids("automation")[0]).state == "on"

    return run


def porch(hass: HomeAssistant) -> str:
    """The device, which is there though a camera's own entity may be disabled."""
    [entry] = hass.config_entries.async_entries(DOMAIN)
    device = dr.async_get(hass).async_get_device_by_identifier((DOMAIN, PORCH), entry.entry_id)
    assert device
    assert (device.manufacturer, device.model) == ("Wallflower", "Camera"), "what is offered to choose from"
    return device.id


async def spoken(hass: HomeAssistant, sidecar: FakeSidecar, *hits: dict[str, Any]) -> None:
    for each in hits:
        sidecar.publish("keyword.detected", each)
    await caught_up(hass, sidecar)
    await hass.async_block_till_done()


def told(calls: list[ServiceCall]) -> list[tuple[Any, Any]]:
    return [(call.data["title"], call.data["message"]) for call in calls]


async def test_a_word_for_help_rings_the_phones(hass: HomeAssistant, sidecar: FakeSidecar, automate: Automate) -> None:
    app = MockConfigEntry(domain="mobile_app")
    app.add_to_hass(hass)
    phone = dr.async_get(hass).async_get_or_create(
        config_entry_id=app.entry_id, identifiers={("mobile_app", "1")}, name="Anna's Phone"
    )
    rung = async_mock_service(hass, "notify", "mobile_app_anna_s_phone")
    await automate("help_rings_phones", cameras=[porch(hass)], keywords=["help"], phones=[phone.id], min_confidence=0.5)

    await spoken(
        hass,
        sidecar,
        hit("porch", "help", "now"),
        hit("porch", "help", "old", age_s=60),
        hit("porch", "help", "unsure", confidence=0.3),
        hit("porch", "good morning", "other"),
    )

    assert told(rung) == [("help: Porch", "somebody said help")]
    assert rung[0].data["data"]["push"]["sound"]["critical"] == 1


async def test_a_courier_is_told_with_a_picture(
    hass: HomeAssistant, sidecar: FakeSidecar, automate: Automate, tmp_path: Path
) -> None:
    hass.config.allowlist_external_dirs = {str(tmp_path)}
    shown = async_mock_service(hass, "persistent_notification", "create")
    await automate("courier_at_the_door", camera=porch(hass), picture_of="camera.porch", folder=str(tmp_path / "www"))

    await spoken(hass, sidecar, hit("porch", "help", "a"))
    await eventually(lambda: shown)

    [picture] = (tmp_path / "www").iterdir()
    assert picture.read_bytes() == JPEG
    assert told(shown) == [("Porch", f"somebody said help\n\n![Porch](/local/{picture.name})")]


async def test_a_child_that_calls_is_heard_at_night_and_once_in_a_while(
    hass: HomeAssistant, sidecar: FakeSidecar, automate: Automate
) -> None:
    lit = async_mock_service(hass, "light", "turn_on")
    now = dt_util.now()
    await automate(
        "child_calls",
        camera=porch(hass),
        keywords=["help"],
        quiet_minutes=0.01,
        after=f"{now:%H}:00:00",
        before=f"{(now.hour + 2) % 24:02}:00:00",
        actions=[
            {"action": "light.turn_on", "data": {"entity_id": "light.hall", "profile": "{{ camera }} {{ keyword }}"}}
        ],
    )

    for each in ("a", "b"):
        sidecar.publish("keyword.detected", hit("porch", "help", each))
    await caught_up(hass, sidecar)
    await eventually(lambda: lit)

    await hass.async_block_till_done()
    assert [call.data["profile"] for call in lit] == ["Porch help"]


class Summary(AITaskEntity):
    """An AI task that repeats what it is given."""

    _attr_name = "Summary"
    _attr_supported_features = AITaskEntityFeature.GENERATE_DATA

    @override
    async def _async_generate_data(self, task: GenDataTask, chat_log: ChatLog) -> GenDataTaskResult:
        return GenDataTaskResult(chat_log.conversation_id, f"{task.name} -> {task.instructions}")


async def test_who_said_what_today_is_summed_up(hass: HomeAssistant, sidecar: FakeSidecar, automate: Automate) -> None:
    assert await async_setup_component(hass, "homeassistant", {})
    assert await async_setup_component(hass, "ai_task", {})
    await hass.data[DATA_COMPONENT].async_add_entities([Summary()])
    shown = async_mock_service(hass, "persistent_notification", "create")
    sidecar.segments += [segment("porch", "Second", age_s=10), segment("porch", "First", age_s=3600)]
    # Setting up takes less than that.
    later = dt_util.now().replace(microsecond=0) + timedelta(minutes=1)
    await automate(
        "who_said_what_today", cameras=[porch(hass)], at=f"{later:%H:%M:%S}", ai_task="ai_task.summary", wish="Sum up."
    )

    async_fire_time_changed(hass, later, fire_all=True)
    await eventually(lambda: shown)

    [(title, digest)] = told(shown)
    assert title == "Who said what"
    asked, *lines = [line for line in digest.splitlines() if line]
    assert asked == "who said what -> Sum up."
    assert [line.partition(": ")[2] for line in lines] == ["First", "Second"]
    assert all(line.startswith("Porch, ") for line in lines)


@pytest.mark.parametrize("path", sorted(BLUEPRINTS.glob("*.yaml")), ids=lambda path: path.stem)
def test_a_blueprint_says_what_it_is_and_what_each_answer_means(path: Path) -> None:
    text = path.read_text()
    blueprint = parse_yaml(text)["blueprint"]
    assert blueprint["name"].startswith("Wallflower: ")
    assert blueprint["source_url"].endswith(f"/main/{path.relative_to(BLUEPRINTS.parents[2])}")
    assert blueprint["homeassistant"]["min_version"] == "2026.10.0"
    for name, each in blueprint["input"].items():
        assert each["name"], name
        assert each["description"], name
        [(kind, config)] = each["selector"].items()
        if name in {"camera", "cameras"}:
            assert (kind, config["filter"]) == ("device", [{"integration": DOMAIN, "model": "Camera"}])
        assert f"!input {name}" in text, name
    assert "max_exceeded: silent" in text

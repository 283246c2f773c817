"""Automations that begin with what was heard, or ask for it."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

from homeassistant.core import HomeAssistant
from homeassistant.helpers import device_registry as dr, entity_registry as er
from homeassistant.helpers.condition import async_from_config, async_validate_condition_config
from homeassistant.helpers.trigger import async_validate_trigger_config
from homeassistant.setup import async_setup_component
import pytest
import voluptuous as vol

from custom_components.wallflower.const import DOMAIN
from custom_components.wallflower.heard import Hit
from custom_components.wallflower.recent_hits import RecentHits
from tests.support.waiting import eventually

from .conftest import GATE, PORCH, SetUp, camera
from .fake_sidecar import FakeSidecar, hit, moment, segment
from .happenings import SPEECH, caught_up, listening

type Fired = list[dict[str, Any]]
type Automate = Callable[..., Awaitable[Fired]]

BOTH = {"entity_id": ["camera.porch", "camera.gate"]}


@pytest.fixture
def expected_lingering_timers() -> bool:
    """Home Assistant looks for scripts that still run a minute after it stopped."""
    return True


@pytest.fixture
async def cameras(hass: HomeAssistant, sidecar: FakeSidecar, set_up: SetUp) -> None:
    """The porch, and a gate of which nothing is kept."""
    await set_up(camera(), camera(GATE, "gate", "Gate", store="nothing"))
    await listening(sidecar)


@pytest.fixture
def automate(hass: HomeAssistant, cameras: None) -> Automate:
    """Makes an automation; returns what it sees of its triggers."""

    async def run(trigger: str, target: dict[str, Any] | None = None, **options: Any) -> Fired:
        fired: Fired = []
        hass.bus.async_listen("automated", lambda event: fired.append(dict(event.data)))
        began = {"trigger": f"{DOMAIN}.{trigger}", "target": target or BOTH}
        config = {
            "trigger": began | ({"options": options} if options else {}),
            "action": {"event": "automated", "event_data": {"seen": "{{ trigger }}"}},
        }
        assert await async_setup_component(hass, "automation", {"automation": config})
        await hass.async_block_till_done()
        return fired

    return run


def seen(fired: Fired, *names: str) -> list[tuple[Any, ...]]:
    return [tuple(each["seen"][name] for name in names) for each in fired]


async def test_a_keyword_triggers_once_however_it_goes_on(
    hass: HomeAssistant, sidecar: FakeSidecar, automate: Automate
) -> None:
    fired = await automate("keyword_spoken")
    sidecar.publish("keyword.detected", hit("porch", "help", "a", state="early"))
    sidecar.publish("keyword.confirmed", hit("porch", "help", "a"))
    sidecar.publish("keyword.detected", hit("porch", "help", "b", state="early"))
    sidecar.publish("keyword.retracted", hit("porch", "help", "b", state="retracted"))
    sidecar.publish("keyword.detected", hit("gate", "good morning", "c"), stored=False)
    await caught_up(hass, sidecar)
    await hass.async_block_till_done()

    assert seen(fired, "camera", "stream", "keyword", "state", "text") == [
        ("Porch", "porch", "help", "early", "somebody said help"),
        ("Porch", "porch", "help", "early", "somebody said help"),
        ("Gate", "gate", "good morning", "confirmed", None),
    ]
    assert fired[0]["seen"]["description"] == "keyword spoken on Porch"


async def test_a_keyword_is_chosen_by_name_and_confidence_and_old_ones_are_left(
    hass: HomeAssistant, sidecar: FakeSidecar, automate: Automate
) -> None:
    fired = await automate("keyword_spoken", keywords=["Help"], min_confidence=0.5)
    for name, hit_id, fields in (
        ("good morning", "other", {}),
        ("help", "unsure", {"confidence": 0.4}),
        ("help", "old", {"age_s": 60}),
        ("help", "right", {}),
    ):
        sidecar.publish("keyword.detected", hit("porch", name, hit_id, segment=hit_id, **fields))
    await caught_up(hass, sidecar)
    await hass.async_block_till_done()

    assert seen(fired, "segment", "late") == [("right", False)]


async def test_late_ones_trigger_where_they_are_wanted(
    hass: HomeAssistant, sidecar: FakeSidecar, automate: Automate
) -> None:
    fired = await automate("keyword_spoken", late=True)
    sidecar.publish("keyword.detected", hit("porch", "help", "old", age_s=60))
    await caught_up(hass, sidecar)
    await hass.async_block_till_done()

    assert seen(fired, "keyword", "late") == [("help", True)]


async def test_a_sentence_triggers_if_it_contains_what_is_asked_for(
    hass: HomeAssistant, sidecar: FakeSidecar, automate: Automate
) -> None:
    fired = await automate("utterance", contains=["Parcel", "straße"])
    for stream, text in (
        ("porch", "A PARCEL for you"),
        ("porch", "nothing"),
        ("gate", "Die STRASSE"),
        ("attic", "parcel"),
    ):
        sidecar.publish("transcript.final", segment(stream, text), stored=stream != "gate")
    await caught_up(hass, sidecar)
    await hass.async_block_till_done()

    assert seen(fired, "camera", "text", "segment") == [
        ("Porch", "A PARCEL for you", "segment-A PARCEL for you"),
        ("Gate", None, "segment-Die STRASSE"),
    ]


@pytest.mark.parametrize("kind", ["entity_id", "device_id", "area_id"])
async def test_a_target_is_what_it_is_at_that_moment(
    hass: HomeAssistant, sidecar: FakeSidecar, automate: Automate, kind: str
) -> None:
    [entry] = hass.config_entries.async_entries(DOMAIN)
    devices = dr.async_get(hass)
    porch = devices.async_get_device_by_identifier((DOMAIN, PORCH), entry.entry_id)
    assert porch
    target = {"entity_id": "sensor.porch_transcript", "device_id": porch.id, "area_id": "terrace"}[kind]
    fired = await automate("utterance", {kind: [target]})
    devices.async_update_device(porch.id, area_id="terrace")
    er.async_get(hass).async_update_entity("sensor.porch_transcript", new_entity_id="sensor.porch_words")
    er.async_get(hass).async_update_entity("sensor.porch_words", new_entity_id="sensor.porch_transcript")
    # Setting up anew must not end it.
    await hass.config_entries.async_reload(entry.entry_id)
    await listening(sidecar)
    sidecar.publish("transcript.final", segment("gate", "not here"), stored=False)
    sidecar.publish("transcript.final", segment("porch", "here"))
    # Home Assistant may let runs of one automation overtake each other.
    await eventually(lambda: fired)
    await caught_up(hass, sidecar)
    await eventually(lambda: len(fired) == 2)

    assert seen(fired, "text") == [("here",), ("the end",)]


@pytest.mark.parametrize(
    ("trigger", "options"),
    [
        ("keyword_spoken", {"min_confidence": 2}),
        ("keyword_spoken", {"contains": "x"}),
        ("utterance", {"late": "maybe"}),
    ],
)
async def test_a_wrong_option_of_a_trigger_is_refused(
    hass: HomeAssistant, cameras: None, trigger: str, options: dict[str, Any]
) -> None:
    with pytest.raises(vol.Invalid):
        await async_validate_trigger_config(
            hass, [{"platform": f"{DOMAIN}.{trigger}", "target": BOTH, "options": options}]
        )


async def holds(hass: HomeAssistant, condition: str, target: dict[str, Any] | None = None, **options: Any) -> bool:
    config = {"condition": f"{DOMAIN}.{condition}", "target": target or BOTH, "options": options}
    checker = await async_from_config(hass, await async_validate_condition_config(hass, config))
    try:
        return bool(checker.async_check())
    finally:
        checker.async_unload()


async def test_somebody_speaks_at_one_of_the_cameras(hass: HomeAssistant, sidecar: FakeSidecar, cameras: None) -> None:
    assert not await holds(hass, "is_speaking")
    sidecar.publish("speech.started", {"stream": "porch", "utterance": "u", "at": moment()})
    await eventually(lambda: hass.states.get(SPEECH).state == "on")

    assert await holds(hass, "is_speaking")
    assert not await holds(hass, "is_speaking", {"entity_id": "camera.gate"})
    await sidecar.stop()
    await eventually(lambda: hass.states.get(SPEECH).state == "unavailable")
    assert not await holds(hass, "is_speaking")


async def test_a_keyword_was_spoken_lately(hass: HomeAssistant, sidecar: FakeSidecar, cameras: None) -> None:
    recently = {"within": {"minutes": 1}}
    assert not await holds(hass, "keyword_spoken_recently", **recently)
    sidecar.publish("keyword.detected", hit("porch", "help", "a", age_s=30))
    sidecar.publish("keyword.detected", hit("porch", "good morning", "b", age_s=90))
    await caught_up(hass, sidecar)

    async def each() -> list[bool]:
        return [
            await holds(hass, "keyword_spoken_recently", **recently),
            await holds(hass, "keyword_spoken_recently", **recently, keywords=["Help", "fire"]),
            await holds(hass, "keyword_spoken_recently", **recently, keywords="good morning"),
            await holds(hass, "keyword_spoken_recently", {"entity_id": "camera.gate"}, **recently),
            await holds(hass, "keyword_spoken_recently", within={"seconds": 10}),
        ]

    assert await each() == [True, True, False, False, False]
    # The sidecar remembers it for a Home Assistant that starts anew.
    await hass.config_entries.async_reload(hass.config_entries.async_entries(DOMAIN)[0].entry_id)
    assert await each() == [True, True, False, False, False]
    with pytest.raises(vol.Invalid):
        await holds(hass, "keyword_spoken_recently", within={"days": 2})


def test_a_hit_that_is_taken_back_or_a_day_old_is_forgotten(freezer: Any) -> None:
    first, second = (Hit.from_document(hit("porch", "help", each, age_s=age)) for each, age in (("a", 0), ("b", 10)))
    recent = RecentHits([first, second])
    assert recent.has("porch", (), first.start)
    recent.note(Hit.from_document(hit("porch", "help", "a", state="retracted")))
    assert not recent.has("porch", (), first.start)
    assert recent.has("porch", (), second.start)
    freezer.tick(timedelta(days=1))
    recent.note(Hit.from_document(hit("porch", "other", "c")))
    assert not recent.has("porch", ["help"], second.start)
    recent.forget("porch")
    assert not recent.has("porch", (), second.start)

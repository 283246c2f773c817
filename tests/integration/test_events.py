"""What the sidecar tells becomes states and events."""

from homeassistant.components.event import EventEntity
from homeassistant.const import EVENT_STATE_CHANGED
from homeassistant.core import HomeAssistant
import pytest
from pytest_homeassistant_custom_component.common import async_capture_events

from custom_components.wallflower.heard_events import take_back
from custom_components.wallflower.heard_sensors import shortened
from tests.support.waiting import eventually

from .conftest import PORCH, SetUp, camera
from .fake_sidecar import FakeSidecar, hit, moment, segment
from .happenings import KEYWORD, SPEECH, TRANSCRIPT, caught_up, keyword_states, listening, stored


async def test_a_sentence_becomes_the_transcripts_state(
    hass: HomeAssistant, sidecar: FakeSidecar, set_up: SetUp
) -> None:
    await set_up()
    await listening(sidecar)
    said = segment("porch", "good evening everybody")

    sidecar.publish("transcript.final", said)

    await eventually(lambda: hass.states.get(TRANSCRIPT).state == "good evening everybody")
    attributes = hass.states.get(TRANSCRIPT).attributes
    assert attributes["text"] == "good evening everybody"
    assert attributes["language"] == "en"
    assert attributes["confidence"] == 0.9
    assert attributes["segment"] == said["id"]
    assert attributes["start"] == said["start"].replace("Z", "+00:00")


async def test_a_long_sentence_is_cut_to_what_a_state_holds_and_whole_in_the_attribute(
    hass: HomeAssistant, sidecar: FakeSidecar, set_up: SetUp
) -> None:
    await set_up()
    await listening(sidecar)
    text = "words " * 80

    sidecar.publish("transcript.final", segment("porch", text))

    await eventually(lambda: hass.states.get(TRANSCRIPT).attributes.get("text") == text)
    assert hass.states.get(TRANSCRIPT).state == "words " * 41 + "words…"


@pytest.mark.parametrize(
    ("text", "cut"),
    [
        ("a" * 255, "a" * 255),
        ("a" * 256, "a" * 254 + "…"),
        ("a" * 254 + " b", "a" * 254 + "…"),
        ("a" * 255 + " b", "a" * 254 + "…"),
        ("a" * 250 + " bbbbbb", "a" * 250 + "…"),
        ("a " + "字" * 300, "a " + "字" * 252 + "…"),
    ],
)
def test_a_state_ends_with_a_whole_word(text: str, cut: str) -> None:
    assert shortened(text) == cut
    assert len(cut) <= 255


def telling(hass: HomeAssistant) -> set[str]:
    """The entities that show what was said."""
    return {state.entity_id for state in hass.states.async_all() if "secret" in str(state.as_dict())}


@pytest.mark.usefixtures("all_enabled")
@pytest.mark.parametrize(("policy", "left"), [("text", None), ("keywords", {KEYWORD}), ("nothing", set())])
@pytest.mark.parametrize("here", [True, False], ids=["here", "at the sidecar"])
async def test_what_is_not_to_be_kept_any_more_is_shown_no_more(
    hass: HomeAssistant, sidecar: FakeSidecar, set_up: SetUp, policy: str, left: set[str] | None, here: bool
) -> None:
    entry = await set_up()
    await listening(sidecar)
    sidecar.publish("transcript.final", segment("porch", "a secret", id="s1"))
    sidecar.publish("keyword.detected", hit("porch", "help", "hit-1", text="a secret help"))
    shown = {TRANSCRIPT, KEYWORD, "event.porch_utterance"}
    await eventually(lambda: telling(hass) == shown)

    if here:
        subentry = entry.subentries[PORCH]
        hass.config_entries.async_update_subentry(entry, subentry, data={**subentry.data, "store": policy})
        await hass.async_block_till_done()
    else:
        sidecar.streams["porch"]["store"] = policy
        sidecar.publish("stream.changed", sidecar.streams["porch"])
        await eventually(lambda: entry.runtime_data.data.streams["porch"].store == policy)

    assert telling(hass) == (shown if left is None else left)
    assert hass.states.get("sensor.porch_last_keyword").state == "help"


def test_home_assistants_event_entity_can_be_taken_back() -> None:
    event = EventEntity()
    event._attr_event_types = ["utterance"]
    untouched = {"event_types": event.event_types, **vars(event)}
    event._trigger_event("utterance", {"text": "a secret"})
    assert event.state

    take_back(event)

    assert vars(event) == untouched
    assert (event.state, event.state_attributes) == (None, {"event_type": None})
    assert event.extra_restore_state_data.as_dict() == {"last_event_type": None, "last_event_attributes": None}


@pytest.mark.parametrize("policy", ["keywords", "nothing"])
async def test_where_not_everything_may_be_kept_the_transcript_has_no_text(
    hass: HomeAssistant, sidecar: FakeSidecar, set_up: SetUp, policy: str
) -> None:
    await set_up(camera(store=policy))
    await listening(sidecar)

    sidecar.publish("transcript.final", segment("porch", "a secret", id=None), stored=policy != "nothing")

    await eventually(lambda: "start" in hass.states.get(TRANSCRIPT).attributes)
    state = hass.states.get(TRANSCRIPT)
    assert state.state == "unknown"
    assert state.attributes["text"] is None
    assert "a secret" not in str(hass.states.async_all())


async def test_the_last_sentence_is_there_after_a_start(
    hass: HomeAssistant, sidecar: FakeSidecar, set_up: SetUp
) -> None:
    sidecar.add_stream("porch")
    sidecar.publish("transcript.final", segment("porch", "said before"))

    await set_up()

    assert hass.states.get(TRANSCRIPT).state == "said before"


async def test_speech_switches_the_sensor(hass: HomeAssistant, sidecar: FakeSidecar, set_up: SetUp) -> None:
    await set_up()
    await listening(sidecar)
    assert hass.states.get(SPEECH).state == "off"

    sidecar.publish("speech.started", {"stream": "porch", "utterance": "u", "at": moment()})
    await eventually(lambda: hass.states.get(SPEECH).state == "on")

    sidecar.publish("speech.started", {"stream": "unheard-of", "utterance": "v", "at": moment()})
    sidecar.publish("speech.ended", {"stream": "porch", "utterance": "u", "at": moment()})
    await eventually(lambda: hass.states.get(SPEECH).state == "off")


async def test_a_hit_fires_the_rules_event_with_everything_known_and_is_written_down(
    hass: HomeAssistant, hass_storage: dict, sidecar: FakeSidecar, set_up: SetUp
) -> None:
    entry = await set_up()
    await listening(sidecar)
    assert hass.states.get(KEYWORD).attributes["event_types"] == ["help", "good morning", "retracted"]
    said = hit("porch", "good morning", "hit-1", speaker={"id": "s1", "name": "Ann"})

    number = sidecar.publish("keyword.detected", said)

    await eventually(lambda: hass.states.get(KEYWORD).attributes["event_type"] == "good morning")
    attributes = hass.states.get(KEYWORD).attributes
    assert {name: attributes[name] for name in ("hit_id", "rule", "phrase", "text", "confidence", "speaker")} == {
        "hit_id": "hit-1",
        "rule": "good_morning",
        "phrase": "good morning",
        "text": "somebody said good morning",
        "confidence": 0.8,
        "speaker": "Ann",
    }
    assert attributes["start"] == said["start"].replace("Z", "+00:00")
    assert attributes["end"] == said["end"].replace("Z", "+00:00")
    assert attributes["segment"] == "segment-1"
    assert attributes["state"] == "confirmed"
    assert attributes["late"] is False
    assert attributes["source"] == "speech"
    await eventually(lambda: stored(hass_storage, entry)["last_event_id"] == number)


async def test_a_hit_without_a_text_that_may_be_kept_tells_only_the_keyword(
    hass: HomeAssistant, sidecar: FakeSidecar, set_up: SetUp
) -> None:
    await set_up(camera(store="nothing"))
    await listening(sidecar)

    sidecar.publish("keyword.detected", hit("porch", "help", "hit-1", segment=None), stored=False)

    await eventually(lambda: hass.states.get(KEYWORD).attributes["event_type"] == "help")
    assert hass.states.get(KEYWORD).attributes["text"] is None


async def test_a_simulated_hit_fires_and_says_so(hass: HomeAssistant, sidecar: FakeSidecar, set_up: SetUp) -> None:
    await set_up()
    await listening(sidecar)

    sidecar.publish("keyword.detected", hit("porch", "help", "hit-1", source="simulated"))

    await eventually(lambda: hass.states.get(KEYWORD).attributes["event_type"] == "help")
    assert hass.states.get(KEYWORD).attributes["source"] == "simulated"


async def test_an_early_hit_that_is_confirmed_fires_once(
    hass: HomeAssistant, sidecar: FakeSidecar, set_up: SetUp
) -> None:
    await set_up()
    await listening(sidecar)
    changes = async_capture_events(hass, EVENT_STATE_CHANGED)

    sidecar.publish("keyword.detected", hit("porch", "help", "hit-1", state="early", segment=None))
    sidecar.publish("keyword.confirmed", hit("porch", "help", "hit-1"))
    await caught_up(hass, sidecar)

    assert [state.attributes["state"] for state in keyword_states(changes)] == ["early"]


async def test_an_early_hit_that_is_taken_back_fires_once_more_as_retracted(
    hass: HomeAssistant, sidecar: FakeSidecar, set_up: SetUp
) -> None:
    await set_up()
    await listening(sidecar)
    changes = async_capture_events(hass, EVENT_STATE_CHANGED)

    sidecar.publish("keyword.detected", hit("porch", "help", "hit-1", state="early", segment=None))
    for _ in range(2):
        sidecar.publish("keyword.retracted", hit("porch", "help", "hit-1", state="retracted", segment=None))
    sidecar.publish("keyword.retracted", hit("porch", "help", "never-heard-of", state="retracted"))
    await caught_up(hass, sidecar)

    fired = keyword_states(changes)
    assert [state.attributes["event_type"] for state in fired] == ["help", "retracted"]
    assert fired[1].attributes["hit_id"] == "hit-1"
    assert fired[1].attributes["state"] == "retracted"


async def test_a_confirmation_whose_early_hit_was_never_seen_fires(
    hass: HomeAssistant, sidecar: FakeSidecar, set_up: SetUp
) -> None:
    await set_up()
    await listening(sidecar)

    sidecar.publish("keyword.confirmed", hit("porch", "help", "hit-1"))

    await eventually(lambda: hass.states.get(KEYWORD).attributes["event_type"] == "help")


async def test_a_rule_that_is_not_configured_here_fires_nothing(
    hass: HomeAssistant, sidecar: FakeSidecar, set_up: SetUp
) -> None:
    await set_up()
    await listening(sidecar)

    sidecar.publish("keyword.detected", hit("porch", "somebody else's", "hit-1"))
    await caught_up(hass, sidecar)

    assert hass.states.get(KEYWORD).state == "unknown"


@pytest.mark.parametrize("data", ["not json", "[]", '{"stream": "porch"}', '{"text": "a secret", "end": 1}'])
async def test_an_event_that_cannot_be_read_is_passed_over_and_told_without_its_content(
    hass: HomeAssistant,
    sidecar: FakeSidecar,
    set_up: SetUp,
    caplog: pytest.LogCaptureFixture,
    data: str,
) -> None:
    await set_up()
    await listening(sidecar)

    sidecar.readers[0].put_nowait(f"id: 1\nevent: transcript.final\ndata: {data}\n\n".encode())
    sidecar.forgotten_up_to = 1
    await caught_up(hass, sidecar)

    assert "Event 1 of type transcript.final cannot be read" in caplog.text
    assert "a secret" not in caplog.text


async def test_partial_transcripts_are_never_asked_for(
    hass: HomeAssistant, sidecar: FakeSidecar, set_up: SetUp
) -> None:
    await set_up()
    await listening(sidecar)

    assert sidecar.asked_types
    assert all("transcript.final" in types and "partial" not in types for types in sidecar.asked_types)


async def test_types_unknown_here_are_ignored(hass: HomeAssistant, sidecar: FakeSidecar, set_up: SetUp) -> None:
    await set_up()
    await listening(sidecar)

    sidecar.publish("something.new", {"stream": "porch"})

    await caught_up(hass, sidecar)

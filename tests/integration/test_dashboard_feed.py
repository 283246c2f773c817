"""What a dashboard is told of what is said, over everything that happens to its hubs, cameras and rights."""

from collections.abc import AsyncIterator, Callable
from typing import Any

from homeassistant.core import HomeAssistant
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry, MockUser

from tests.support.waiting import eventually

from .conftest import GATE, PORCH, SHED, camera, hub as hub_of
from .dashboard import Card, ask, card, restrict
from .fake_sidecar import FakeSidecar, hit, moment, segment

PARTIAL = "transcript.partial"


@pytest.fixture
async def unloaded(hass: HomeAssistant, other_hub: MockConfigEntry) -> AsyncIterator[MockConfigEntry]:
    """The hub of the shed, which nobody has loaded."""
    other_hub.add_to_hass(hass)
    yield other_hub
    if other_hub.state.recoverable:
        await hass.config_entries.async_unload(other_hub.entry_id)


def begin_to_say(sidecar: FakeSidecar, text: str, stream: str = "porch", utterance: str = "u") -> None:
    data = {"stream": stream, "utterance": utterance, "start": moment(1), "text": text}
    sidecar.publish(PARTIAL, data, stored=False)


async def followed(sidecar: FakeSidecar, *streams: str) -> None:
    """Wait until the unfinished sentences of exactly these cameras are fetched."""
    await eventually(lambda: sorted(str(each.stream) for each in sidecar.readers if each.stream) == sorted(streams))


@pytest.mark.usefixtures("both")
async def test_a_sentence_is_told_while_it_grows_and_when_it_is_whole(
    sidecar: FakeSidecar, hass_ws_client: Callable
) -> None:
    porch = await card(hass_ws_client)
    first = [(await porch.client.receive_json())["event"] for _ in range(2)]
    assert [(each["type"], each["camera"], each["connected"]) for each in first] == [
        ("state", PORCH, True), ("state", GATE, True),
    ]  # fmt: skip
    await followed(sidecar, "porch", "gate")

    sidecar.publish("speech.started", {"stream": "porch", "utterance": "u", "at": moment()})
    begin_to_say(sidecar, "help")
    started = await porch.until("partial")
    sidecar.publish(
        "keyword.detected", hit("porch", "help", "h1", state="early", segment=None, speaker={"id": "a", "name": "Ann"})
    )
    said = segment("porch", "help me", utterance="u", speaker={"id": "a", "name": "Ann"})
    sidecar.publish("transcript.final", said)
    sidecar.publish("keyword.confirmed", hit("porch", "help", "h1", segment=said["id"]))
    sidecar.publish("speech.ended", {"stream": "porch", "utterance": "u", "at": moment()})

    seen = started + await porch.until("state", camera=PORCH, speaking=False)
    by_type = {each["type"]: each for each in seen}
    assert by_type["partial"] == {
        "type": "partial", "camera": PORCH, "stream": "porch", "utterance": "u", "text": "help",
        "start": by_type["partial"]["start"],
    }  # fmt: skip
    assert by_type["final"] == {
        "type": "final", "camera": PORCH, "stream": "porch", "utterance": "u", "segment": "segment-help me",
        "text": "help me", "language": "en", "confidence": 0.9, "speaker": "Ann", "source": "speech",
        "start": by_type["final"]["start"], "end": by_type["final"]["end"],
    }  # fmt: skip
    hits = [each for each in seen if each["type"] == "keyword"]
    assert [(each["hit"], each["state"], each["segment"], each["speaker"]) for each in hits] == [
        ("h1", "early", None, "Ann"), ("h1", "confirmed", "segment-help me", None),
    ]  # fmt: skip
    assert [each["speaking"] for each in seen if each["type"] == "state"] == [True, False]
    begin_to_say(sidecar, "overtaken by its own end")
    begin_to_say(sidecar, "next", utterance="v")
    assert (await porch.next("partial"))["text"] == "next"


@pytest.mark.usefixtures("both")
async def test_what_is_taken_back_or_forgotten_is_told(sidecar: FakeSidecar, hass_ws_client: Callable) -> None:
    porch = await card(hass_ws_client, camera=PORCH)
    await followed(sidecar, "porch")
    sidecar.publish("keyword.detected", hit("porch", "help", "h1", state="early", segment=None))
    sidecar.publish("keyword.retracted", hit("porch", "help", "h1", state="retracted", segment=None))
    sidecar.publish("transcript.final", segment("gate", "elsewhere"))
    sidecar.publish("transcript.forgotten", {"stream": "gate", "from": None, "to": None})
    sidecar.publish("transcript.forgotten", {"stream": None, "from": "2026-11-22T07:00:00.000Z", "to": None})

    seen = await porch.until("forgotten")
    assert {each["camera"] for each in seen} == {PORCH}
    assert [each["state"] for each in seen if each["type"] == "keyword"] == ["early", "retracted"]
    assert (seen[-1]["start_time"], seen[-1]["end_time"]) == ("2026-11-22T07:00:00.000+00:00", None)
    assert (await ask(await hass_ws_client(), "forget", camera=PORCH, minutes=1))["recordings"] == 1
    forgotten = await porch.next("forgotten")
    assert forgotten["start_time"] < forgotten["end_time"]


async def test_it_goes_on_over_a_reload_which_disturbs_no_other_hub(
    hass: HomeAssistant,
    sidecar: FakeSidecar,
    other_sidecar: FakeSidecar,
    both: MockConfigEntry,
    unloaded: MockConfigEntry,
    hass_ws_client: Callable,
) -> None:
    assert await hass.config_entries.async_setup(unloaded.entry_id)
    house = await card(hass_ws_client)
    await followed(sidecar, "porch", "gate")
    await followed(other_sidecar, "shed")
    [of_shed] = [each for each in other_sidecar.readers if each.stream]

    await hass.config_entries.async_unload(both.entry_id)
    gone = await house.until("state", camera=GATE, hub_state="not_loaded")
    assert (gone[-1]["connected"], gone[-1]["state"], gone[-1]["listening"]) == (False, None, False)
    await eventually(lambda: not sidecar.readers)
    sidecar.publish("transcript.final", segment("porch", "meanwhile"))
    await hass.config_entries.async_setup(both.entry_id)
    back = await house.until("final")
    assert (back[-1]["text"], back[-1]["camera"]) == ("meanwhile", PORCH)
    assert ("state", PORCH, True) in [(each["type"], each["camera"], each.get("connected")) for each in back]
    await followed(sidecar, "porch", "gate")
    begin_to_say(sidecar, "again")
    assert (await house.next("partial"))["text"] == "again"
    begin_to_say(other_sidecar, "undisturbed", "shed")
    assert (await house.next("partial"))["camera"] == SHED
    assert [each for each in other_sidecar.readers if each.stream] == [of_shed]


async def test_it_begins_when_the_hub_is_loaded(
    hass: HomeAssistant, other_sidecar: FakeSidecar, unloaded: MockConfigEntry, hass_ws_client: Callable
) -> None:
    await other_sidecar.stop()
    await hass.config_entries.async_setup(unloaded.entry_id)
    shed = await card(hass_ws_client, camera=SHED)
    state = await shed.next("state")
    assert (state["hub_state"], state["connected"], state["name"]) == ("setup_retry", False, "Shed")

    await other_sidecar.start()
    await hass.config_entries.async_reload(unloaded.entry_id)
    await shed.next("state", hub_state="loaded", connected=True)
    await followed(other_sidecar, "shed")
    begin_to_say(other_sidecar, "hello", "shed")
    assert (await shed.next("partial"))["text"] == "hello"


@pytest.mark.usefixtures("both", "quick_retries")
async def test_a_connection_that_is_lost_and_comes_back_is_told_with_the_gap_it_left(
    sidecar: FakeSidecar, hass_ws_client: Callable
) -> None:
    porch = await card(hass_ws_client, camera=PORCH)
    await followed(sidecar, "porch")
    sidecar.publish("transcript.final", segment("porch", "before"))
    await porch.next("final")
    await sidecar.stop()
    await porch.next("state", connected=False)
    sidecar.publish("transcript.final", segment("porch", "never told"))
    sidecar.forget_events()
    sidecar.publish("transcript.final", segment("porch", "nor this"))
    sidecar.forget_events()
    await sidecar.start()
    seen = await porch.until("gap")
    assert [each["connected"] for each in seen if each["type"] == "state"][-1] is True
    assert seen[-1]["start_time"] < seen[-1]["end_time"]
    await followed(sidecar, "porch")
    begin_to_say(sidecar, "again")
    assert (await porch.next("partial"))["text"] == "again"


@pytest.mark.usefixtures("both")
async def test_what_is_told_follows_the_rights_of_its_user(
    sidecar: FakeSidecar, hass_admin_user: MockUser, hass_ws_client: Callable
) -> None:
    restrict(hass_admin_user, gate=True)
    house = await card(hass_ws_client)
    await followed(sidecar, "gate")
    for stream in ("porch", "gate"):
        begin_to_say(sidecar, "one", stream)
        sidecar.publish("transcript.final", segment(stream, "one."))
    assert {each["camera"] for each in await house.until("final")} == {GATE}

    restrict(hass_admin_user, porch=True)
    begin_to_say(sidecar, "two", "gate")
    sidecar.publish("transcript.final", segment("gate", "two."))
    assert (await house.next("removed"))["camera"] == GATE
    await followed(sidecar, "porch")
    begin_to_say(sidecar, "three", "porch")
    seen = await house.until("partial")
    assert [(each["type"], each["camera"]) for each in seen] == [("state", PORCH), ("partial", PORCH)]


@pytest.mark.usefixtures("both")
async def test_nothing_is_fetched_any_more_when_it_ends(sidecar: FakeSidecar, hass_ws_client: Callable) -> None:
    first, second = await card(hass_ws_client, camera=PORCH), await card(hass_ws_client)
    await followed(sidecar, "porch", "gate")
    await second.client.close()
    await followed(sidecar, "porch")
    await answer_until(first, type="unsubscribe_events", subscription=1)
    await followed(sidecar)
    assert len(sidecar.readers) == 1


async def answer_until(follower: Card, **command: Any) -> None:
    await follower.client.send_json_auto_id(command)
    while (message := await follower.client.receive_json())["type"] != "result":
        pass
    assert message["success"]


async def test_a_camera_or_hub_that_is_removed_is_told(
    hass: HomeAssistant, sidecar: FakeSidecar, both: MockConfigEntry, hass_ws_client: Callable
) -> None:
    house, gate = await card(hass_ws_client), await card(hass_ws_client, camera=GATE)
    hass.config_entries.async_remove_subentry(both, GATE)
    for each in (house, gate):
        assert (await each.next("removed"))["camera"] == GATE
    await hass.async_block_till_done()
    await followed(sidecar, "porch")
    await hass.config_entries.async_remove(both.entry_id)
    assert (await house.next("removed"))["camera"] == PORCH
    assert await ask(await hass_ws_client(), "transcript/subscribe", camera=PORCH) == "not_found"
    added = hub_of(sidecar, camera())
    added.add_to_hass(hass)
    await hass.config_entries.async_setup(added.entry_id)
    await house.next("state", camera=PORCH, connected=True)
    await hass.config_entries.async_unload(added.entry_id)

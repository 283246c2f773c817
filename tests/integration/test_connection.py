"""What goes wrong on the way to the sidecar and at the camera, and how it comes back."""

from datetime import timedelta
from unittest.mock import patch

from aiohttp import web
from homeassistant.config_entries import SOURCE_REAUTH, ConfigEntryState
from homeassistant.core import HomeAssistant
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry, async_fire_time_changed

from custom_components.wallflower.listener import retry_delay_s
from tests.support.waiting import eventually

from .conftest import SetUp
from .fake_sidecar import BASE, FakeSidecar, hit, moment, problem, segment
from .happenings import listening

HUB = "binary_sensor.wallflower_sidecar"
CAMERA_ENTITIES = (
    "binary_sensor.porch_connection",
    "binary_sensor.porch_speech",
    "camera.porch",
    "event.porch_keyword",
    "sensor.porch_transcript",
    "switch.porch_transcription",
)


def unavailable(hass: HomeAssistant) -> set[str]:
    return {each for each in (HUB, *CAMERA_ENTITIES) if hass.states.get(each).state == "unavailable"}


def reauth_flows(hass: HomeAssistant) -> list:
    return [flow for flow in hass.config_entries.flow.async_progress() if flow["context"]["source"] == SOURCE_REAUTH]


@pytest.mark.usefixtures("quick_retries")
async def test_a_dead_hub_makes_all_but_its_connectivity_unavailable_and_is_told_once(
    hass: HomeAssistant, sidecar: FakeSidecar, set_up: SetUp, caplog: pytest.LogCaptureFixture
) -> None:
    await set_up()
    await listening(sidecar)
    assert unavailable(hass) == set()

    await sidecar.stop()
    await eventually(lambda: hass.states.get(HUB).state == "off")
    assert unavailable(hass) == set(CAMERA_ENTITIES)
    asked = len(sidecar.requests)
    await sidecar.start()
    await eventually(lambda: hass.states.get(HUB).state == "on")

    assert unavailable(hass) == set()
    assert len(sidecar.requests) > asked
    ours = [record for record in caplog.records if "wallflower" in record.name and record.levelname != "DEBUG"]
    assert [record.levelname for record in ours] == ["ERROR", "INFO"]
    assert "Error requesting Wallflower data" in ours[0].message
    assert "Fetching Wallflower data recovered" in ours[1].message


@pytest.mark.usefixtures("quick_retries")
async def test_a_sidecar_that_ends_the_event_stream_is_followed_again(
    hass: HomeAssistant, sidecar: FakeSidecar, set_up: SetUp
) -> None:
    await set_up()
    await listening(sidecar)

    for number in range(3):
        asked = len(sidecar.requested("GET", "info"))
        sidecar.cut()
        await eventually(lambda asked=asked: len(sidecar.requested("GET", "info")) > asked)
        await eventually(lambda: hass.states.get(HUB).state == "on")
        await listening(sidecar)
        text = f"after cut {number}"
        sidecar.publish("transcript.final", segment("porch", text))
        await eventually(lambda text=text: hass.states.get("sensor.porch_transcript").state == text)


async def test_a_dead_camera_takes_only_its_picture_and_speech_away(
    hass: HomeAssistant, sidecar: FakeSidecar, set_up: SetUp
) -> None:
    await set_up()
    await listening(sidecar)
    retry = moment(-30)
    error = {"code": "connection_refused", "message": "The camera refused the connection.", "at": moment()}

    sidecar.set_state("porch", "backoff", error=error, next_retry_at=retry, reconnects=2)

    await eventually(lambda: hass.states.get("binary_sensor.porch_connection").state == "off")
    assert unavailable(hass) == {"camera.porch", "binary_sensor.porch_speech"}
    attributes = hass.states.get("binary_sensor.porch_connection").attributes
    assert attributes["state"] == "backoff"
    assert attributes["error"] == "connection_refused"
    assert attributes["message"] == "The camera refused the connection."
    assert attributes["next_retry_at"].isoformat(timespec="milliseconds") == retry.replace("Z", "+00:00")
    assert attributes["reconnects"] == 2

    sidecar.publish("keyword.detected", hit("porch", "help", "left over"))
    await eventually(lambda: hass.states.get("event.porch_keyword").attributes["event_type"] == "help")
    sidecar.set_state("porch", "streaming", error=None, next_retry_at=None)
    await eventually(lambda: unavailable(hass) == set())


async def test_a_camera_that_works_with_a_fault_stays_available(
    hass: HomeAssistant, sidecar: FakeSidecar, set_up: SetUp
) -> None:
    await set_up()
    await listening(sidecar)

    sidecar.set_state("porch", "degraded", error={"code": "no_video", "message": "No picture.", "at": moment()})

    connection = "binary_sensor.porch_connection"
    await eventually(lambda: hass.states.get(connection).attributes["error"] == "no_video")
    assert hass.states.get(connection).state == "on"
    assert unavailable(hass) == set()

    sidecar.set_state("porch", "degraded", error={"code": "no_audio", "message": "No sound.", "at": moment()})
    await eventually(lambda: unavailable(hass) == {"binary_sensor.porch_speech"})
    assert hass.states.get(connection).state == "on"


async def test_a_stream_that_was_removed_at_the_sidecar_is_unavailable_until_it_is_there_again(
    hass: HomeAssistant, sidecar: FakeSidecar, set_up: SetUp
) -> None:
    await set_up()
    await listening(sidecar)
    stream = sidecar.streams.pop("porch")

    sidecar.publish("stream.removed", {"stream": "porch"})
    await eventually(lambda: unavailable(hass) == set(CAMERA_ENTITIES))

    sidecar.streams["porch"] = stream
    sidecar.publish("stream.changed", stream)
    await eventually(lambda: unavailable(hass) == set())


async def test_a_sidecar_that_is_away_at_the_start_is_tried_again(
    hass: HomeAssistant, sidecar: FakeSidecar, set_up: SetUp
) -> None:
    await sidecar.stop()

    entry = await set_up()

    assert entry.state is ConfigEntryState.SETUP_RETRY
    assert entry.error_reason_translation_key == "cannot_connect"
    await sidecar.start()
    await hass.config_entries.async_reload(entry.entry_id)
    assert entry.state is ConfigEntryState.LOADED


async def test_an_event_stream_that_does_not_begin_as_agreed_is_no_sidecar_to_rely_on(
    hass: HomeAssistant, sidecar: FakeSidecar, set_up: SetUp
) -> None:
    async def ends_at_once(_: web.Request) -> web.Response:
        return web.Response(text=": nothing\n\n", content_type="text/event-stream")

    sidecar.overrides["GET", "events"] = ends_at_once

    entry = await set_up()

    assert entry.state is ConfigEntryState.SETUP_RETRY


@pytest.mark.parametrize(
    ("change", "key"),
    [
        ({"server_id": "server-2"}, "wrong_server"),
        ({"api_version": 2}, "api_too_new"),
        ({"api_version": 0}, "api_too_old"),
    ],
)
async def test_a_sidecar_that_cannot_be_used_is_told_with_its_reason_and_tried_until_it_can(
    hass: HomeAssistant, sidecar: FakeSidecar, set_up: SetUp, change: dict, key: str
) -> None:
    right = dict(sidecar.info)
    sidecar.info.update(change)

    entry = await set_up()

    assert entry.state is ConfigEntryState.SETUP_RETRY
    assert entry.error_reason_translation_key == key
    assert not sidecar.requested("GET", "streams")
    sidecar.info.update(right)
    async_fire_time_changed(hass, dt_util.utcnow() + timedelta(seconds=10))
    await eventually(lambda: entry.state is ConfigEntryState.LOADED)


@pytest.mark.usefixtures("quick_retries")
@pytest.mark.parametrize("token", ["a-secret-token", "another-token"])
async def test_another_sidecar_at_the_address_is_left_alone_until_the_joined_one_is_back(
    hass: HomeAssistant, sidecar: FakeSidecar, set_up: SetUp, token: str
) -> None:
    entry = await set_up()
    await listening(sidecar)
    ours = dict(sidecar.info), sidecar.token
    sidecar.info["server_id"], sidecar.token = "server-2", token
    asked = len(sidecar.requested("PUT")) + len(sidecar.requested("PATCH"))

    sidecar.streams.clear()
    sidecar.cut()

    await eventually(lambda: entry.state is ConfigEntryState.SETUP_RETRY)
    assert entry.error_reason_translation_key == "wrong_server"
    assert reauth_flows(hass) == []
    assert len(sidecar.requested("PUT")) + len(sidecar.requested("PATCH")) == asked
    sidecar.info, sidecar.token = ours
    async_fire_time_changed(hass, dt_util.utcnow() + timedelta(seconds=10))
    await eventually(lambda: entry.state is ConfigEntryState.LOADED)


async def test_a_token_that_is_refused_at_the_start_asks_to_pair_again(
    hass: HomeAssistant, sidecar: FakeSidecar, set_up: SetUp
) -> None:
    sidecar.token = "a-new-token"
    entry = MockConfigEntry(
        domain="wallflower", unique_id="server-1", data={"url": sidecar.url, "token": "an-old-token"}
    )
    entry.add_to_hass(hass)

    await hass.config_entries.async_setup(entry.entry_id)

    assert entry.state is ConfigEntryState.SETUP_ERROR
    assert len(reauth_flows(hass)) == 1


@pytest.mark.usefixtures("quick_retries")
@pytest.mark.parametrize("where", ["events", "streams"])
@pytest.mark.parametrize(("status", "code"), [(401, "unauthorized"), (403, "forbidden")])
async def test_a_token_that_is_refused_later_asks_to_pair_again_and_tries_no_more(
    hass: HomeAssistant, sidecar: FakeSidecar, set_up: SetUp, where: str, status: int, code: str
) -> None:
    entry = await set_up()
    await listening(sidecar)

    async def refuse(_: web.Request) -> web.Response:
        return problem(status, code)

    sidecar.overrides["GET", where] = refuse
    sidecar.cut()

    await eventually(lambda: len(reauth_flows(hass)) == 1)
    await hass.async_block_till_done()
    assert entry.state is ConfigEntryState.LOADED
    assert unavailable(hass) == set(CAMERA_ENTITIES)
    asked = len(sidecar.requested("GET", where))
    await eventually(entry.runtime_data.listener._task.done)
    assert len(sidecar.requested("GET", where)) == asked


@pytest.mark.usefixtures("quick_retries")
async def test_a_state_that_cannot_be_read_keeps_everything_unavailable_until_it_can(
    hass: HomeAssistant, sidecar: FakeSidecar, set_up: SetUp, caplog: pytest.LogCaptureFixture
) -> None:
    await set_up()
    await listening(sidecar)

    async def break_down(_: web.Request) -> web.Response:
        return problem(500, "internal")

    sidecar.overrides["GET", "streams"] = break_down
    sidecar.cut()
    await eventually(lambda: len(sidecar.requested("GET", "streams")) > 4)
    assert unavailable(hass) == set(CAMERA_ENTITIES)

    sidecar.overrides.clear()
    await eventually(lambda: unavailable(hass) == set())
    assert caplog.text.count("Error requesting Wallflower data") == 1


@pytest.mark.usefixtures("quick_retries")
async def test_an_error_of_our_own_is_told_and_the_events_go_on_behind_it(
    hass: HomeAssistant, sidecar: FakeSidecar, set_up: SetUp, caplog: pytest.LogCaptureFixture
) -> None:
    await set_up()
    await listening(sidecar)

    with patch("custom_components.wallflower.heard_events.is_late", side_effect=RuntimeError("ours")):
        sidecar.publish("keyword.detected", hit("porch", "help", "unlucky"))
        await eventually(lambda: "Unexpected error while events were followed" in caplog.text)
    await eventually(lambda: hass.states.get(HUB).state == "on")
    await listening(sidecar)
    sidecar.publish("keyword.detected", hit("porch", "good morning", "lucky"))

    await eventually(lambda: hass.states.get("event.porch_keyword").attributes.get("hit_id") == "lucky")
    assert caplog.text.count("Unexpected error while events were followed") == 1


def test_the_wait_between_tries_doubles_from_a_second_to_a_minute_and_is_never_the_same() -> None:
    for failures, longest in ((0, 1), (1, 2), (3, 8), (5, 32), (6, 60), (1000, 60)):
        waits = {retry_delay_s(failures) for _ in range(50)}
        assert all(longest / 2 <= wait <= longest for wait in waits)
        assert len(waits) > 1


async def test_the_api_is_asked_under_its_own_base_path(sidecar: FakeSidecar, set_up: SetUp) -> None:
    asked: list[str] = []

    async def note(request: web.Request) -> web.Response:
        asked.append(request.path)
        return problem(503, "unavailable")

    sidecar.overrides["GET", "info"] = note

    await set_up()

    assert asked == [f"{BASE}/info"]

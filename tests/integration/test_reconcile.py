"""The sidecar's streams become what the subentries say; whatever else they hold is left alone."""

from aiohttp import web
from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from tests.support.waiting import eventually

from .conftest import GATE, PORCH, PORCH_URL, SetUp, camera, hub, rule
from .fake_sidecar import FakeSidecar, problem

MASKED = "rtsp://viewer:***@camera.test:554/porch"


async def reload(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    await hass.config_entries.async_reload(entry.entry_id)
    await hass.async_block_till_done()


def written(sidecar: FakeSidecar) -> list[tuple[str, str]]:
    return [(method, path) for method, path, _ in sidecar.requests if method in {"PUT", "PATCH", "DELETE"}]


async def test_a_new_camera_is_put_with_the_fields_that_are_ours_and_no_others(
    sidecar: FakeSidecar, set_up: SetUp
) -> None:
    await set_up(camera(retain_days=30))

    [(path, body)] = sidecar.requested("PUT")
    assert path == "streams/porch"
    assert set(body) == {"name", "url", "transport", "keywords", "store", "retain_days"}
    assert body["name"] == "Porch"
    assert body["url"] == PORCH_URL
    assert body["retain_days"] == 30
    assert [each["name"] for each in body["keywords"]] == ["help", "good morning"]


async def test_setting_up_again_writes_nothing(hass: HomeAssistant, sidecar: FakeSidecar, set_up: SetUp) -> None:
    entry = await set_up()
    assert sidecar.streams["porch"]["url"] == MASKED
    sidecar.requests.clear()

    await reload(hass, entry)

    assert written(sidecar) == []


async def test_a_camera_whose_path_the_sidecar_hides_is_written_only_when_it_changed(
    hass: HomeAssistant, sidecar: FakeSidecar, set_up: SetUp
) -> None:
    entry = await set_up(camera(url="rtsps://recorder.test:7441/5nPr7RCmueGTKMP7?enableSrtp"))
    sidecar.streams["porch"]["url"] = "rtsps://recorder.test:7441/***?enableSrtp"
    sidecar.requests.clear()

    await reload(hass, entry)
    assert written(sidecar) == []

    changed = "rtsps://recorder.test:7441/aB3dE5gH7jK9mN1p?enableSrtp"
    subentry = entry.subentries[PORCH]
    hass.config_entries.async_update_subentry(entry, subentry, data={**subentry.data, "url": changed})
    await hass.async_block_till_done()
    assert sidecar.requested("PATCH") == [("streams/porch", {"url": changed})]


async def test_only_what_differs_is_patched_and_the_sidecars_own_fields_never(
    hass: HomeAssistant, sidecar: FakeSidecar, set_up: SetUp
) -> None:
    entry = await set_up()
    sidecar.streams["porch"].update(name="Somebody's", store="nothing", transcribe=False, enabled=False, language="de")
    sidecar.requests.clear()

    await reload(hass, entry)

    assert sidecar.requested("PATCH") == [("streams/porch", {"name": "Porch", "store": "all"})]
    assert not sidecar.requested("PUT")
    assert sidecar.streams["porch"]["transcribe"] is False


async def test_changed_keywords_are_patched_whole(hass: HomeAssistant, sidecar: FakeSidecar, set_up: SetUp) -> None:
    entry = await set_up()
    sidecar.requests.clear()
    subentry = entry.subentries[PORCH]

    hass.config_entries.async_update_subentry(entry, subentry, data={**subentry.data, "keywords": [rule("fire")]})
    await hass.async_block_till_done()

    [(_, body)] = sidecar.requested("PATCH")
    assert [each["name"] for each in body["keywords"]] == ["fire"]
    assert set(body) == {"keywords"}
    assert hass.states.get("event.porch_keyword").attributes["event_types"] == ["fire", "retracted"]


async def test_a_new_password_is_sent_although_the_sidecar_shows_none(
    hass: HomeAssistant, sidecar: FakeSidecar, set_up: SetUp
) -> None:
    entry = await set_up()
    sidecar.requests.clear()
    subentry = entry.subentries[PORCH]
    url = PORCH_URL.replace("pa%20ss", "changed")

    hass.config_entries.async_update_subentry(entry, subentry, data={**subentry.data, "url": url})
    await hass.async_block_till_done()

    assert sidecar.requested("PATCH") == [("streams/porch", {"url": url})]
    assert sidecar.secrets["porch"] == "changed"


async def test_a_camera_that_refuses_its_password_is_sent_it_again(
    hass: HomeAssistant, sidecar: FakeSidecar, set_up: SetUp
) -> None:
    entry = await set_up()
    sidecar.requests.clear()
    sidecar.streams["porch"]["status"]["state"] = "auth_failed"

    await reload(hass, entry)

    assert sidecar.requested("PATCH") == [("streams/porch", {"url": PORCH_URL})]


async def test_an_adopted_camera_keeps_the_sidecars_password_and_is_never_deleted(
    hass: HomeAssistant, sidecar: FakeSidecar, set_up: SetUp
) -> None:
    sidecar.add_stream("porch", name="Porch", url=MASKED, keywords=[rule("help"), rule("good morning")])

    entry = await set_up(camera(url=MASKED))
    assert written(sidecar) == []
    hass.config_entries.async_remove_subentry(entry, PORCH)
    await hass.async_block_till_done()

    assert entry.state is ConfigEntryState.LOADED
    assert written(sidecar) == []
    assert "porch" in sidecar.streams


async def test_a_camera_that_was_removed_here_is_deleted_there_with_its_device_here(
    hass: HomeAssistant, sidecar: FakeSidecar, set_up: SetUp, device_registry, entity_registry
) -> None:
    entry = await set_up(camera(), camera(GATE, "gate", "Gate"))

    hass.config_entries.async_remove_subentry(entry, PORCH)
    await hass.async_block_till_done()

    assert [path for path, _ in sidecar.requested("DELETE")] == ["streams/porch"]
    assert set(sidecar.streams) == {"gate"}
    assert hass.states.get("camera.porch") is None
    assert hass.states.get("camera.gate") is not None
    assert device_registry.async_get_device_by_identifier(("wallflower", PORCH), entry.entry_id) is None


async def test_a_removal_while_the_sidecar_is_away_is_done_when_it_is_back(
    hass: HomeAssistant, sidecar: FakeSidecar, set_up: SetUp
) -> None:
    entry = await set_up(camera(), camera(GATE, "gate", "Gate"))
    await eventually(lambda: len(sidecar.readers) == 1)
    await sidecar.stop()
    await eventually(lambda: hass.states.get("camera.gate").state == "unavailable")

    hass.config_entries.async_remove_subentry(entry, PORCH)
    await hass.async_block_till_done()
    assert entry.state is ConfigEntryState.SETUP_RETRY
    assert "porch" in sidecar.streams

    await sidecar.start()
    await reload(hass, entry)

    assert set(sidecar.streams) == {"gate"}


async def test_a_removal_that_somebody_else_did_first_counts_as_done(
    hass: HomeAssistant, hass_storage: dict, sidecar: FakeSidecar, set_up: SetUp
) -> None:
    entry = await set_up(camera(), camera(GATE, "gate", "Gate"))
    del sidecar.streams["porch"]

    hass.config_entries.async_remove_subentry(entry, PORCH)
    await hass.async_block_till_done()

    assert entry.state is ConfigEntryState.LOADED
    assert hass_storage[f"wallflower.{entry.entry_id}"]["data"]["created"] == ["gate"]


async def test_a_stream_whose_answer_was_lost_is_known_to_be_ours(
    hass: HomeAssistant, sidecar: FakeSidecar, set_up: SetUp
) -> None:
    async def lose_the_answer(request: web.Request) -> web.Response:
        sidecar._apply(sidecar.add_stream("porch"), await request.json())
        request.transport.abort()
        return web.Response()

    sidecar.overrides["PUT", "streams/porch"] = lose_the_answer
    entry = await set_up()
    assert entry.state is ConfigEntryState.SETUP_RETRY
    sidecar.overrides.clear()
    await reload(hass, entry)
    assert entry.state is ConfigEntryState.LOADED

    hass.config_entries.async_remove_subentry(entry, PORCH)
    await hass.async_block_till_done()

    assert sidecar.streams == {}


async def test_a_stream_that_somebody_put_there_meanwhile_is_not_ours(
    hass: HomeAssistant, hass_storage: dict, sidecar: FakeSidecar, set_up: SetUp
) -> None:
    async def was_there_already(request: web.Request) -> web.Response:
        sidecar.add_stream("porch")
        return await sidecar._put_stream(request)

    def put(request: web.Request):
        request.match_info["id"] = "porch"
        return was_there_already(request)

    sidecar.overrides["PUT", "streams/porch"] = put

    entry = await set_up()

    assert hass_storage[f"wallflower.{entry.entry_id}"]["data"]["created"] == []


async def test_a_camera_that_the_sidecar_refuses_is_named_and_the_others_work(
    hass: HomeAssistant, sidecar: FakeSidecar, set_up: SetUp, caplog: pytest.LogCaptureFixture
) -> None:
    async def refuse(_: web.Request) -> web.Response:
        return problem(422, "invalid", errors=[{"path": "keywords[0].phrases", "message": "Not this one."}])

    sidecar.overrides["PUT", "streams/porch"] = refuse

    entry = await set_up(camera(), camera(GATE, "gate", "Gate"))

    assert entry.state is ConfigEntryState.LOADED
    assert "refuses the camera porch: invalid (keywords[0].phrases)" in caplog.text
    assert "pa%20ss" not in caplog.text
    assert hass.states.get("camera.porch").state == "unavailable"
    assert hass.states.get("camera.gate").state == "idle"
    connection = hass.states.get("binary_sensor.porch_connection")
    assert connection.state == "unavailable"


async def test_a_sidecar_in_trouble_is_tried_again_as_a_whole(sidecar: FakeSidecar, set_up: SetUp) -> None:
    async def break_down(_: web.Request) -> web.Response:
        return problem(503, "unavailable")

    sidecar.overrides["PUT", "streams/porch"] = break_down

    entry = await set_up()

    assert entry.state is ConfigEntryState.SETUP_RETRY


async def test_removing_the_hub_makes_the_sidecar_stop_listening_to_its_cameras(
    hass: HomeAssistant, hass_storage: dict, sidecar: FakeSidecar, set_up: SetUp
) -> None:
    sidecar.add_stream("somebodys")
    entry = await set_up(camera(), camera(GATE, "gate", "Gate"))
    del sidecar.streams["gate"]

    await hass.config_entries.async_remove(entry.entry_id)

    assert set(sidecar.streams) == {"somebodys"}
    assert f"wallflower.{entry.entry_id}" not in hass_storage


async def test_removing_the_hub_while_the_sidecar_is_away_says_what_could_not_be_done(
    hass: HomeAssistant, sidecar: FakeSidecar, set_up: SetUp, caplog: pytest.LogCaptureFixture
) -> None:
    entry = await set_up()
    await sidecar.stop()

    await hass.config_entries.async_remove(entry.entry_id)

    assert "could not be told to forget its cameras" in caplog.text


async def test_a_hub_that_was_never_set_up_can_be_removed(hass: HomeAssistant, sidecar: FakeSidecar) -> None:
    entry = hub(sidecar)
    entry.add_to_hass(hass)

    await hass.config_entries.async_remove(entry.entry_id)

    assert sidecar.requests == []

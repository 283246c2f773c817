"""What can go wrong while a camera is tried, and what a person can do about it."""

import asyncio

from aiohttp import web
from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.wallflower import client
from tests.support.waiting import eventually

from .conftest import PORCH
from .fake_sidecar import FakeSidecar, Handler, problem
from .subentry_steps import BOTH, URL, added, answer, change, choose, start, suggested


async def test_a_camera_that_cannot_be_reached_can_be_tried_again(
    hass: HomeAssistant, sidecar: FakeSidecar, entry: MockConfigEntry
) -> None:
    failed = await answer(hass, await start(hass, entry), name="Gate", url=URL)
    assert (failed["type"], failed["step_id"]) == (FlowResultType.MENU, "failed")
    assert failed["menu_options"] == ["probe", "camera", "add_anyway"]
    assert failed["description_placeholders"]["error"] == "The camera refused the connection."
    assert added(entry) == []

    sidecar.cameras[URL] = BOTH
    found = await choose(hass, failed, "probe")

    assert found["step_id"] == "found"
    assert (await answer(hass, found))["type"] is FlowResultType.CREATE_ENTRY


async def test_a_camera_that_cannot_be_reached_can_be_given_another_address(
    hass: HomeAssistant, sidecar: FakeSidecar, entry: MockConfigEntry
) -> None:
    sidecar.cameras[URL] = BOTH
    failed = await answer(hass, await start(hass, entry), name="Gate", url=f"{URL}/wrong", keywords=["fire"])

    form = await choose(hass, failed, "camera")
    assert form["step_id"] == "user"
    assert suggested(form) == {"name": "Gate", "url": f"{URL}/wrong", "keywords": ["fire"], "store": "all"}
    found = await answer(hass, form, name="Gate", url=URL, keywords=["fire"])

    assert (await answer(hass, found))["type"] is FlowResultType.CREATE_ENTRY
    assert added(entry)[0].data["url"] == URL


async def test_a_camera_that_cannot_be_reached_can_be_added_on_purpose(
    hass: HomeAssistant, sidecar: FakeSidecar, entry: MockConfigEntry
) -> None:
    failed = await answer(hass, await start(hass, entry), name="Gate", url=URL)

    result = await choose(hass, failed, "add_anyway")

    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert sidecar.streams["gate"]["url"] == URL


async def test_a_sidecar_that_does_not_answer_in_time_leaves_the_same_choice(
    hass: HomeAssistant, sidecar: FakeSidecar, entry: MockConfigEntry, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def hang(request: web.Request) -> web.Response:
        await asyncio.sleep(5)
        return web.Response()

    sidecar.overrides["POST", "probe"] = hang
    assert client.PROBE_TIMEOUT_S == 15
    monkeypatch.setattr(client, "PROBE_TIMEOUT_S", 0.1)

    failed = await answer(hass, await start(hass, entry), name="Gate", url=URL)

    assert failed["step_id"] == "failed"
    assert failed["description_placeholders"]["error"].startswith("The camera did not answer in time.")


async def test_an_answer_without_a_sentence_shows_what_it_is(
    hass: HomeAssistant, sidecar: FakeSidecar, entry: MockConfigEntry
) -> None:
    async def refuse(_: web.Request) -> web.Response:
        return problem(503, "worker_died")

    async def garble(_: web.Request) -> web.Response:
        return web.Response(text="<html>")

    sidecar.overrides["POST", "probe"] = refuse
    failed = await answer(hass, await start(hass, entry), name="Gate", url=URL)
    assert failed["description_placeholders"]["error"] == "worker_died (503)"

    sidecar.overrides["POST", "probe"] = garble
    failed = await choose(hass, failed, "probe")
    assert failed["description_placeholders"]["error"] == "The answer is not JSON"


async def refused(_: web.Request) -> web.Response:
    return problem(422, "auth_failed", "The camera refuses this password.")


async def invalid(_: web.Request) -> web.Response:
    return problem(422, "invalid", errors=[{"path": "url", "message": "The port is none."}])


async def away(request: web.Request) -> web.Response:
    request.transport.abort()
    return web.Response()


@pytest.mark.parametrize(
    ("answered", "sentence"),
    [
        (refused, "The camera refuses this password."),
        (invalid, "The port is none."),
        (away, "The sidecar does not answer. Try again when it is back."),
    ],
)
async def test_what_time_does_not_mend_is_not_kept_anyway(
    hass: HomeAssistant, sidecar: FakeSidecar, entry: MockConfigEntry, answered: Handler, sentence: str
) -> None:
    sidecar.overrides["POST", "probe"] = answered

    failed = await answer(hass, await start(hass, entry), name="Gate", url=URL)

    assert failed["menu_options"] == ["probe", "camera"]
    assert failed["description_placeholders"] == {"name": "Gate", "error": sentence}


async def test_while_a_camera_is_tried_the_flow_can_be_cancelled(
    hass: HomeAssistant, sidecar: FakeSidecar, entry: MockConfigEntry
) -> None:
    gone = asyncio.Event()

    async def hang(request: web.Request) -> web.Response:
        try:
            await asyncio.sleep(5)
        except asyncio.CancelledError:
            gone.set()
            raise
        return web.Response()

    sidecar.overrides["POST", "probe"] = hang
    form = await start(hass, entry)
    progress = await hass.config_entries.subentries.async_configure(form["flow_id"], {"name": "Gate", "url": URL})
    assert progress["type"] is FlowResultType.SHOW_PROGRESS
    assert progress["description_placeholders"] == {"name": "Gate"}
    await eventually(lambda: sidecar.requested("POST", "probe"))
    again = await hass.config_entries.subentries.async_configure(form["flow_id"])
    assert again["type"] is FlowResultType.SHOW_PROGRESS

    hass.config_entries.subentries.async_abort(form["flow_id"])

    await eventually(gone.is_set)
    assert len(sidecar.requested("POST", "probe")) == 1
    assert added(entry) == []


async def test_a_sidecar_that_goes_away_before_the_end_ends_the_flow(
    hass: HomeAssistant, sidecar: FakeSidecar, entry: MockConfigEntry
) -> None:
    sidecar.cameras[URL] = BOTH
    found = await answer(hass, await start(hass, entry), name="Gate", url=URL)
    await sidecar.stop()

    result = await answer(hass, found)

    assert (result["type"], result["reason"]) == (FlowResultType.ABORT, "cannot_connect")
    assert added(entry) == []


async def test_without_a_hub_that_is_loaded_there_is_no_camera_to_add_or_change(
    hass: HomeAssistant, sidecar: FakeSidecar, entry: MockConfigEntry
) -> None:
    form = await start(hass, entry)
    await sidecar.stop()
    await hass.config_entries.async_reload(entry.entry_id)
    assert entry.state is ConfigEntryState.SETUP_RETRY

    for result in (
        await start(hass, entry),
        await entry.start_subentry_reconfigure_flow(hass, PORCH),
        await answer(hass, form, name="Gate", url=URL),
    ):
        assert (result["type"], result["reason"]) == (FlowResultType.ABORT, "entry_not_loaded")


async def test_the_next_camera_can_be_added_while_the_hub_still_reloads(
    hass: HomeAssistant, sidecar: FakeSidecar, entry: MockConfigEntry
) -> None:
    hass.config_entries.async_schedule_reload(entry.entry_id)
    assert entry.state is not ConfigEntryState.LOADED

    form = await start(hass, entry)

    assert (form["type"], form["step_id"]) == (FlowResultType.FORM, "user")


async def test_a_reload_that_does_not_end_is_not_waited_for(
    hass: HomeAssistant, sidecar: FakeSidecar, entry: MockConfigEntry, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("custom_components.wallflower.subentry_flow.RELOAD_TIMEOUT_S", 0.05)
    await hass.config_entries.async_unload(entry.entry_id)

    async with entry.setup_lock:
        result = await start(hass, entry)

    assert result["reason"] == "entry_not_loaded"


async def test_a_hub_that_is_unloaded_while_a_camera_is_tried_ends_the_flow(
    hass: HomeAssistant, sidecar: FakeSidecar, entry: MockConfigEntry
) -> None:
    failed = await answer(hass, await start(hass, entry), name="Gate", url=URL)
    await hass.config_entries.async_unload(entry.entry_id)

    result = await choose(hass, failed, "probe")

    assert (result["type"], result["reason"]) == (FlowResultType.ABORT, "entry_not_loaded")


async def test_a_probe_that_the_sidecar_finds_invalid_says_why(
    hass: HomeAssistant, sidecar: FakeSidecar, entry: MockConfigEntry
) -> None:
    async def refuse(_: web.Request) -> web.Response:
        return problem(422, "invalid", "url: The host or port of the address is not valid.")

    sidecar.overrides["POST", "probe"] = refuse

    failed = await answer(hass, await start(hass, entry), name="Gate", url=URL)

    assert failed["description_placeholders"]["error"] == "url: The host or port of the address is not valid."


async def test_a_camera_that_is_removed_while_it_is_changed_ends_the_flow(
    hass: HomeAssistant, sidecar: FakeSidecar, entry: MockConfigEntry
) -> None:
    sidecar.cameras[URL] = BOTH
    form, menu = await change(hass, entry), await change(hass, entry, "rules")
    found = await answer(hass, await change(hass, entry), name="Porch", url=URL)
    hass.config_entries.async_remove_subentry(entry, PORCH)
    await hass.async_block_till_done()

    for result in (
        await answer(hass, form, name="Porch", url=URL),
        await choose(hass, menu, "save_rules"),
        await answer(hass, found),
    ):
        assert (result["type"], result["reason"]) == (FlowResultType.ABORT, "camera_gone")


async def test_a_hub_that_is_removed_in_the_middle_ends_every_flow(
    hass: HomeAssistant, sidecar: FakeSidecar, entry: MockConfigEntry
) -> None:
    sidecar.cameras[URL] = BOTH
    form, menu = await start(hass, entry), await change(hass, entry, "rules")
    found = await answer(hass, await start(hass, entry), name="Gate", url=URL)
    options = await hass.config_entries.options.async_init(entry.entry_id)
    await hass.config_entries.async_remove(entry.entry_id)

    for result in (
        await answer(hass, form, name="Gate", url=URL),
        await choose(hass, menu, "save_rules"),
        await answer(hass, found),
        await hass.config_entries.options.async_configure(options["flow_id"], {"next_step_id": "house_rules"}),
    ):
        assert (result["type"], result["reason"]) == (FlowResultType.ABORT, "entry_not_loaded")

"""What a person can do something about: raised, mended, gone; and the page on the system's health."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

from aiohttp import web
from homeassistant.core import HomeAssistant
from homeassistant.setup import async_setup_component
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry, get_system_health_info

from custom_components.wallflower.connection import Connection
from custom_components.wallflower.const import DOMAIN
from tests.support.waiting import eventually

from .conftest import GATE, PORCH, SetUp, camera, hub
from .fake_sidecar import FakeSidecar, moment, problem
from .happenings import listening
from .repair_steps import issues, mend, raised_again

NO_MODEL: dict[str, Any] = {"engine": "embedded", "model": "base", "state": "no_model", "progress": None, "lag_s": 0}


def failed(code: str) -> dict[str, Any]:
    return {"error": {"code": code, "message": "A sentence.", "at": moment()}}


@pytest.fixture
async def two(hass: HomeAssistant, sidecar: FakeSidecar, set_up: SetUp) -> MockConfigEntry:
    assert await async_setup_component(hass, "repairs", {})
    entry = await set_up(camera(), camera(GATE, "gate", "Gate"))
    await listening(sidecar)
    assert issues(hass) == {}
    return entry


@pytest.mark.parametrize(
    ("code", "state", "fixable", "placeholders"),
    [
        ("auth_failed", "auth_failed", True, {"name": "Porch"}),
        ("no_audio", "degraded", False, {"name": "Porch"}),
        ("disk_full", "degraded", False, {"cameras": "Porch"}),
    ],
)
async def test_an_issue_lasts_as_long_as_its_cause(
    hass: HomeAssistant,
    sidecar: FakeSidecar,
    two: MockConfigEntry,
    code: str,
    state: str,
    fixable: bool,
    placeholders: dict[str, str],
) -> None:
    sidecar.set_state("porch", state, **failed(code))
    await eventually(lambda: code in issues(hass))
    assert issues(hass)[code].is_fixable is fixable
    assert issues(hass)[code].translation_placeholders == placeholders

    sidecar.set_state("porch", "streaming", error=None)
    await eventually(lambda: not issues(hass))
    sidecar.set_state("gate", state, **failed(code))
    await eventually(lambda: code in issues(hass))
    await hass.config_entries.async_unload(two.entry_id)
    assert issues(hass) == {}


async def test_what_cannot_be_mended_here_is_no_issue(
    hass: HomeAssistant, sidecar: FakeSidecar, two: MockConfigEntry
) -> None:
    sidecar.set_state("porch", "backoff", **failed("connection_refused"))
    sidecar.streams["gate"]["transcribe"] = False
    sidecar.set_state("gate", "streaming", **failed("no_audio"))
    await eventually(lambda: not two.runtime_data.data.streams["gate"].transcribe)
    assert issues(hass) == {}


async def test_a_wrong_password_leads_to_the_cameras_form(
    hass: HomeAssistant, sidecar: FakeSidecar, two: MockConfigEntry, hass_client: Callable
) -> None:
    client = await hass_client()
    sidecar.set_state("porch", "auth_failed", **failed("auth_failed"))
    await eventually(lambda: "auth_failed" in issues(hass))

    result = await mend(client, issues(hass)["auth_failed"])

    assert (result["type"], result["reason"]) == ("abort", "change_camera")
    kind, flow_id = result["next_flow"]
    assert kind == "config_subentries_flow"
    form = hass.config_entries.subentries.async_get(flow_id)
    assert form["context"]["subentry_id"] == PORCH
    assert form["step_id"] == "details"
    hass.config_entries.subentries.async_abort(flow_id)

    issue = issues(hass)["auth_failed"]
    sidecar.cut()
    await sidecar.stop()
    await hass.config_entries.async_unload(two.entry_id)
    raised_again(hass, issue)
    assert (await mend(client, issue))["reason"] == "not_connected"
    hass.config_entries.async_remove_subentry(two, PORCH)
    assert (await mend(client, issue))["reason"] == "camera_gone"


async def test_a_missing_model_is_fetched_when_asked(
    hass: HomeAssistant, sidecar: FakeSidecar, two: MockConfigEntry, hass_client: Callable
) -> None:
    client = await hass_client()
    fetched: list[str] = []

    async def refuse(_: web.Request) -> web.Response:
        return problem(503, "unavailable")

    async def fetch(request: web.Request) -> web.Response:
        fetched.append(request.path)
        return web.Response(status=202)

    sidecar.overrides["POST", "models/base"] = refuse
    sidecar.set_condition(transcriber=NO_MODEL)
    await eventually(lambda: "no_model" in issues(hass))
    form = await mend(client, issues(hass)["no_model"])
    await hass.config_entries.async_unload(two.entry_id)
    assert (await mend(client, None, form))["reason"] == "not_connected"
    await hass.config_entries.async_setup(two.entry_id)
    form = await mend(client, issues(hass)["no_model"])
    assert (form["type"], form["description_placeholders"]) == ("form", {"model": "base"})
    assert (await mend(client, issues(hass)["no_model"], form))["errors"] == {"base": "not_fetched"}
    sidecar.overrides["POST", "models/base"] = fetch
    issue = issues(hass)["no_model"]
    assert (await mend(client, issue, form))["type"] == "create_entry"
    assert fetched == ["/api/v1/models/base"]

    sidecar.set_condition(transcriber=NO_MODEL | {"model": None})
    await eventually(lambda: "no_model_chosen" in issues(hass))
    assert not issues(hass)["no_model_chosen"].is_fixable
    sidecar.set_condition(transcriber=NO_MODEL | {"state": "ready"})
    await eventually(lambda: not issues(hass))


async def test_clocks_that_do_not_agree_are_told(
    hass: HomeAssistant, sidecar: FakeSidecar, two: MockConfigEntry
) -> None:
    async def ahead(_: web.Request) -> web.Response:
        date = format_datetime(datetime.now(UTC) + timedelta(seconds=90), usegmt=True)
        return web.json_response({"items": []}, headers={"Date": date})

    # What is asked for last.
    sidecar.overrides["GET", "keywords/rules"] = ahead
    await two.runtime_data.async_refresh()
    told = issues(hass)["clock_skew"].translation_placeholders
    assert told
    assert 85 < int(told["seconds"]) < 95
    sidecar.overrides.clear()
    await two.runtime_data.async_refresh()
    assert issues(hass) == {}


@pytest.mark.parametrize("date", ["yesterday", "Thu, 22 Nov 1990 07:20:42 -0000"])
async def test_a_clock_that_cannot_be_read_is_none_that_is_wrong(
    hass: HomeAssistant, sidecar: FakeSidecar, two: MockConfigEntry, date: str
) -> None:
    async def unreadable(_: web.Request) -> web.Response:
        return web.json_response({"items": []}, headers={"Date": date})

    sidecar.overrides["GET", "keywords/rules"] = unreadable
    await two.runtime_data.async_refresh()
    assert two.runtime_data.last_update_success
    assert issues(hass) == {}


@pytest.mark.parametrize(("version", "key"), [(0, "api_too_old"), (2, "api_too_new")])
async def test_a_sidecar_of_another_age_is_told_until_it_fits(
    hass: HomeAssistant, sidecar: FakeSidecar, version: int, key: str
) -> None:
    entry = hub(sidecar, camera())
    entry.add_to_hass(hass)
    sidecar.info["api_version"] = version
    await hass.config_entries.async_setup(entry.entry_id)
    assert list(issues(hass)) == [key]

    sidecar.info["api_version"] = 1
    await hass.config_entries.async_reload(entry.entry_id)
    assert issues(hass) == {}
    sidecar.info["api_version"] = version
    await hass.config_entries.async_reload(entry.entry_id)
    await hass.config_entries.async_remove(entry.entry_id)
    assert issues(hass) == {}


async def test_the_systems_health_counts_and_names_nobody(
    hass: HomeAssistant, sidecar: FakeSidecar, two: MockConfigEntry
) -> None:
    assert await async_setup_component(hass, "system_health", {})
    sidecar.set_state("gate", "backoff")
    await eventually(lambda: not two.runtime_data.data.streams["gate"].status.delivers)

    shown = await get_system_health_info(hass, DOMAIN)

    assert await shown.pop("can_reach_sidecar") == "ok"
    assert shown == {
        "sidecars": 1,
        "connected": 1,
        "sidecar_version": "0.1.0",
        "transcriber": "embedded: ready",
        "cameras": 2,
        "cameras_delivering": 1,
    }
    await hass.config_entries.async_unload(two.entry_id)
    assert await get_system_health_info(hass, DOMAIN) == {"sidecars": 1, "connected": 0}


async def test_the_systems_health_says_how_the_sidecar_cannot_be_reached(
    hass: HomeAssistant, sidecar: FakeSidecar, two: MockConfigEntry, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def hang(_: web.Request) -> web.Response:
        await asyncio.Event().wait()
        return web.Response()

    async def reached() -> str:
        answer: dict[str, str] = await (await get_system_health_info(hass, DOMAIN))["can_reach_sidecar"]
        return answer["error"]

    assert await async_setup_component(hass, "system_health", {})
    sidecar.overrides["GET", "info"] = hang
    monkeypatch.setitem(Connection.json.__kwdefaults__, "timeout_s", 0.1)
    assert await reached() == "timeout"
    await sidecar.stop()
    assert await reached() == "unreachable"

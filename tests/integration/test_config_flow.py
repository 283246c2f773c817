"""Joining a sidecar: every fault under its field, and then the way goes on."""

from collections.abc import Callable

from aiohttp import web
from homeassistant.config_entries import ConfigEntryState, FlowType
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
import pytest

from custom_components.wallflower import connection
from tests.support.waiting import eventually

from .conftest import SetUp
from .fake_sidecar import CODE, FakeSidecar
from .hub_steps import Result, answer, refuse, start


async def joined(hass: HomeAssistant, sidecar: FakeSidecar, result: Result) -> None:
    """Complete a flow, whatever went wrong before."""
    sidecar.overrides.clear()
    result = await answer(hass, result, host=sidecar.url, code=CODE)
    assert result["type"] is FlowResultType.CREATE_ENTRY


async def test_a_code_joins_the_sidecar_and_the_first_camera_comes_next(
    hass: HomeAssistant, sidecar: FakeSidecar
) -> None:
    form = await start(hass)
    assert form["type"] is FlowResultType.FORM
    assert form["step_id"] == "user"
    assert form["errors"] == {}
    assert form["description_placeholders"]["default_url"] == "http://127.0.0.1:8953"

    result = await answer(hass, form, host=f"127.0.0.1:{sidecar.port}", code="123 456")

    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert result["title"] == "Wallflower"
    assert result["data"] == {"url": sidecar.url, "token": sidecar.token}
    assert result["result"].unique_id == "server-1"
    assert result["result"].state is ConfigEntryState.LOADED
    kind, flow_id = result["next_flow"]
    assert kind is FlowType.CONFIG_SUBENTRIES_FLOW
    [camera] = hass.config_entries.subentries.async_progress()
    assert (camera["flow_id"], camera["step_id"]) == (flow_id, "user")


async def test_a_second_sidecar_is_told_from_the_first_by_its_host(
    hass: HomeAssistant, sidecar: FakeSidecar, set_up: SetUp
) -> None:
    await set_up()
    sidecar.info["server_id"] = "server-2"

    result = await answer(hass, await start(hass), host=sidecar.url, code=CODE)

    assert result["title"] == "Wallflower (127.0.0.1)"


async def test_a_token_joins_as_well(hass: HomeAssistant, sidecar: FakeSidecar) -> None:
    result = await answer(hass, await start(hass), host=sidecar.url, token=f" {sidecar.token} ")

    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert result["data"]["token"] == sidecar.token
    assert not sidecar.requested("POST", "pair")


async def test_a_sidecar_that_fails_right_after_is_joined_without_a_first_camera(
    hass: HomeAssistant, sidecar: FakeSidecar
) -> None:
    refuse(sidecar, "GET", "streams", 503)

    result = await answer(hass, await start(hass), host=sidecar.url, code=CODE)

    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert result["result"].state is ConfigEntryState.SETUP_RETRY
    assert "next_flow" not in result
    assert hass.config_entries.subentries.async_progress() == []


type Fault = Callable[[FakeSidecar], dict[str, str]]


def bad_address(sidecar: FakeSidecar) -> dict[str, str]:
    return {"host": "ftp://camera.test", "code": CODE}


def nothing_there(sidecar: FakeSidecar) -> dict[str, str]:
    return {"host": "127.0.0.1:1", "code": CODE}


def something_else(sidecar: FakeSidecar) -> dict[str, str]:
    refuse(sidecar, "GET", "info", 404)
    return {"host": sidecar.url, "code": CODE}


def too_new(sidecar: FakeSidecar) -> dict[str, str]:
    sidecar.info["api_version"] = 2
    return {"host": sidecar.url, "code": CODE}


def too_old(sidecar: FakeSidecar) -> dict[str, str]:
    sidecar.info["api_version"] = 0
    return {"host": sidecar.url, "code": CODE}


def neither(sidecar: FakeSidecar) -> dict[str, str]:
    return {"host": sidecar.url, "token": "  "}


def no_digits(sidecar: FakeSidecar) -> dict[str, str]:
    return {"host": sidecar.url, "code": "12345"}


def wrong_code(sidecar: FakeSidecar) -> dict[str, str]:
    return {"host": sidecar.url, "code": "000000"}


def too_many_codes(sidecar: FakeSidecar) -> dict[str, str]:
    refuse(sidecar, "POST", "pair", 429, "rate_limited")
    return {"host": sidecar.url, "code": CODE}


def breaks_while_pairing(sidecar: FakeSidecar) -> dict[str, str]:
    async def abort(request: web.Request) -> web.Response:
        request.transport.abort()
        return web.Response()

    sidecar.overrides["POST", "pair"] = abort
    return {"host": sidecar.url, "code": CODE}


def wrong_token(sidecar: FakeSidecar) -> dict[str, str]:
    return {"host": sidecar.url, "token": "nobody's"}


def reading_token(sidecar: FakeSidecar) -> dict[str, str]:
    return {"host": sidecar.url, "token": sidecar.read_only_token}


def too_many_tokens(sidecar: FakeSidecar) -> dict[str, str]:
    refuse(sidecar, "POST", "probe", 429, "rate_limited")
    return {"host": sidecar.url, "token": "nobody's"}


@pytest.mark.parametrize(
    ("fault", "field", "key"),
    [
        (bad_address, "host", "invalid_address"),
        (nothing_there, "host", "cannot_connect"),
        (something_else, "host", "not_wallflower"),
        (too_new, "host", "api_too_new"),
        (too_old, "host", "api_too_old"),
        (neither, "code", "code_or_token"),
        (no_digits, "code", "invalid_code"),
        (wrong_code, "code", "wrong_code"),
        (too_many_codes, "code", "rate_limited"),
        (breaks_while_pairing, "host", "cannot_connect"),
        (wrong_token, "token", "wrong_token"),
        (reading_token, "token", "token_may_only_read"),
        (too_many_tokens, "token", "rate_limited"),
    ],
)
async def test_each_fault_stands_under_its_field_and_can_be_mended(
    hass: HomeAssistant, sidecar: FakeSidecar, fault: Fault, field: str, key: str
) -> None:
    values = fault(sidecar)

    result = await answer(hass, await start(hass), **values)

    assert result["type"] is FlowResultType.FORM
    assert result["errors"] == {field: key}
    sidecar.info["api_version"] = 1
    await joined(hass, sidecar, result)


async def test_a_sidecar_that_does_not_answer_is_told_apart(
    hass: HomeAssistant, sidecar: FakeSidecar, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def hang(request: web.Request) -> web.Response:
        await eventually(lambda: request.transport is None or request.transport.is_closing())
        return web.Response()

    sidecar.overrides["GET", "info"] = hang
    patched = connection.Connection.json.__kwdefaults__
    monkeypatch.setitem(patched, "timeout_s", 0.1)

    result = await answer(hass, await start(hass), host=sidecar.url, code=CODE)

    assert result["errors"] == {"host": "timeout"}
    monkeypatch.undo()
    await joined(hass, sidecar, result)


async def test_a_sidecar_that_is_joined_already_uses_up_no_code(
    hass: HomeAssistant, sidecar: FakeSidecar, set_up: SetUp
) -> None:
    await set_up()

    result = await answer(hass, await start(hass), host=sidecar.url, code=CODE)

    assert result["type"] is FlowResultType.ABORT
    assert result["reason"] == "already_configured"
    assert not sidecar.requested("POST", "pair")

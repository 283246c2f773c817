"""Pairing again, and finding the same sidecar at another address."""

from collections.abc import Awaitable, Callable

from homeassistant.config_entries import ConfigEntry, ConfigEntryState
from homeassistant.core import HomeAssistant
import pytest

from tests.support.waiting import eventually

from .conftest import SetUp, hub
from .fake_sidecar import CODE, FakeSidecar
from .hub_steps import Result, answer, reauth, reconfigure, refuse


def in_order(_: FakeSidecar) -> None:
    """Let the hub load."""


def of_tomorrow(sidecar: FakeSidecar) -> None:
    sidecar.info["api_version"] = 2


def out_of_order(sidecar: FakeSidecar) -> None:
    refuse(sidecar, "GET", "streams", 503)


@pytest.mark.parametrize(
    ("fault", "state"),
    [
        (in_order, ConfigEntryState.LOADED),
        (of_tomorrow, ConfigEntryState.SETUP_RETRY),
        (out_of_order, ConfigEntryState.SETUP_RETRY),
    ],
)
@pytest.mark.parametrize(("begin", "reason"), [(reauth, "reauth_successful"), (reconfigure, "reconfigure_successful")])
@pytest.mark.parametrize("token", ["a-secret-token", "a-new-token"])
async def test_from_whatever_state_the_hub_is_loaded_once_with_what_was_answered(
    hass: HomeAssistant,
    sidecar: FakeSidecar,
    set_up: SetUp,
    fault: Callable[[FakeSidecar], None],
    state: ConfigEntryState,
    begin: Callable[[HomeAssistant, ConfigEntry], Awaitable[Result]],
    reason: str,
    token: str,
) -> None:
    fault(sidecar)
    entry = await set_up()
    assert entry.state is state
    sidecar.info["api_version"] = 1
    sidecar.overrides.clear()
    sidecar.token = token
    sidecar.requests.clear()

    form = await begin(hass, entry)
    address = {"host": sidecar.url} if form["step_id"] == "reconfigure" else {}
    result = await answer(hass, form, **address, code=CODE)

    assert result["reason"] == reason
    await eventually(lambda: entry.state is ConfigEntryState.LOADED)
    assert entry.data == {"url": sidecar.url, "token": token}
    assert len(sidecar.requested("GET", "info")) == 2  # the flow's own, and one set-up


async def test_giving_the_same_token_again_reloads_too(
    hass: HomeAssistant, sidecar: FakeSidecar, set_up: SetUp
) -> None:
    entry = await set_up()
    coordinator = entry.runtime_data

    result = await answer(hass, await reauth(hass, entry), token=sidecar.token)

    assert result["reason"] == "reauth_successful"
    assert entry.runtime_data is not coordinator


@pytest.mark.parametrize(
    ("values", "errors"),
    [
        ({"code": "000000"}, {"code": "wrong_code"}),
        ({"token": "nobody's"}, {"token": "wrong_token"}),
        ({}, {"code": "code_or_token"}),
    ],
)
async def test_pairing_again_can_fail_and_be_mended(
    hass: HomeAssistant, sidecar: FakeSidecar, set_up: SetUp, values: dict, errors: dict
) -> None:
    entry = await set_up()

    result = await answer(hass, await reauth(hass, entry), **values)

    assert result["errors"] == errors
    assert (await answer(hass, result, code=CODE))["reason"] == "reauth_successful"


async def test_pairing_again_with_another_sidecar_is_refused(
    hass: HomeAssistant, sidecar: FakeSidecar, set_up: SetUp
) -> None:
    entry = await set_up()
    sidecar.info["server_id"] = "server-2"

    result = await answer(hass, await reauth(hass, entry), code=CODE)

    assert result["errors"] == {"base": "wrong_server"}
    assert not sidecar.requested("POST", "pair")
    sidecar.info["server_id"] = "server-1"
    assert (await answer(hass, result, code=CODE))["reason"] == "reauth_successful"


async def test_pairing_again_needs_the_sidecar(hass: HomeAssistant, sidecar: FakeSidecar) -> None:
    entry = hub(sidecar)
    entry.add_to_hass(hass)
    refuse(sidecar, "GET", "info", 503)

    result = await answer(hass, await reauth(hass, entry), code=CODE)

    assert result["errors"] == {"base": "cannot_connect"}
    sidecar.overrides.clear()
    assert (await answer(hass, result, code=CODE))["reason"] == "reauth_successful"


async def test_another_address_of_the_same_sidecar_keeps_the_pairing(
    hass: HomeAssistant, sidecar: FakeSidecar, set_up: SetUp
) -> None:
    entry = await set_up()
    await sidecar.stop()
    sidecar.port = 0
    await sidecar.start()

    form = await reconfigure(hass, entry)
    result = await answer(hass, form, host=sidecar.url)

    assert result["reason"] == "reconfigure_successful"
    assert entry.data == {"url": sidecar.url, "token": sidecar.token}
    await eventually(lambda: entry.state is ConfigEntryState.LOADED)


async def test_another_address_with_a_new_code(hass: HomeAssistant, sidecar: FakeSidecar, set_up: SetUp) -> None:
    entry = await set_up()
    sidecar.token = "a-new-token"

    form = await reconfigure(hass, entry)
    refused = await answer(hass, form, host=sidecar.url)
    assert refused["errors"] == {"code": "known_token_refused"}
    result = await answer(hass, refused, host=sidecar.url, code=CODE)

    assert result["reason"] == "reconfigure_successful"
    assert entry.data["token"] == "a-new-token"


async def test_another_sidecars_address_is_refused(hass: HomeAssistant, sidecar: FakeSidecar, set_up: SetUp) -> None:
    entry = await set_up()
    sidecar.info["server_id"] = "server-2"

    result = await answer(hass, await reconfigure(hass, entry), host=sidecar.url)

    assert result["errors"] == {"host": "wrong_server"}
    sidecar.info["server_id"] = "server-1"
    assert (await answer(hass, result, host=sidecar.url))["reason"] == "reconfigure_successful"

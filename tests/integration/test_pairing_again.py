"""Pairing again, and finding the same sidecar at another address."""

from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant
import pytest

from tests.support.waiting import eventually

from .conftest import SetUp, hub
from .fake_sidecar import CODE, FakeSidecar
from .hub_steps import answer, reauth, refuse


async def test_pairing_again_while_loaded_reloads_once(
    hass: HomeAssistant, sidecar: FakeSidecar, set_up: SetUp
) -> None:
    entry = await set_up()
    sidecar.token = "a-new-token"
    asked = len(sidecar.requested("GET", "info"))

    result = await answer(hass, await reauth(hass, entry), code=CODE)

    assert result["reason"] == "reauth_successful"
    assert entry.data["token"] == "a-new-token"
    assert entry.state is ConfigEntryState.LOADED
    assert len(sidecar.requested("GET", "info")) == asked + 2  # the flow's own, and one set-up


async def test_pairing_again_after_a_failed_start_loads(
    hass: HomeAssistant, sidecar: FakeSidecar, set_up: SetUp
) -> None:
    sidecar.info["api_version"] = 2
    entry = await set_up()
    assert entry.state is ConfigEntryState.SETUP_ERROR
    sidecar.info["api_version"] = 1
    sidecar.token = "a-new-token"

    result = await answer(hass, await reauth(hass, entry), code=CODE)

    assert result["reason"] == "reauth_successful"
    assert entry.state is ConfigEntryState.LOADED


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

    form = await entry.start_reconfigure_flow(hass)
    assert form["step_id"] == "reconfigure"
    result = await answer(hass, form, host=sidecar.url)

    assert result["reason"] == "reconfigure_successful"
    assert entry.data == {"url": sidecar.url, "token": sidecar.token}
    await eventually(lambda: entry.state is ConfigEntryState.LOADED)


async def test_another_address_with_a_new_code(hass: HomeAssistant, sidecar: FakeSidecar, set_up: SetUp) -> None:
    entry = await set_up()
    sidecar.token = "a-new-token"

    form = await entry.start_reconfigure_flow(hass)
    refused = await answer(hass, form, host=sidecar.url)
    assert refused["errors"] == {"code": "known_token_refused"}
    result = await answer(hass, refused, host=sidecar.url, code=CODE)

    assert result["reason"] == "reconfigure_successful"
    assert entry.data["token"] == "a-new-token"


async def test_another_sidecars_address_is_refused(hass: HomeAssistant, sidecar: FakeSidecar, set_up: SetUp) -> None:
    entry = await set_up()
    sidecar.info["server_id"] = "server-2"

    result = await answer(hass, await entry.start_reconfigure_flow(hass), host=sidecar.url)

    assert result["errors"] == {"host": "wrong_server"}
    sidecar.info["server_id"] = "server-1"
    assert (await answer(hass, result, host=sidecar.url))["reason"] == "reconfigure_successful"

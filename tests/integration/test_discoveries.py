"""A sidecar that makes itself known: joined after a question, followed when it moves, never to a less safe place."""

from ipaddress import ip_address
from typing import Any

from homeassistant.config_entries import SOURCE_HASSIO, SOURCE_IGNORE, SOURCE_ZEROCONF, ConfigEntryState
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.helpers.service_info.hassio import HassioServiceInfo
from homeassistant.helpers.service_info.zeroconf import ZeroconfServiceInfo
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from tests.support.waiting import eventually

from .conftest import SetUp, hub
from .fake_sidecar import CODE, FakeSidecar
from .hub_steps import Result, answer, refuse

SECRET = "a-secret-token"


async def announced(hass: HomeAssistant, url: str, **properties: str | None) -> Result:
    told = {"server_id": "server-1", "version": "0.1.0", "api_version": "1", "base_url": url, **properties}
    info = ZeroconfServiceInfo(
        ip_address=ip_address("127.0.0.1"),
        ip_addresses=[ip_address("127.0.0.1")],
        port=8953,
        hostname="wallflower-1.local.",
        type="_wallflower._tcp.local.",
        name="Wallflower on nas (r-1)._wallflower._tcp.local.",
        properties={name: value for name, value in told.items() if value is not None},
    )
    return await init(hass, SOURCE_ZEROCONF, info)


async def handed_over(hass: HomeAssistant, sidecar: FakeSidecar, **config: Any) -> Result:
    told = {"host": "127.0.0.1", "port": sidecar.port, "token": sidecar.token, **config}
    info = HassioServiceInfo(config=told, name="Wallflower", slug="local_wallflower", uuid="1")
    return await init(hass, SOURCE_HASSIO, info)


async def init(hass: HomeAssistant, source: str, info: Any) -> Result:
    result = await hass.config_entries.flow.async_init("wallflower", context={"source": source}, data=info)
    await hass.async_block_till_done()
    return result


async def test_an_announced_sidecar_is_joined_with_a_code(hass: HomeAssistant, sidecar: FakeSidecar) -> None:
    form = await announced(hass, sidecar.url)
    assert (form["type"], form["step_id"]) == (FlowResultType.FORM, "zeroconf_confirm")
    assert form["description_placeholders"]["url"] == sidecar.url
    [flow] = hass.config_entries.flow.async_progress()
    assert flow["context"]["title_placeholders"] == {"name": "127.0.0.1"}
    assert not sidecar.requests

    wrong = await answer(hass, form, code="000000")
    assert wrong["errors"] == {"code": "wrong_code"}
    result = await answer(hass, wrong, code=CODE)

    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert result["data"] == {"url": sidecar.url, "token": sidecar.token}
    assert result["result"].unique_id == "server-1"
    assert result["result"].state is ConfigEntryState.LOADED


async def test_another_sidecar_than_the_announced_one_gets_no_code(hass: HomeAssistant, sidecar: FakeSidecar) -> None:
    form = await announced(hass, sidecar.url, server_id="server-2")

    result = await answer(hass, form, code=CODE)

    assert result["errors"] == {"base": "wrong_server"}
    assert not sidecar.requested("POST", "pair")
    sidecar.info["server_id"] = "server-2"
    assert (await answer(hass, result, code=CODE))["type"] is FlowResultType.CREATE_ENTRY


@pytest.mark.parametrize(
    ("properties", "reason"),
    [
        ({"app": "true"}, "found_as_app"),
        ({"server_id": None}, "not_wallflower"),
        ({"base_url": None}, "not_wallflower"),
        ({"base_url": "ftp://elsewhere.test"}, "not_wallflower"),
    ],
)
async def test_what_is_announced_may_be_no_sidecar_or_come_another_way(
    hass: HomeAssistant, sidecar: FakeSidecar, properties: dict, reason: str
) -> None:
    result = await announced(hass, sidecar.url, **properties)

    assert (result["type"], result["reason"]) == (FlowResultType.ABORT, reason)


async def test_a_sidecar_is_asked_about_once(hass: HomeAssistant, sidecar: FakeSidecar) -> None:
    await announced(hass, sidecar.url)

    assert (await announced(hass, sidecar.url))["reason"] == "already_in_progress"


async def moved(sidecar: FakeSidecar) -> None:
    await sidecar.stop()
    sidecar.port = 0
    await sidecar.start()


async def test_a_sidecar_that_moved_is_followed(hass: HomeAssistant, sidecar: FakeSidecar, set_up: SetUp) -> None:
    entry = await set_up()
    await moved(sidecar)

    result = await announced(hass, sidecar.url)

    assert result["reason"] == "already_configured"
    assert entry.data == {"url": sidecar.url, "token": sidecar.token}
    await eventually(lambda: entry.state is ConfigEntryState.LOADED and entry.runtime_data.last_update_success)


async def test_a_sidecar_that_moved_while_it_was_away_is_followed(
    hass: HomeAssistant, sidecar: FakeSidecar, set_up: SetUp
) -> None:
    refuse(sidecar, "GET", "streams", 503)
    entry = await set_up()
    assert entry.state is ConfigEntryState.SETUP_RETRY
    sidecar.overrides.clear()
    await moved(sidecar)

    await announced(hass, sidecar.url)

    await eventually(lambda: entry.state is ConfigEntryState.LOADED)
    assert entry.data["url"] == sidecar.url


async def test_as_long_as_the_known_address_answers_no_other_is_believed(
    hass: HomeAssistant, sidecar: FakeSidecar, set_up: SetUp
) -> None:
    entry = await set_up()
    impostor = FakeSidecar()
    await impostor.start()

    result = await announced(hass, impostor.url)
    await impostor.stop()

    assert result["reason"] == "already_configured"
    assert entry.data["url"] == sidecar.url
    assert not impostor.requests


async def test_a_token_is_not_carried_from_tls_to_plain_http(hass: HomeAssistant, sidecar: FakeSidecar) -> None:
    entry = MockConfigEntry(
        domain="wallflower", unique_id="server-1", data={"url": "https://127.0.0.1:1", "token": SECRET}
    )
    entry.add_to_hass(hass)

    result = await announced(hass, sidecar.url)

    assert result["reason"] == "already_configured"
    assert entry.data["url"] == "https://127.0.0.1:1"
    assert not sidecar.requests


async def test_another_sidecar_at_the_new_address_is_not_followed(
    hass: HomeAssistant, sidecar: FakeSidecar, set_up: SetUp
) -> None:
    entry = await set_up()
    known = entry.data["url"]
    await moved(sidecar)
    sidecar.info["server_id"] = "server-2"

    assert (await announced(hass, sidecar.url))["reason"] == "already_configured"
    assert entry.data["url"] == known


async def test_the_known_address_again_changes_nothing(
    hass: HomeAssistant, sidecar: FakeSidecar, set_up: SetUp
) -> None:
    entry = await set_up()
    coordinator = entry.runtime_data

    assert (await announced(hass, sidecar.url))["reason"] == "already_configured"
    assert entry.runtime_data is coordinator


@pytest.mark.parametrize("source", ["announced", "handed over"])
async def test_a_sidecar_that_was_waved_away_is_not_asked_about_again(
    hass: HomeAssistant, sidecar: FakeSidecar, source: str
) -> None:
    MockConfigEntry(domain="wallflower", unique_id="server-1", source=SOURCE_IGNORE).add_to_hass(hass)

    result = await (announced(hass, sidecar.url) if source == "announced" else handed_over(hass, sidecar))

    assert result["reason"] == "already_configured"


async def test_an_app_is_joined_with_the_token_that_it_hands_over(hass: HomeAssistant, sidecar: FakeSidecar) -> None:
    form = await handed_over(hass, sidecar)
    assert (form["type"], form["step_id"]) == (FlowResultType.FORM, "hassio_confirm")
    [flow] = hass.config_entries.flow.async_progress()
    assert flow["context"]["title_placeholders"] == {"name": "Wallflower"}

    refuse(sidecar, "POST", "probe", 503)
    away = await answer(hass, form)
    assert away["errors"] == {"base": "cannot_connect"}
    sidecar.overrides.clear()
    result = await answer(hass, away)

    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert result["data"] == {"url": sidecar.url, "token": sidecar.token}
    assert result["result"].unique_id == "server-1"


async def test_an_app_is_asked_about_although_it_was_announced_as_well(
    hass: HomeAssistant, sidecar: FakeSidecar
) -> None:
    await announced(hass, sidecar.url)

    form = await handed_over(hass, sidecar)

    assert form["step_id"] == "hassio_confirm"
    assert (await answer(hass, form))["type"] is FlowResultType.CREATE_ENTRY
    await hass.async_block_till_done()
    assert hass.config_entries.flow.async_progress() == []


async def test_an_app_that_comes_again_with_another_token_is_let_in_anew(
    hass: HomeAssistant, sidecar: FakeSidecar, set_up: SetUp
) -> None:
    entry = await set_up()
    coordinator = entry.runtime_data
    assert (await handed_over(hass, sidecar))["reason"] == "already_configured"
    assert entry.runtime_data is coordinator

    sidecar.token = "a-new-token"
    assert (await handed_over(hass, sidecar))["reason"] == "already_configured"

    assert entry.data["token"] == "a-new-token"
    await eventually(lambda: entry.state is ConfigEntryState.LOADED)
    assert entry.runtime_data is not coordinator


@pytest.mark.parametrize(
    ("config", "reason"),
    [
        ({"port": 1}, "cannot_connect"),
        ({"port": 0}, "not_wallflower"),
        ({"host": "a b"}, "not_wallflower"),
        ({"token": "nobody's"}, "wrong_token"),
    ],
)
async def test_an_app_that_cannot_be_joined_is_not_asked_about_until_it_can(
    hass: HomeAssistant, sidecar: FakeSidecar, config: dict, reason: str
) -> None:
    result = await handed_over(hass, sidecar, **config)
    assert (result["type"], result["reason"]) == (FlowResultType.ABORT, reason)

    assert (await handed_over(hass, sidecar))["step_id"] == "hassio_confirm"


async def test_an_app_without_a_token_is_none(hass: HomeAssistant, sidecar: FakeSidecar) -> None:
    info = HassioServiceInfo(config={"host": "127.0.0.1", "port": 1}, name="Wallflower", slug="x", uuid="1")

    assert (await init(hass, SOURCE_HASSIO, info))["reason"] == "not_wallflower"


async def test_a_hub_that_was_never_set_up_is_followed_too(hass: HomeAssistant, sidecar: FakeSidecar) -> None:
    entry = hub(sidecar)
    entry.add_to_hass(hass)
    await moved(sidecar)

    await announced(hass, sidecar.url)

    await eventually(lambda: entry.state is ConfigEntryState.LOADED)
    assert entry.data["url"] == sidecar.url

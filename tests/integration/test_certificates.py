"""A sidecar behind TLS: its certificate is verified, pinned or trusted on purpose, before anything secret is sent."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
import ssl

from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.setup import async_setup_component
from homeassistant.util import dt as dt_util
from homeassistant.util.ssl import SSL_ALPN_HTTP11, client_context
import pytest
from pytest_homeassistant_custom_component.common import async_fire_time_changed, get_system_health_info

from custom_components.wallflower import hub_questions
from custom_components.wallflower.exceptions import WallflowerConnectionError
from tests.support.certificates import Certificate, make_certificate
from tests.support.waiting import eventually

from .fake_sidecar import CODE, FakeSidecar
from .hub_steps import Result, answer, choose, reauth, reconfigure, start

HOST = "127.0.0.1"


@pytest.fixture
def own(tmp_path: Path) -> Certificate:
    """A certificate that signs itself."""
    return make_certificate("sidecar", (HOST,))


async def show(sidecar: FakeSidecar, certificate: Certificate, folder: Path) -> None:
    """Let the sidecar come back with a certificate, at the same port."""
    await sidecar.stop()
    sidecar.tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    sidecar.tls.load_cert_chain(certificate.save(folder / "certificate.pem"))
    await sidecar.start()


@pytest.fixture
async def secured(sidecar: FakeSidecar, own: Certificate, tmp_path: Path) -> FakeSidecar:
    await show(sidecar, own, tmp_path)
    return sidecar


def pairs(certificate: Certificate) -> str:
    return bytes.fromhex(certificate.sha256).hex(":").upper()


async def asked(hass: HomeAssistant, sidecar: FakeSidecar) -> Result:
    menu = await answer(hass, await start(hass), host=sidecar.url, code=CODE)
    assert (menu["type"], menu["step_id"]) == (FlowResultType.MENU, "certificate")
    assert menu["menu_options"] == ["pin", "trust", "back"]
    return menu


async def test_an_unknown_certificate_is_shown_and_pinned_before_the_code_is_sent(
    hass: HomeAssistant, secured: FakeSidecar, own: Certificate
) -> None:
    menu = await asked(hass, secured)
    assert menu["description_placeholders"]["fingerprint"] == pairs(own)
    assert menu["description_placeholders"]["url"] == secured.url
    assert "self-signed" in menu["description_placeholders"]["error"]
    assert not secured.requests
    # The page was loaded again.
    assert (await hass.config_entries.flow.async_configure(menu["flow_id"]))["step_id"] == "certificate"

    result = await choose(hass, menu, "pin")

    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert result["data"] == {
        "url": secured.url,
        "token": secured.token,
        "certificate": f"sha256:{own.sha256}",
    }
    assert result["result"].state is ConfigEntryState.LOADED
    await eventually(lambda: secured.readers)


async def test_any_certificate_can_be_trusted_on_purpose(
    hass: HomeAssistant, secured: FakeSidecar, tmp_path: Path, quick_retries: None
) -> None:
    result = await choose(hass, await asked(hass, secured), "trust")

    assert result["data"]["certificate"] == "any"
    await show(secured, make_certificate("another", (HOST,)), tmp_path)
    await eventually(lambda: secured.readers)
    await eventually(lambda: result["result"].runtime_data.last_update_success)


async def test_a_certificate_that_is_not_accepted_leads_back_to_the_form(
    hass: HomeAssistant, secured: FakeSidecar
) -> None:
    form = await choose(hass, await asked(hass, secured), "back")

    assert (form["type"], form["step_id"], form["errors"]) == (FlowResultType.FORM, "user", {})
    assert not secured.requests
    menu = await answer(hass, form, host=secured.url, code=CODE)
    assert (await choose(hass, menu, "pin"))["type"] is FlowResultType.CREATE_ENTRY


@pytest.fixture
def authority() -> Iterator[Certificate]:
    """An authority that Home Assistant trusts."""
    authority = make_certificate("authority", authority=True)
    client_context(alpn_protocols=SSL_ALPN_HTTP11).load_verify_locations(cadata=authority.pem.decode())
    return authority


async def test_a_certificate_of_a_known_authority_is_not_asked_about(
    hass: HomeAssistant, sidecar: FakeSidecar, authority: Certificate, tmp_path: Path
) -> None:
    await show(sidecar, make_certificate("sidecar", (HOST,), signer=authority), tmp_path)

    result = await answer(hass, await start(hass), host=sidecar.url, code=CODE)

    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert result["data"] == {"url": sidecar.url, "token": sidecar.token}


async def test_a_certificate_for_another_host_is_asked_about(
    hass: HomeAssistant, sidecar: FakeSidecar, authority: Certificate, tmp_path: Path
) -> None:
    await show(sidecar, make_certificate("sidecar", ("elsewhere.test",), signer=authority), tmp_path)

    menu = await asked(hass, sidecar)

    assert "mismatch" in menu["description_placeholders"]["error"]


async def test_a_sidecar_that_goes_away_before_its_certificate_is_shown_cannot_be_reached(
    hass: HomeAssistant, secured: FakeSidecar, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def gone(_: str) -> str:
        raise WallflowerConnectionError("gone")

    monkeypatch.setattr(hub_questions, "presented", gone)
    form = await answer(hass, await start(hass), host=secured.url, code=CODE)
    assert form["errors"] == {"host": "cannot_connect"}

    monkeypatch.undo()
    menu = await answer(hass, form, host=secured.url, code=CODE)
    assert (await choose(hass, menu, "pin"))["type"] is FlowResultType.CREATE_ENTRY


async def test_https_where_http_is_spoken_cannot_be_reached(hass: HomeAssistant, sidecar: FakeSidecar) -> None:
    address = sidecar.url.replace("http:", "https:")

    form = await answer(hass, await start(hass), host=address, code=CODE)

    assert form["errors"] == {"host": "cannot_connect"}
    assert (await answer(hass, form, host=sidecar.url, code=CODE))["type"] is FlowResultType.CREATE_ENTRY


async def test_another_certificate_than_the_pinned_one_stops_everything_until_it_is_accepted(
    hass: HomeAssistant, secured: FakeSidecar, tmp_path: Path
) -> None:
    entry = (await choose(hass, await asked(hass, secured), "pin"))["result"]
    other = make_certificate("another", (HOST,))
    await show(secured, other, tmp_path)
    secured.requests.clear()

    await hass.config_entries.async_reload(entry.entry_id)
    assert entry.state is ConfigEntryState.SETUP_RETRY
    assert entry.error_reason_translation_key == "certificate_refused"
    assert not secured.requests

    menu = await answer(hass, await reconfigure(hass, entry), host=secured.url)
    assert menu["description_placeholders"]["fingerprint"] == pairs(other)
    result = await choose(hass, menu, "pin")
    assert result["reason"] == "reconfigure_successful"
    assert entry.data["certificate"] == f"sha256:{other.sha256}"
    await eventually(lambda: entry.state is ConfigEntryState.LOADED)


@pytest.mark.usefixtures("quick_retries")
async def test_a_certificate_that_is_replaced_while_the_hub_runs_is_told_on_its_card(
    hass: HomeAssistant, secured: FakeSidecar, own: Certificate, tmp_path: Path
) -> None:
    entry = (await choose(hass, await asked(hass, secured), "pin"))["result"]
    await eventually(lambda: secured.readers)
    assert await async_setup_component(hass, "system_health", {})
    assert await (await get_system_health_info(hass, "wallflower"))["can_reach_sidecar"] == "ok"

    await show(secured, make_certificate("another", (HOST,)), tmp_path)

    await eventually(lambda: entry.state is ConfigEntryState.SETUP_RETRY)
    assert entry.error_reason_translation_key == "certificate_refused"
    await show(secured, own, tmp_path)
    async_fire_time_changed(hass, dt_util.utcnow() + timedelta(seconds=10))
    await eventually(lambda: entry.state is ConfigEntryState.LOADED)


async def test_pairing_again_asks_about_another_certificate_only(
    hass: HomeAssistant, secured: FakeSidecar, tmp_path: Path
) -> None:
    entry = (await choose(hass, await asked(hass, secured), "pin"))["result"]
    secured.token = "a-new-token"
    assert (await answer(hass, await reauth(hass, entry), code=CODE))["reason"] == "reauth_successful"
    assert entry.data["token"] == "a-new-token"

    await show(secured, make_certificate("another", (HOST,)), tmp_path)
    menu = await answer(hass, await reauth(hass, entry), code=CODE)
    assert menu["step_id"] == "certificate"
    assert (await choose(hass, menu, "pin"))["reason"] == "reauth_successful"


async def test_a_move_to_plain_http_forgets_the_certificate(hass: HomeAssistant, secured: FakeSidecar) -> None:
    entry = (await choose(hass, await asked(hass, secured), "pin"))["result"]
    await secured.stop()
    secured.tls = None
    await secured.start()

    result = await answer(hass, await reconfigure(hass, entry), host=secured.url)

    assert result["reason"] == "reconfigure_successful"
    assert entry.data == {"url": secured.url, "token": secured.token}

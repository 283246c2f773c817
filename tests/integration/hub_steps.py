"""Walking through the hub's flows as their page does."""

from typing import Any

from aiohttp import web
from homeassistant.config_entries import SOURCE_USER
from homeassistant.core import HomeAssistant
from pytest_homeassistant_custom_component.common import MockConfigEntry

from .fake_sidecar import FakeSidecar, problem

type Result = dict[str, Any]


async def start(hass: HomeAssistant) -> Result:
    return await hass.config_entries.flow.async_init("wallflower", context={"source": SOURCE_USER})


async def answer(hass: HomeAssistant, result: Result, **values: str) -> Result:
    result = await hass.config_entries.flow.async_configure(result["flow_id"], values)
    await hass.async_block_till_done()
    return result


def refuse(sidecar: FakeSidecar, method: str, path: str, status: int, code: str = "x") -> None:
    async def answer(_: web.Request) -> web.Response:
        return problem(status, code)

    sidecar.overrides[method, path] = answer


async def reauth(hass: HomeAssistant, entry: MockConfigEntry) -> Result:
    result = await entry.start_reauth_flow(hass)
    assert result["step_id"] == "reauth_confirm"
    return result

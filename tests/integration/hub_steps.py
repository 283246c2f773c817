"""Walking through the hub's flows as their page does."""

from typing import Any

from aiohttp import web
from homeassistant.config_entries import SOURCE_REAUTH, SOURCE_RECONFIGURE, SOURCE_USER, ConfigEntry
from homeassistant.core import HomeAssistant

from .fake_sidecar import FakeSidecar, problem

type Result = dict[str, Any]


async def start(hass: HomeAssistant) -> Result:
    return await hass.config_entries.flow.async_init("wallflower", context={"source": SOURCE_USER})


async def answer(hass: HomeAssistant, result: Result, **values: str) -> Result:
    result = await hass.config_entries.flow.async_configure(result["flow_id"], values)
    await hass.async_block_till_done()
    return result


async def choose(hass: HomeAssistant, result: Result, step: str) -> Result:
    return await answer(hass, result, next_step_id=step)


def refuse(sidecar: FakeSidecar, method: str, path: str, status: int, code: str = "x") -> None:
    async def answer(_: web.Request) -> web.Response:
        return problem(status, code)

    sidecar.overrides[method, path] = answer


async def reauth(hass: HomeAssistant, entry: ConfigEntry) -> Result:
    context = {"source": SOURCE_REAUTH, "entry_id": entry.entry_id, "title_placeholders": {"name": entry.title}}
    result = await hass.config_entries.flow.async_init("wallflower", context=context, data=entry.data)
    assert result["step_id"] == "reauth_confirm"
    return result


async def reconfigure(hass: HomeAssistant, entry: ConfigEntry) -> Result:
    context = {"source": SOURCE_RECONFIGURE, "entry_id": entry.entry_id}
    result = await hass.config_entries.flow.async_init("wallflower", context=context)
    assert result["step_id"] == "reconfigure"
    return result

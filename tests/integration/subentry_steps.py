"""Walking through a camera's flow as its page does."""

from typing import Any

from homeassistant.config_entries import SOURCE_USER
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from pytest_homeassistant_custom_component.common import MockConfigEntry

from .conftest import PORCH

URL = "rtsp://camera.test/live"


BOTH = {
    "video": {"codec": "h264", "width": 1920, "height": 1080, "fps": 15},
    "audio": {"codec": "aac", "sample_rate": 16000, "level_dbfs": -41.2},
}


type Result = dict[str, Any]


async def start(hass: HomeAssistant, entry: MockConfigEntry) -> Result:
    return await hass.config_entries.subentries.async_init((entry.entry_id, "stream"), context={"source": SOURCE_USER})


async def change(hass: HomeAssistant, entry: MockConfigEntry, what: str = "camera") -> Result:
    menu = await entry.start_subentry_reconfigure_flow(hass, PORCH)
    assert (menu["type"], menu["step_id"]) == (FlowResultType.MENU, "reconfigure")
    return await choose(hass, menu, what)


async def answer(hass: HomeAssistant, result: Result, **values: Any) -> Result:
    """Answer a step, and wait as the page does while a camera is tried."""
    result = await hass.config_entries.subentries.async_configure(result["flow_id"], values)
    while result["type"] is FlowResultType.SHOW_PROGRESS:
        assert result["step_id"] == result["progress_action"] == "probe"
        await hass.async_block_till_done()
        result = await hass.config_entries.subentries.async_configure(result["flow_id"])
    await hass.async_block_till_done()
    return result


async def choose(hass: HomeAssistant, result: Result, step: str) -> Result:
    return await answer(hass, result, next_step_id=step)


def suggested(form: Result) -> dict[str, Any]:
    return {
        str(key): key.description["suggested_value"]
        for key in form["data_schema"].schema
        if key.description and "suggested_value" in key.description
    }


def added(entry: MockConfigEntry) -> list:
    return [subentry for subentry in entry.subentries.values() if subentry.subentry_id != PORCH]

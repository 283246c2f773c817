"""Forgetting in Home Assistant: what was said on a camera goes from its history and from the states it restores."""

import asyncio
from datetime import UTC, datetime
import logging

from homeassistant.components.event.const import DOMAIN as EVENT_DOMAIN
from homeassistant.components.recorder import history
from homeassistant.components.recorder.const import DOMAIN as RECORDER_DOMAIN
from homeassistant.components.sensor.const import DOMAIN as SENSOR_DOMAIN
from homeassistant.config_entries import ConfigSubentry
from homeassistant.const import ATTR_ENTITY_ID
from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er, recorder, restore_state
from homeassistant.util import dt as dt_util

from .const import DOMAIN

_LOGGER = logging.getLogger(__name__)

# The entities whose states or attributes tell what was said.
TELLING = (
    (EVENT_DOMAIN, "keyword"),
    (EVENT_DOMAIN, "utterance"),
    (SENSOR_DOMAIN, "last_keyword"),
    (SENSOR_DOMAIN, "transcript"),
)
# A purge that keeps more days than there are removes nothing, and writes the file anew without what was removed before.
EVERYTHING_DAYS = 36_500
BEGINNING = datetime(1970, 1, 2, tzinfo=UTC)

LOOK_S = 0.2
MAX_LOOKS = 3_000


async def async_forget_history(hass: HomeAssistant, subentry: ConfigSubentry) -> None:
    """Remove the whole history of what a camera heard; its entities must show nothing of it any more."""
    registry = er.async_get(hass)
    entity_ids = [
        entity_id
        for domain, key in TELLING
        if (entity_id := registry.async_get_entity_id(domain, DOMAIN, f"{subentry.subentry_id}_{key}"))
    ]
    await _async_forget_restored(hass, entity_ids)
    if not entity_ids or RECORDER_DOMAIN not in hass.config.components:
        return
    until = dt_util.utcnow()
    purge = {ATTR_ENTITY_ID: entity_ids, "keep_days": 0}
    await hass.services.async_call(RECORDER_DOMAIN, "purge_entities", purge, blocking=True)
    await _async_wait_until_gone(hass, entity_ids, until)
    repack = {"keep_days": EVERYTHING_DAYS, "repack": True}
    await hass.services.async_call(RECORDER_DOMAIN, "purge", repack, blocking=True)


async def _async_forget_restored(hass: HomeAssistant, entity_ids: list[str]) -> None:
    """Home Assistant writes what it restores after a restart every 15 minutes; what was forgotten goes now."""
    restored = restore_state.async_get(hass)
    for entity_id in entity_ids:
        restored.last_states.pop(entity_id, None)
    await restored.async_dump_states()


async def _async_wait_until_gone(hass: HomeAssistant, entity_ids: list[str], until: datetime) -> None:
    """The recorder removes a long history bit by bit."""
    instance = recorder.get_instance(hass)
    for _ in range(MAX_LOOKS):
        await instance.async_block_till_done()
        if not await instance.async_add_executor_job(_has_history, hass, entity_ids, until):
            return
        await asyncio.sleep(LOOK_S)
    _LOGGER.warning("The recorder has not removed yet what was forgotten; it goes on by itself")


def _has_history(hass: HomeAssistant, entity_ids: list[str], until: datetime) -> bool:
    return any(
        history.state_changes_during_period(
            hass, BEGINNING, until, entity_id, no_attributes=True, limit=1, include_start_time_state=False
        )
        for entity_id in entity_ids
    )

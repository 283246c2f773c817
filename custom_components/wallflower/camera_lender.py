"""Follows the cameras that are borrowed: one that comes, or whose address does not hold any more, is asked again."""

import logging

from homeassistant.config_entries import (
    SIGNAL_CONFIG_ENTRY_CHANGED,
    ConfigEntry,
    ConfigEntryChange,
    ConfigEntryState,
    ConfigSubentry,
)
from homeassistant.const import STATE_UNAVAILABLE
from homeassistant.core import CALLBACK_TYPE, Event, EventStateChangedData, HomeAssistant, State, callback
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers.dispatcher import async_dispatcher_connect
from homeassistant.helpers.event import async_track_state_change_event
from homeassistant.helpers.start import async_at_started

from .borrowed_camera import SourceError, address_of, lender_of
from .const import CONF_CAMERA_ENTITY
from .coordinator import WallflowerCoordinator
from .exceptions import WallflowerError
from .lost_camera import loss_of
from .models import Stream
from .reconcile import bring, stream_subentries, was_sent

_LOGGER = logging.getLogger(__name__)


@callback
def async_follow_lenders(coordinator: WallflowerCoordinator) -> CALLBACK_TYPE:
    """Follow each borrowed camera of a hub until the returned callback is called."""
    ends = [
        end
        for subentry in stream_subentries(coordinator.config_entry).values()
        if CONF_CAMERA_ENTITY in subentry.data
        for end in CameraLender(coordinator, subentry).async_follow()
    ]

    @callback
    def async_end() -> None:
        for end in ends:
            end()

    return async_end


class CameraLender:
    """The camera of another integration that one stream listens to."""

    def __init__(self, coordinator: WallflowerCoordinator, subentry: ConfigSubentry) -> None:
        """Serve one subentry."""
        self._coordinator = coordinator
        self._subentry = subentry
        self._stream_id = str(subentry.unique_id)
        self._lender = lender_of(coordinator.hass, subentry)
        self._loss = loss_of(coordinator.hass, subentry)
        self._refused = self._is_refused()

    @callback
    def async_follow(self) -> list[CALLBACK_TYPE]:
        """Begin; returns what ends it."""
        hass, lender = self._coordinator.hass, self._lender
        ends = [
            hass.bus.async_listen(er.EVENT_ENTITY_REGISTRY_UPDATED, self._registry_changed),
            async_dispatcher_connect(hass, SIGNAL_CONFIG_ENTRY_CHANGED, self._integration_changed),
            async_at_started(hass, self._look),
            self._coordinator.async_add_listener(self._stream_changed),
        ]
        if lender is None:
            _LOGGER.warning("The camera that %s listens to is gone from Home Assistant", self._subentry.title)
            return ends
        if self._stream is None and _is_there(hass.states.get(lender.entity_id)):
            # It came between the asking and now.
            self._ask()
        return [*ends, async_track_state_change_event(hass, lender.entity_id, self._state_changed)]

    @callback
    def _look(self, _: HomeAssistant | None = None) -> None:
        """Tell when the camera was lost or came back."""
        before, self._loss = self._loss, loss_of(self._coordinator.hass, self._subentry)
        if self._loss != before:
            self._coordinator.async_update_listeners()

    @callback
    def _state_changed(self, event: Event[EventStateChangedData]) -> None:
        self._look()
        is_new = self._stream is None or not _is_there(event.data["old_state"])
        if is_new and _is_there(event.data["new_state"]):
            self._ask()

    @callback
    def _registry_changed(self, _: Event[er.EventEntityRegistryUpdatedData]) -> None:
        """Begin anew with a camera that was renamed or removed, or came back."""
        before, self._lender = self._lender, lender_of(self._coordinator.hass, self._subentry)
        if (before and before.entity_id) != (self._lender and self._lender.entity_id):
            self._coordinator.hass.config_entries.async_schedule_reload(self._coordinator.config_entry.entry_id)
        self._look()

    @callback
    def _integration_changed(self, _: ConfigEntryChange, entry: ConfigEntry) -> None:
        """Look at an integration that could not be set up; one that is just being reloaded is back in a moment."""
        if (
            self._lender
            and self._lender.config_entry_id == entry.entry_id
            and entry.state is not ConfigEntryState.NOT_LOADED
        ):
            self._look()

    @callback
    def _stream_changed(self) -> None:
        before, self._refused = self._refused, self._is_refused()
        if self._refused and not before:
            self._ask()

    def _is_refused(self) -> bool:
        """Whether the camera says that address or password are not, or not any more, right."""
        if (stream := self._stream) is None:
            return False
        status = stream.status
        return status.state == "auth_failed" or (status.error is not None and status.error.code == "not_found")

    @property
    def _stream(self) -> Stream | None:
        return self._coordinator.data.streams.get(self._stream_id)

    def _ask(self) -> None:
        self._coordinator.config_entry.async_create_task(
            self._coordinator.hass, self._async_ask(), f"address of {self._stream_id}"
        )

    async def _async_ask(self) -> None:
        """Ask for the address now; the sidecar is told of one that it does not have yet."""
        coordinator = self._coordinator
        try:
            url = await address_of(coordinator.hass, self._subentry)
            if self._stream is not None and was_sent(self._stream_id, url, coordinator.journal):
                return
            stream = await bring(coordinator.client, self._subentry, url, self._stream, coordinator.journal)
        except SourceError as error:
            _LOGGER.debug("No address for %s: %s", self._stream_id, error)
        except WallflowerError as error:
            _LOGGER.warning("The sidecar was not told where %s is now: %s", self._subentry.title, error)
        else:
            coordinator.async_set_stream(stream)


def _is_there(state: State | None) -> bool:
    return state is not None and state.state != STATE_UNAVAILABLE

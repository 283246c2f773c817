"""One dashboard's subscription: what is said on its cameras as it is said, and whether they can be heard."""

from collections import deque
from collections.abc import Callable, Iterable
from functools import partial
from typing import TYPE_CHECKING

from homeassistant.auth.permissions.const import POLICY_READ
from homeassistant.config_entries import SIGNAL_CONFIG_ENTRY_CHANGED, ConfigEntry, ConfigEntryChange
from homeassistant.core import CALLBACK_TYPE, callback
from homeassistant.helpers.dispatcher import async_dispatcher_connect

from .const import DOMAIN
from .dashboard_messages import camera_message, heard_message
from .dashboard_request import Message, RefusedError, Request
from .heard import Confirmed, Forgotten, Gap, Hit, Partial, Segment
from .permissions import is_permitted
from .subscriptions import SIGNAL_HEARD, Heard
from .targets import TargetedCamera, coordinator_of

if TYPE_CHECKING:
    from .coordinator import WallflowerConfigEntry, WallflowerCoordinator

# What only a loaded hub tells; sentences and hits come from every hub, also those missed before it was loaded.
_LIVE = (Partial, Confirmed, Forgotten, Gap)

# Unfinished sentences come over a connection of their own and may be overtaken by their own end.
MOST_FINISHED = 64


class Feed:
    """Follows the cameras that are asked for, each while its hub is loaded and its user may see it."""

    def __init__(self, request: Request, tell: Callable[[Message], None]) -> None:
        """Tell messages."""
        self._request = request
        self._hass = request.hass
        self._tell = tell
        self._ends: list[CALLBACK_TYPE] = []
        self._hubs: dict[str, _Hub] = {}
        self._states: dict[str, Message] = {}
        self._finished: deque[str | None] = deque(maxlen=MOST_FINISHED)

    @callback
    def async_begin(self) -> None:
        """Tell the state of each camera, then all that changes."""
        self._ends = [
            async_dispatcher_connect(self._hass, SIGNAL_CONFIG_ENTRY_CHANGED, self._handle_entry),
            async_dispatcher_connect(self._hass, SIGNAL_HEARD, self._handle_heard),
        ]
        for entry in self._hass.config_entries.async_entries(DOMAIN, include_ignore=False):
            self._look_again(entry)

    @callback
    def async_end(self) -> None:
        """Tell nothing more."""
        for end in self._ends:
            end()
        for hub in self._hubs.values():
            hub.end()

    @callback
    def _handle_entry(self, change: ConfigEntryChange, entry: ConfigEntry) -> None:
        if entry.domain == DOMAIN:
            self._look_again(entry)

    @callback
    def _look_again(self, entry: WallflowerConfigEntry) -> None:
        """Follow exactly the cameras of a hub that are there and may be seen now; tell whose state is another."""
        cameras = {each.subentry.subentry_id: each for each in self._known() if each.entry is entry}
        coordinator = coordinator_of(entry)
        hub = self._hubs.get(entry.entry_id)
        if hub is not None and hub.coordinator is not coordinator:
            self._hubs.pop(entry.entry_id).end()
            hub = None
        if hub is None and coordinator is not None:
            hub = _Hub(coordinator, partial(self._look_again, entry))
            self._hubs[entry.entry_id] = hub
        if hub is not None:
            hub.follow(cameras.values(), self._handle_live)
        self._tell_states(entry, cameras, coordinator)

    def _tell_states(
        self,
        entry: WallflowerConfigEntry,
        cameras: dict[str, TargetedCamera],
        coordinator: WallflowerCoordinator | None,
    ) -> None:
        gone = [each for each, told in self._states.items() if told["hub"] == entry.entry_id and each not in cameras]
        for camera_id in gone:
            told = self._states.pop(camera_id)
            self._tell({"type": "removed", "camera": camera_id, "stream": told["stream"]})
        for camera_id, camera in cameras.items():
            state = camera_message(self._hass, camera, coordinator)
            if self._states.get(camera_id) != state:
                self._states[camera_id] = state
                self._tell({"type": "state", **state})

    def _known(self) -> list[TargetedCamera]:
        try:
            return self._request.known()
        except RefusedError:
            return []

    @callback
    def _handle_heard(self, entry: WallflowerConfigEntry, heard: Hit | Segment) -> None:
        if isinstance(heard, Segment):
            self._finished.append(heard.utterance)
        for camera in self._known():
            if camera.entry is entry and camera.stream_id == heard.stream:
                self._tell(heard_message(camera, heard))

    @callback
    def _handle_live(self, camera: TargetedCamera, heard: Heard) -> None:
        if isinstance(heard, Partial) and heard.utterance in self._finished:
            return
        if is_permitted(self._hass, self._request.user, camera.subentry, POLICY_READ):
            self._tell(heard_message(camera, heard))
        else:
            self._look_again(camera.entry)


class _Hub:
    """What is followed of one hub while it is loaded."""

    def __init__(self, coordinator: WallflowerCoordinator, changed: CALLBACK_TYPE) -> None:
        self.coordinator = coordinator
        self._cameras: dict[str, list[CALLBACK_TYPE]] = {}
        self._end_changes = coordinator.async_add_listener(changed)

    @callback
    def follow(self, cameras: Iterable[TargetedCamera], told: Callable[[TargetedCamera, Heard], None]) -> None:
        """Follow these cameras and no other; what is followed already stays as it is."""
        wanted = {each.stream_id: each for each in cameras}
        for stream_id in self._cameras.keys() - wanted.keys():
            self._unfollow(stream_id)
        for stream_id in wanted.keys() - self._cameras.keys():
            tell = partial(told, wanted[stream_id])
            self._cameras[stream_id] = [self.coordinator.async_subscribe(kind, stream_id, tell) for kind in _LIVE]

    @callback
    def end(self) -> None:
        """Follow nothing more."""
        for stream_id in tuple(self._cameras):
            self._unfollow(stream_id)
        self._end_changes()

    def _unfollow(self, stream_id: str) -> None:
        for end in self._cameras.pop(stream_id):
            end()

"""Who is told of what is heard on which camera."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from homeassistant.core import CALLBACK_TYPE, HomeAssistant, callback
from homeassistant.helpers.dispatcher import async_dispatcher_send
from homeassistant.util.signal_type import SignalType

from .const import DOMAIN
from .heard import Confirmed, Forgotten, Gap, Hit, Partial, Segment

if TYPE_CHECKING:
    from .coordinator import WallflowerConfigEntry

type Heard = Hit | Confirmed | Segment | Partial | Forgotten | Gap

# For those who outlast a hub's reload: every hit and final sentence, with its hub.
SIGNAL_HEARD: SignalType[WallflowerConfigEntry, Hit | Segment] = SignalType(f"{DOMAIN}_heard")


class Subscriptions:
    """The callbacks of a hub, by the kind of what is told and by stream."""

    def __init__(self, hass: HomeAssistant, entry: WallflowerConfigEntry) -> None:
        """Start without any."""
        self._hass = hass
        self._entry = entry
        self._callbacks: dict[tuple[type, str], list[Callable[[Any], None]]] = {}

    @callback
    def async_add[T: Heard](self, kind: type[T], stream_id: str, told: Callable[[T], None]) -> CALLBACK_TYPE:
        """Call `told` for each one of this kind; returns what ends it, which may be called once."""
        callbacks = self._callbacks.setdefault((kind, stream_id), [])
        callbacks.append(told)

        @callback
        def async_remove() -> None:
            callbacks.remove(told)
            if not callbacks:
                del self._callbacks[kind, stream_id]

        return async_remove

    @callback
    def async_has(self, kind: type[Heard], stream_id: str) -> bool:
        """Whether anybody is told of this kind."""
        return (kind, stream_id) in self._callbacks

    @callback
    def async_tell(self, heard: Heard) -> bool:
        """Tell everybody who asked; False if that is nobody."""
        callbacks = list(self._callbacks.get((type(heard), heard.stream), ()))
        for told in callbacks:
            told(heard)
        if isinstance(heard, Hit | Segment):
            async_dispatcher_send(self._hass, SIGNAL_HEARD, self._entry, heard)
        return bool(callbacks)

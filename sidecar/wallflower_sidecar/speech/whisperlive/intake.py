"""What comes in on one session: read, and counted where it is garbage or too much."""

import logging

import aiohttp
from aiohttp import WSMsgType

from wallflower_sidecar.domain.clock import Clock

from . import wire

_LOGGER = logging.getLogger(__name__)

_FLOOD_MESSAGES = 1_000
_FLOOD_BYTES = 32 * 1_048_576
_FLOOD_S = 10.0


class Intake:
    """Reads the frames that a server sends under one uid."""

    def __init__(self, uid: str, clock: Clock) -> None:
        """Start with nothing read."""
        self.garbage = 0
        """Frames that no WhisperLive server sends."""
        self._uid = uid
        self._clock = clock
        self._since = clock.monotonic()
        self._messages = 0
        self._bytes = 0

    @property
    def flooded(self) -> bool:
        """Whether more came within the last seconds than a server has reason to send."""
        return self._messages > _FLOOD_MESSAGES or self._bytes > _FLOOD_BYTES

    def read(self, frame: aiohttp.WSMessage) -> wire.Incoming:
        """Read a text or binary frame; garbage reads as Unknown."""
        self._weigh(len(frame.data))
        try:
            if frame.type is not WSMsgType.TEXT:
                raise wire.BadMessageError("not text")
            message = wire.read(frame.data, self._uid)
        except wire.BadMessageError as error:
            self.garbage += 1
            level = logging.WARNING if self.garbage == 1 else logging.DEBUG
            _LOGGER.log(level, "the WhisperLive server sent something that is left out: %s", error)
            return wire.Unknown()
        if isinstance(message, wire.Warned):
            _LOGGER.warning("the WhisperLive server warns: %s", message.text)
        return message

    def _weigh(self, size: int) -> None:
        now = self._clock.monotonic()
        if now - self._since > _FLOOD_S:
            self._since, self._messages, self._bytes = now, 0, 0
        self._messages += 1
        self._bytes += size

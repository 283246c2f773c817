"""Whether a session listens at all: while nobody may, its sound is thrown away undecoded."""

from collections.abc import Callable

from av.audio.stream import AudioStream
from av.packet import Packet

from .hearing import Hearing


class Attention:
    """Passes a session's audio packets to a hearing, or to nobody.

    `take` and `close` are called by one thread, `listen` and `want_drafts` by any.
    """

    def __init__(self, make: Callable[[], Hearing], *, listens: bool) -> None:
        """`make` gives a hearing that has heard nothing yet."""
        self._make = make
        self._hearing = make()
        self._listens = listens
        self._forgets = False
        self._drafts_wanted = False
        self._passed_s = 0.0

    @property
    def level_dbfs(self) -> float | None:
        """The level of the newest sound that was heard."""
        return self._hearing.level_dbfs

    @property
    def passed_s(self) -> float:
        """How much sound came, heard or not."""
        return self._passed_s + self._hearing.heard_s

    @property
    def is_sound(self) -> bool:
        """Whether what came is worth the name, as far as can be told where it is not decoded."""
        return self.level_dbfs is not None or self._passed_s > 0

    def listen(self, *, wanted: bool) -> None:
        """Hear what comes, or forget what was heard and hear nothing more."""
        self._forgets = self._forgets or not wanted
        self._listens = wanted

    def want_drafts(self, *, wanted: bool) -> None:
        """Hand over utterances under way too, or no longer."""
        self._drafts_wanted = self._hearing.drafts_wanted = wanted

    def take(self, packet: Packet[AudioStream], arrival_s: float) -> bool:
        """Take in a packet, True when sound came of it; raises CaptureError as a hearing does."""
        self._forget()
        if self._listens:
            return self._hearing.take(packet, arrival_s)
        self._passed_s += float((packet.duration or 0) * (packet.time_base or 0))
        return True

    def close(self) -> None:
        """The session ends: hand on what was heard of an utterance under way."""
        self._forget()
        self._hearing.close()

    def _forget(self) -> None:
        if not self._forgets:
            return
        self._forgets = False
        self._passed_s += self._hearing.heard_s
        self._hearing.break_off()
        self._hearing = self._make()
        self._hearing.drafts_wanted = self._drafts_wanted

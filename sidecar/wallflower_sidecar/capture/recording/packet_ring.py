"""The last seconds of a session, held in memory from key frame to key frame."""

from collections import deque
from itertools import islice

from .packets import Placed

MAX_BYTES = 64 * 1024 * 1024
"""For each camera: 60 s of 8 Mb/s. A camera that sends more has a shorter pre-roll, the machine keeps its memory."""


class PacketRing:
    """Holds whole groups of pictures: the newest `span_s` seconds and the rest of the group they begin in."""

    def __init__(self, span_s: float, max_bytes: int = MAX_BYTES) -> None:
        """Hold nothing yet."""
        self.span_s = span_s
        self.bytes = 0
        self._max_bytes = max_bytes
        self._packets: deque[Placed] = deque()
        self._gone = 0
        self._starts: deque[tuple[int, float]] = deque()

    @property
    def begins_s(self) -> float | None:
        """Where what is held begins, None when nothing is."""
        return self._starts[0][1] if self._starts else None

    def add(self, packet: Placed) -> None:
        """Append a packet; nothing is held before the first with which a file may begin."""
        if packet.key:
            self._starts.append((self._gone + len(self._packets), packet.dts_s))
        elif not self._starts:
            return
        self._packets.append(packet)
        self.bytes += len(packet.data)
        while len(self._starts) > 1 and self._starts[1][1] <= packet.dts_s - self.span_s:
            self._drop_group()
        while self._starts and self.bytes > self._max_bytes:
            self._drop_group()

    def since(self, at_s: float, not_before_s: float = float("-inf")) -> list[Placed]:
        """From the last start at or before `at_s`, or from the first there is; never from before `not_before_s`."""
        allowed = [start for start in self._starts if start[1] >= not_before_s]
        if not allowed:
            return []
        number, _ = next((start for start in reversed(allowed) if start[1] <= at_s), allowed[0])
        return list(islice(self._packets, number - self._gone, None))

    def clear(self) -> None:
        """Let go of everything."""
        self._gone += len(self._packets)
        self._packets.clear()
        self._starts.clear()
        self.bytes = 0

    def _drop_group(self) -> None:
        self._starts.popleft()
        keep_from = self._starts[0][0] if self._starts else self._gone + len(self._packets)
        while self._gone < keep_from:
            self.bytes -= len(self._packets.popleft().data)
            self._gone += 1

"""The packets of a picture that are still to be decoded: an unbroken run of them, or none until the next key frame."""

from dataclasses import dataclass

MAX_BYTES = 16 * 1024 * 1024
"""Bytes of packets that may wait; beyond it they are given up until the next key frame."""

LATE_S = 4.0
"""Packets that wait this much longer than they need to are given up: the decoder does not keep up."""


@dataclass(frozen=True, slots=True)
class Run:
    """Packets to decode in this order; `anew` when the first is a key frame and not all before it was decoded."""

    packets: tuple[bytes, ...]
    anew: bool


class Backlog:
    """A key frame overtakes all that waits before it: nobody needs that any more. Not for several threads at once."""

    def __init__(self) -> None:
        """Wait for a key frame."""
        self.busy = False
        """Whether the run that was taken last is still being decoded."""

        self.skipped = 0
        """Packets that were given up because the decoder was too slow for them."""

        self._packets: list[bytes] = []
        self._bytes = 0
        self._since_s = 0.0
        self._broken = True
        self._anew = True

    def __bool__(self) -> bool:
        """Whether something waits."""
        return bool(self._packets)

    def begin(self, packets: tuple[bytes, ...], now_s: float, *, whole: bool) -> None:
        """Start over with packets from a key frame on; if they are not `whole`, only a key frame can follow them."""
        self._packets, self._bytes, self._since_s = list(packets), sum(map(len, packets)), now_s
        self._broken = not (packets and whole)
        self._anew = True

    def add(self, packet: bytes, arrival_s: float, *, key: bool) -> None:
        """Take in the packet that arrived next."""
        if key:
            if self.busy:
                self.skipped += len(self._packets)
            undecoded = self._anew or self._broken or bool(self._packets)
            self.begin((packet,), arrival_s, whole=True)
            self._anew = undecoded
        elif self._bytes + len(packet) > MAX_BYTES:
            self.give_up()
        elif not self._broken:
            self._since_s = self._since_s if self._packets else arrival_s
            self._packets.append(packet)
            self._bytes += len(packet)

    def take(self, now_s: float, interval_s: float) -> Run | None:
        """Hand out all that waits, for pictures that are wanted every `interval_s`; None when it came too late."""
        if now_s - self._since_s > interval_s + LATE_S:
            self.give_up()
            return None
        run = Run(tuple(self._packets), self._anew)
        self._packets, self._bytes, self._anew = [], 0, False
        return run

    def give_up(self) -> None:
        """Drop what waits, and go on with the next key frame."""
        self.skipped += len(self._packets)
        self._packets, self._bytes = [], 0
        self._broken = self._anew = True

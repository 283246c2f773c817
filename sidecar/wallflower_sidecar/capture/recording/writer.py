"""The thread that writes one session's packets: everything, or in mode `keyword` what `Keep` asks for."""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, replace
import logging
from pathlib import Path
import threading
from typing import Protocol

from ...domain.clock import Clock
from ...domain.errors import CaptureCode
from ...domain.recordings import SavedFile
from ..messages import Keep, Record, StopRecording
from .clock import RecordingClock
from .disk import RecordingDisks
from .file_sequence import FileSequence
from .packet_queue import PacketQueue
from .packet_ring import PacketRing
from .packets import Placed, Tracks
from .timeline import Interleaver, Timeline

UTTERANCE_S = 25.0
RECOGNISED_S = 10.0
"""A hit is known at the end of the longest utterance and its recognition: so much is held beyond the pre-roll."""

TURN_S = 0.5
LOOK_S = 5.0
_SHORT_S = 10.0
"""A recording that begins so much later than asked for is worth a word; key frames are that far apart at most."""

_RUN_ON_S = 10.0
"""A kept stretch goes on to the next key frame, where another could begin; no longer than this."""

_PICTURE_GONE_S = 10.0
"""Without a picture for so long, files begin with sound."""

type Order = Record | Keep | StopRecording


class Tell(Protocol):
    """Hears whether a file is written and what keeps it from being so, also when nothing changed."""

    def __call__(self, *, writing: bool, code: str | None) -> None:
        """Take it in."""


_LOGGER = logging.getLogger(__name__)


@dataclass(slots=True)
class _Kept:
    """A stretch of the line that is to be on disk."""

    begins_s: float
    ends_s: float


class RecordingWriter:
    """Runs in its own thread (`run`), which alone touches the disk; `obey` and `end` may be called from any."""

    def __init__(
        self,
        tracks: Tracks,
        queue: PacketQueue,
        clock: Clock,
        disks: RecordingDisks,
        tell: Tell,
        saved: Callable[[SavedFile], None],
    ) -> None:
        """Wait for orders; `tell` hears whether a file is written and what is wrong."""
        self.busy_since_s: float | None = None
        """Since when (monotonic) the same packet or call to the disk takes, None while there is nothing to do."""

        self._queue = queue
        self._clock = clock
        self._tell = tell
        self._inbox: deque[Order] = deque()
        self._wake = threading.Event()
        self._ending = False
        self._orders: Record | None = None
        self._timeline = Timeline()
        self._interleaver = Interleaver() if tracks.video and tracks.audio else Interleaver(0.0)
        self._line = RecordingClock(clock)
        self._files = FileSequence(tracks, clock, self._line, disks.floor_bytes, saved)
        self._ring = PacketRing(0.0)
        self._kept: _Kept | None = None
        self._looked_s = float("-inf")
        self._picture_s: float | None = None

    @property
    def lost(self) -> int:
        """Packets that were to be written and could not be."""
        return self._files.lost

    def obey(self, order: Order) -> None:
        """Carry out an order with the next turn."""
        self._inbox.append(order)
        self._wake.set()

    def end(self) -> None:
        """Write what is waiting, finish the file and end."""
        self._ending = True
        self._wake.set()

    def run(self) -> None:
        """Write until told to end."""
        try:
            while not self._ending:
                self._wake.wait(TURN_S if self._orders else None)
                self._wake.clear()
                self._turn()
            self._last_turn()
        finally:
            self.busy_since_s = None

    def _turn(self) -> None:
        try:
            self._work()
        except Exception:
            _LOGGER.exception("a turn of recording failed")
            self._files.fail(CaptureCode.INTERNAL)
        self.busy_since_s = None
        self._tell(writing=self._files.is_open, code=self._files.fault)

    def _last_turn(self) -> None:
        try:
            self._work()
            self._write_waiting()
        finally:
            self._files.close()
            self._forget()
            self._tell(writing=False, code=self._files.fault)

    def _work(self) -> None:
        self._note_progress()
        while self._inbox:
            self._carry_out(self._inbox.popleft())
        if self._orders and self._clock.monotonic() - self._looked_s >= LOOK_S:
            self._files.look_at_disk()
            self._looked_s = self._clock.monotonic()
        self._drain()

    def _drain(self) -> None:
        """Put what waits in order and write what is due."""
        while (sample := self._queue.take()) is not None:
            self._note_progress()
            placed = self._timeline.place(sample)
            self._line.observe(placed, sample.arrival_s)
            self._interleaver.push(placed)
            while (packet := self._interleaver.pop()) is not None:
                self._go(packet)

    def _write_waiting(self) -> None:
        """Write all there is, due or not."""
        self._drain()
        for packet in self._interleaver.flush():
            self._go(packet)

    def _note_progress(self) -> None:
        self.busy_since_s = self._clock.monotonic()

    def _carry_out(self, order: Order) -> None:
        match order:
            case Record():
                self._take_up(order)
            case StopRecording():
                self._write_waiting()
                self._files.finish()
                self._forget()
                self._orders = None
                self._files.fault = None
            case Keep(_, start, end):
                self._keep(self._line.line_s(start), self._line.line_s(end))

    def _take_up(self, orders: Record) -> None:
        before, self._orders = self._orders, orders
        self._files.go_to(Path(orders.root), orders.stream, orders.segment_s)
        if before is not None and before.mode != orders.mode:
            if orders.mode == "keyword":
                self._files.finish()
            self._forget()
        self._ring.span_s = orders.pre_s + UTTERANCE_S + RECOGNISED_S
        self._looked_s = float("-inf")

    def _forget(self) -> None:
        self._ring.clear()
        self._kept = None

    def _go(self, packet: Placed) -> None:
        if self._orders is None:
            return
        packet = self._startable(packet)
        if self._orders.mode == "continuous":
            self._files.add(packet)
            return
        self._ring.add(packet)
        if self._kept is None:
            return
        if self._files.is_open:
            self._extend(packet)
        elif packet.key:
            self._write_kept()

    def _startable(self, packet: Placed) -> Placed:
        """Sound begins files where a picture was promised and does not come."""
        if packet.kind == "video" or self._picture_s is None:
            self._picture_s = packet.dts_s
        if packet.dts_s - self._picture_s > _PICTURE_GONE_S:
            return replace(packet, key=True)
        return packet

    def _keep(self, begins_s: float, ends_s: float) -> None:
        if self._orders is None or self._orders.mode != "keyword":
            return
        if self._kept is None:
            self._kept = _Kept(begins_s, ends_s)
        else:
            self._kept.begins_s = min(self._kept.begins_s, begins_s)
            self._kept.ends_s = max(self._kept.ends_s, ends_s)
        if not self._files.is_open:
            self._write_kept()

    def _write_kept(self) -> None:
        """Begin a file with what is held in memory."""
        kept = self._kept
        if kept is None or not self._files.may_begin:
            return
        held_s = self._ring.begins_s
        if held_s is not None and held_s > kept.ends_s:
            _LOGGER.warning("a hit was known late: nothing of its recording is left")
            self._kept = None
            return
        if held_s is not None and held_s > kept.begins_s + _SHORT_S:
            _LOGGER.warning("a hit was known late: the first %.0f s of its recording are gone", held_s - kept.begins_s)
        for packet in self._ring.since(kept.begins_s, self._files.ended_s):
            self._note_progress()
            self._extend(packet)
            if self._kept is None or not self._files.may_begin:
                return

    def _extend(self, packet: Placed) -> None:
        """Write a packet of what is kept, or end the file where that ends."""
        kept = self._kept
        if kept is None:
            return
        if packet.dts_s >= kept.ends_s and (packet.key or packet.dts_s >= kept.ends_s + _RUN_ON_S):
            self._files.finish(packet.dts_s if packet.key else None)
            self._kept = None
        else:
            self._files.add(packet)

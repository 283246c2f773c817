"""One live source: a clip sent in real time, round and round, with RTP times that never jump."""

import asyncio
from bisect import bisect_left
from collections import deque
from collections.abc import Iterable, Sequence
import contextlib
from dataclasses import dataclass, replace
from fractions import Fraction
import os
from pathlib import Path
import time
from typing import Protocol

from .rtp_clip import Kind, RtpBurst, RtpClip
from .rtp_packets import RtpStream

REPORT_EVERY_S = 5.0
LOOPS_KEPT = 10_000


@dataclass(frozen=True, slots=True)
class Loop:
    """One passage of a clip, as it was sent."""

    clip: Path
    began_at: float
    """Wall-clock time (seconds since 1970) at which the clip's media time zero was sent."""

    ended_at: float | None = None
    """Wall-clock time at which the next passage began; None while this one is under way."""

    def wall_time(self, media_s: float) -> float | None:
        """Return when (seconds since 1970) this second is sent, None if the passage ended before it."""
        at = self.began_at + media_s
        return at if self.ended_at is None or at < self.ended_at else None


class RtpSink(Protocol):
    """A client that is being sent a source."""

    def send_rtp(self, kind: Kind, packets: Sequence[bytes]) -> None:
        """Take RTP packets of one medium; what it did not set up it ignores."""

    def send_rtcp(self, kind: Kind, packet: bytes) -> None:
        """Take a sender report."""


class RtpSource:
    """Sends one clip after another to whoever listens; live: it goes on while nobody does."""

    def __init__(self, clip: RtpClip) -> None:
        """Prepare to send the clip; nothing is sent before run()."""
        self.frozen = False
        self.garbage = False
        self.stuck = False
        """Every packet bears the time of the one before."""

        self.withheld: frozenset[Kind] = frozenset()
        """Media of which nothing is sent."""

        self.clip = clip
        self._streams: dict[Kind, RtpStream] = {}
        self._number(clip)
        self._sinks: set[RtpSink] = set()
        self._loops: deque[Loop] = deque(maxlen=LOOPS_KEPT)
        self._began_mono = time.monotonic()
        self._began_wall = time.time()
        self._next_start = Fraction(0)
        self._wake = asyncio.Event()
        self._replacing = asyncio.Lock()
        self._replacement: tuple[RtpClip, asyncio.Future[Loop]] | None = None

    @property
    def loops(self) -> tuple[Loop, ...]:
        """The passages sent so far, oldest first; the last one is under way."""
        return tuple(self._loops)

    def wall_times(self, media_s: float) -> list[float]:
        """Return when (seconds since 1970) this second of the present clip was sent, up to now."""
        times = (loop.wall_time(media_s) for loop in self._loops if loop.clip == self.clip.path)
        return [at for at in times if at is not None and at <= time.time()]

    def add(self, sink: RtpSink) -> None:
        """Start sending to a client, each medium's sender report first."""
        self._sinks.add(sink)
        self._wake.set()
        self._report((sink,))

    def discard(self, sink: RtpSink) -> None:
        """Stop sending to a client."""
        self._sinks.discard(sink)

    def position(self, kind: Kind) -> tuple[int, int]:
        """Return a medium's next sequence number and its RTP time now (for RTP-Info)."""
        stream = self._streams[kind]
        return stream.sequence, stream.rtp_time(int(self._elapsed() * stream.clock_rate))

    def jump(self, seconds: float, kind: Kind | None = None) -> None:
        """Let the RTP times of all media (or one) jump, ahead or back; the sound goes on."""
        for each, stream in self._streams.items():
            if kind in (None, each):
                stream.time_base += round(seconds * stream.clock_rate)

    def renumber(self, step: int | None = None) -> None:
        """Begin sequence numbers (or move them by `step`) and RTP times anew, as after a camera's own restart."""
        for kind, stream in self._streams.items():
            anew = self._streams[kind] = RtpStream(stream.payload_type, stream.clock_rate)
            if step is not None:
                anew.sequence = (stream.sequence + step) & 0xFFFF

    async def replace(self, clip: RtpClip) -> Loop:
        """Send this clip from its beginning as soon as the sound sent so far ends; return its first passage."""
        async with self._replacing:
            under_way: asyncio.Future[Loop] = asyncio.get_running_loop().create_future()
            self._replacement = (clip, under_way)
            self._wake.set()
            return await under_way

    async def run(self) -> None:
        """Send until cancelled."""
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._report_often())
                while True:
                    await self._send_once_through()
        finally:
            if self._replacement is not None:
                self._replacement[1].cancel()

    async def _send_once_through(self) -> None:
        """Send the clip from its beginning to its end, or until another is to take its place."""
        start = self._next_start
        self._begin(start)
        bursts = self.clip.bursts
        index = 0
        while index < len(bursts):
            if not self._sinks and self._replacement is None:
                await self._idle(until_s=float(start + self.clip.period))
                position_s = self._elapsed() - float(start)
                index = max(index, bisect_left(bursts, position_s, key=lambda burst: burst.due_s))
                continue
            burst = bursts[index]
            if self._replacement is not None and burst.kind == self.clip.tracks[-1].kind:
                self._next_start = start + Fraction(burst.ticks, self._streams[burst.kind].clock_rate)
                return
            await asyncio.sleep(float(start) + burst.due_s - self._elapsed())
            self._send(burst, start)
            index += 1
        self._next_start = start + self.clip.period

    def _begin(self, start: Fraction) -> None:
        """Take up the waiting clip, if there is one, and note when this passage begins."""
        replacement, self._replacement = self._replacement, None
        if replacement is not None:
            self.clip = replacement[0]
            self._number(self.clip)
        first_packet_at = time.time() + float(start) - self._elapsed()
        if self._loops:
            self._loops[-1] = replace(self._loops[-1], ended_at=first_packet_at)
        self._loops.append(Loop(self.clip.path, first_packet_at + self.clip.lead_s))
        if replacement is not None and not replacement[1].done():
            replacement[1].set_result(self._loops[-1])

    def _number(self, clip: RtpClip) -> None:
        """Carry each medium's numbering on; a medium with another clock is a new RTP stream."""
        for track in clip.tracks:
            stream = self._streams.get(track.kind)
            if stream is None or stream.clock_rate != track.clock_rate:
                self._streams[track.kind] = RtpStream(track.payload_type, track.clock_rate)
            else:
                stream.payload_type = track.payload_type

    async def _idle(self, until_s: float) -> None:
        """Wait while nobody listens, at most until this moment of the source's time."""
        self._wake.clear()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(until_s - self._elapsed()):
                await self._wake.wait()

    def _send(self, burst: RtpBurst, start: Fraction) -> None:
        stream = self._streams[burst.kind]
        payloads = burst.packets
        if self.garbage:
            payloads = tuple((marker, os.urandom(len(payload))) for marker, payload in payloads)
        ticks = round(start * stream.clock_rate) + burst.ticks
        stream.last_ticks = stream.last_ticks if self.stuck else ticks
        packets = stream.packets(stream.last_ticks, payloads)
        if not self.frozen and burst.kind not in self.withheld:
            for sink in tuple(self._sinks):
                sink.send_rtp(burst.kind, packets)

    async def _report_often(self) -> None:
        while True:
            await asyncio.sleep(REPORT_EVERY_S)
            self._report(tuple(self._sinks))

    def _report(self, sinks: Iterable[RtpSink]) -> None:
        if self.frozen:
            return
        elapsed_s = self._elapsed()
        for kind, stream in self._streams.items():
            report = stream.sender_report(self._began_wall + elapsed_s, elapsed_s)
            for sink in sinks:
                sink.send_rtcp(kind, report)

    def _elapsed(self) -> float:
        return time.monotonic() - self._began_mono

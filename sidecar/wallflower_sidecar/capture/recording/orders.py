"""What one stream's sessions are told to record, and what came of it. Pure but for what it asks to be sent."""

from datetime import datetime
from pathlib import Path
from typing import Literal

from ...domain.clock import Clock
from ...domain.errors import CaptureCode, ConflictError
from ...domain.streams import RecordingMode, StorePolicy, Stream
from ..messages import Keep, Record, StopRecording, Writing
from ..stream.attempt import Attempt
from ..stream.ear import Passing

type Mode = Literal["continuous", "keyword"]

SEGMENT_S = 60.0
"""How long a file lasts: what a crash may cost, against the number of files."""

KEY_FRAMES_S = 10.0
"""So far apart key frames may be: who held packets for so long can begin a file in the past."""

MARGIN_S = 1.5
"""So much before the old session's last packet the new one begins: better twice, which clips leave out, than lost."""

_MOST_KEEPS = 64


def mode_of(stream: Stream, *, by_hand: bool) -> Mode | None:
    """Return how a stream is recorded, None while it is not."""
    if not stream.enabled or not may_record(stream):
        return None
    if by_hand:
        return "continuous"
    if stream.recording.mode is RecordingMode.OFF:
        return None
    keywords_only = stream.store is StorePolicy.KEYWORDS or stream.recording.mode is RecordingMode.KEYWORD
    if keywords_only:
        return "keyword" if stream.transcribe else None  # nobody hears a keyword then
    return "continuous"


def may_record(stream: Stream) -> bool:
    """Whether pictures and sound of a stream may be kept at all."""
    return stream.store in (StorePolicy.ALL, StorePolicy.KEYWORDS)


class RecordingOrders:
    """One stream's recording: who was told what, who writes, and what keeps the disk from taking it."""

    def __init__(self, stream: Stream, root: Path | None, clock: Clock) -> None:
        """Record below `root`; without one nothing is recorded."""
        self.fault: CaptureCode | None = None
        """What was last wrong with the disk; None while it is well or nothing is recorded."""

        self._stream = stream
        self._root = root
        self._clock = clock
        self._by_hand = False
        self._on_hold = False
        self._given: dict[Attempt, Record] = {}
        self._holding: set[Attempt] = set()
        self._writing: set[Attempt] = set()
        self._keeps: list[tuple[float, float]] = []

    @property
    def mode(self) -> Mode | None:
        """How the stream is recorded now, None while it is not."""
        return None if self._on_hold else self._wanted_mode

    @property
    def is_wanted(self) -> bool:
        """Whether the stream is to be recorded, also while that is on hold."""
        return self._wanted_mode is not None

    @property
    def _wanted_mode(self) -> Mode | None:
        return None if self._root is None else mode_of(self._stream, by_hand=self._by_hand)

    @property
    def writing(self) -> bool:
        """Whether a session writes now."""
        return bool(self._writing)

    def follow(self, stream: Stream) -> None:
        """Take up a new configuration; what may not be kept is not kept by hand either."""
        self._stream = stream
        self._by_hand = self._by_hand and may_record(stream)

    def by_hand(self, *, on: bool) -> None:
        """Record continuously, or no longer by hand; raises ConflictError where nothing may be kept."""
        if on and self._root is None:
            raise ConflictError("There is no folder for recordings.")
        if on and not may_record(self._stream):
            raise ConflictError("This stream keeps no recordings. Change what it stores first.")
        self._by_hand = on

    def hold(self, *, on: bool) -> None:
        """Write nothing for a moment, and drop what is held in memory; or go on."""
        self._on_hold = on
        if on:
            self._keeps.clear()

    def give(self, attempts: list[Attempt]) -> None:
        """Tell each session what it does not know yet."""
        if self.mode is None:
            self.fault = None
        for attempt in attempts:
            self._give(attempt)

    def keep(self, start: datetime, end: datetime) -> None:
        """Have this time on disk where keywords are recorded, also by the next session, or after recording by hand."""
        if self.mode is None or mode_of(self._stream, by_hand=False) != "keyword":
            return
        span = start.timestamp(), end.timestamp()
        self._keeps = [*self._to_come(), span][-_MOST_KEEPS:]
        for attempt in self._given.keys() - self._holding:
            attempt.line.send(Keep(attempt.session, *span))

    def lead_s(self, current: Attempt) -> float:
        """How long the next session must hold packets in memory, so that it can write on where `current` ends."""
        if current not in self._given:
            return 0.0
        return max(KEY_FRAMES_S, self._stream.recording.pre_s if self.mode == "keyword" else 0.0)

    def hand_over(self, before: Attempt, after: Attempt) -> None:
        """From now on `after`, which only held packets, writes: from shortly before the last that `before` had."""
        if after in self._holding:
            self._holding.discard(after)
            if before in self._writing:
                self._writing.add(after)
            since = self._time_of(before.last_packet_s) - MARGIN_S
            until = self._clock.now().timestamp() + SEGMENT_S
            for start, end in [(since, until)] if self.mode == "continuous" else self._to_come():
                after.line.send(Keep(after.session, max(start, since), end))
        self._give(after)

    def wrote(self, attempt: Attempt, report: Writing) -> None:
        """A session began or ceased to write."""
        if report.writing:
            self._writing.add(attempt)
        else:
            self._writing.discard(attempt)
        if self.mode is not None:
            self.fault = CaptureCode(report.code) if report.code else None

    def ended(self, attempt: Attempt) -> None:
        """A session is gone."""
        self._given.pop(attempt, None)
        self._writing.discard(attempt)
        self._holding.discard(attempt)

    def _give(self, attempt: Attempt) -> None:
        order = self._order(attempt)
        before = self._given.get(attempt)
        if order == before or attempt.ending is not None:
            return
        if order is None:
            del self._given[attempt]
            self._holding.discard(attempt)
            attempt.line.send(StopRecording(attempt.session))
        elif attempt.line.send(order):
            self._given[attempt] = order
            if self._holds(attempt):
                self._holding.add(attempt)
            elif order.mode == "keyword" and (before is None or before.mode != "keyword"):
                for span in self._to_come():
                    attempt.line.send(Keep(attempt.session, *span))

    def _order(self, attempt: Attempt) -> Record | None:
        mode = self.mode
        if mode is None or self._root is None or not attempt.is_whole:
            return None
        if self._holds(attempt):
            mode = "keyword"
        stream = self._stream
        return Record(attempt.session, str(self._root), stream.id, mode, stream.recording.pre_s, SEGMENT_S)

    def _holds(self, attempt: Attempt) -> bool:
        """Whether a session waits to take over from one that records: two would write the same."""
        records = any(other.ending is None for other in self._given if other is not attempt)
        return records and attempt.ear.passing is Passing.HELD

    def _time_of(self, monotonic_s: float | None) -> float:
        """The wall-clock time (seconds since 1970) of a moment of the monotonic clock; now, where there is none."""
        ago_s = 0.0 if monotonic_s is None else self._clock.monotonic() - monotonic_s
        return self._clock.now().timestamp() - ago_s

    def _to_come(self) -> list[tuple[float, float]]:
        now = self._clock.now().timestamp()
        return [span for span in self._keeps if span[1] > now]

"""From a session's audio packets to speech with wall-clock times."""

from collections.abc import Callable
from contextlib import AbstractContextManager

import av
from av.audio.stream import AudioStream
from av.packet import Packet
import numpy as np

from ...domain.clock import Clock
from ...domain.errors import CaptureCode, CaptureError
from ...domain.transcripts import SAMPLE_RATE
from ..messages import Growing, Report, SpeechEdge, Spoken
from . import gate
from .floor import Samples, rms_dbfs
from .gate import Gate, GateEvent, SpeechEnded, SpeechStarted
from .sound import Piece, Resampler, decode
from .sound_pace import SoundPace
from .wallclock import WallClock

BLOCK_S = 0.5
"""Sound is decoded and looked at in blocks of this length while nobody speaks: what costs is each look."""

BLOCK_SPEAKING_S = 0.12
"""And in shorter ones while somebody does, so that the end of speech is noticed soon."""

_BURST = 32
_LONGEST_FILLED_GAP_S = 2.0
_JUDGED_EVERY_S = 1.5
_DAMAGED = 2
"""So many judgements in a row find mostly damaged packets: after one the network may be to blame."""
_SAME_S = 0.05


class Hearing:
    """Takes a session's audio packets in order; hands on speech through `report`. Used by one thread.

    `drafts_wanted`, which any thread may set, has speech under way handed on too. `heard_s` is how much sound came.
    """

    def __init__(
        self, session: int, clock: Clock, report: Callable[[Report], None], turn: AbstractContextManager[object]
    ) -> None:
        """Hear for one session; within `turn` it works on a block.

        Sessions that work at once only take the interpreter's lock from each other, which costs.
        """
        self.level_dbfs: float | None = None
        self.heard_s = 0.0
        self.drafts_wanted = False
        self._session = session
        self._clock = clock
        self._report = report
        self._turn = turn
        self._gate = Gate()
        self._wall = WallClock(clock)
        self._resampler = Resampler()
        self._waiting: list[tuple[Packet[AudioStream], float]] = []
        self._gate_starts_s = self._told_start = 0.0
        self._good = self._bad = self._damaged = 0
        self._judged_at: float | None = None
        self._understood = False
        self._pace = SoundPace()

    def take(self, packet: Packet[AudioStream], arrival_s: float) -> bool:
        """Take in a packet, True when sound was decoded now; raises CaptureError when most cannot be (any more)."""
        self._waiting.append((packet, arrival_s))
        block_s = BLOCK_SPEAKING_S if self._gate.speaking else BLOCK_S
        if self.level_dbfs is None:
            block_s = 0.0
        if arrival_s - self._waiting[0][1] < block_s and len(self._waiting) < _BURST:
            return False
        with self._turn:
            heard = self._work()
        self._judge(arrival_s)
        return heard

    def close(self) -> None:
        """The session ends: hand on what was heard of an utterance under way."""
        self._work()
        self._tell(self._gate.flush())

    def break_off(self) -> None:
        """Hand on nothing more: an utterance under way only ends."""
        self._tell([event for event in self._gate.flush() if isinstance(event, SpeechEnded)])

    def _work(self) -> bool:
        """Decode what waits; whether there was sound in it."""
        pieces = self._decode()
        if not pieces:
            return False
        run: list[Piece] = []
        for piece in pieces:
            gap_s = self._wall.place(piece.pts_s, piece.duration_s, piece.arrival_s)
            if gap_s:
                self._push(self._resampler.convert(run))
                run = []
                self._bridge(gap_s)
            run.append(piece)
        self.heard_s += sum(piece.duration_s for piece in pieces)
        self._pace.note(pieces)
        self._push(self._resampler.convert(run))
        # Resampling makes the gate's count differ by some samples: what comes next starts where it belongs.
        self._gate_starts_s = self._wall.media_s - self._gate.position / SAMPLE_RATE
        return True

    def _bridge(self, gap_s: float) -> None:
        """Put silence in the place of sound that was lost; after a long loss begin anew."""
        if gap_s <= _LONGEST_FILLED_GAP_S:
            self._push(np.zeros(round(gap_s * SAMPLE_RATE), np.int16))
        else:
            self._tell(self._gate.flush())
            self._gate_starts_s += gap_s

    def _decode(self) -> list[Piece]:
        pieces: list[Piece] = []
        for packet, arrival_s in self._waiting:
            try:
                pieces.extend(decode(packet, arrival_s))
                self._good += 1
            except av.FFmpegError:
                self._bad += 1
        self._waiting.clear()
        return pieces

    def _judge(self, now_s: float) -> None:
        if self._judged_at is None:
            self._judged_at = now_s
        if now_s - self._judged_at >= _JUDGED_EVERY_S:
            self._damaged = self._damaged + 1 if self._bad > self._good else 0
            if self._damaged >= _DAMAGED:
                raise CaptureError(CaptureCode.CODEC_CHANGED if self._understood else CaptureCode.CORRUPT_STREAM)
            if self._pace.is_lost(now_s):
                raise CaptureError(CaptureCode.CODEC_CHANGED)
            self._understood = self._understood or not self._damaged
            self._good = self._bad = 0
            self._judged_at = now_s

    def _push(self, samples: Samples) -> None:
        if len(samples):
            self.level_dbfs = rms_dbfs(samples)
            self._tell(self._gate.push(samples))
            if self.drafts_wanted:
                self._tell_draft()

    def _tell_draft(self) -> None:
        draft = self._gate.draft()
        if draft is not None:
            start, end, pcm_start = self._span(draft, self._epochs())
            self._report(Growing(self._session, draft.utterance, start, end, pcm_start, draft.pcm))

    def _tell(self, events: list[GateEvent]) -> None:
        if not events:
            return
        epoch = self._epochs()
        for event in events:
            match event:
                case SpeechStarted(utterance, at):
                    self._told_start = epoch(at)
                    self._report(SpeechEdge(self._session, utterance, started=True, at=self._told_start))
                case SpeechEnded(utterance, at):
                    self._report(SpeechEdge(self._session, utterance, started=False, at=epoch(at)))
                case _:
                    start, end, pcm_start = self._span(event, epoch)
                    self._report(Spoken(self._session, event.utterance, start, end, pcm_start, event.pcm))

    def _span(self, talk: gate.Heard | gate.Growing, epoch: Callable[[int], float]) -> tuple[float, float, float]:
        """Start, end and first sample; it started as was told, unless the clock was stepped or proved wrong since."""
        start, end, pcm_start = map(epoch, (talk.start, talk.end, talk.pcm_start))
        moved_s = self._told_start - start
        if abs(moved_s) > _SAME_S:
            moved_s = 0.0
        return start + moved_s, end, pcm_start + moved_s

    def _epochs(self) -> Callable[[int], float]:
        """From a sample's number to seconds since 1970, all by one reading of the clock."""
        utc = self._wall.reading()
        return lambda position: utc(self._gate_starts_s + position / SAMPLE_RATE).timestamp()

"""Cuts utterances out of endless sound. Pure: time is the number of samples taken in."""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import webrtcvad

from ...domain.transcripts import SAMPLE_RATE, new_id
from .floor import FRAME, NoiseFloor, Samples, speech_levels
from .talk import STEADY_FRAMES, Frame, Talk, end_of_speech, quietest, start_of_speech, steady_noise

_FRAME_S = FRAME / SAMPLE_RATE
_LOWEST_FLOOR_DBFS = -85.0
_WARM_UP_FRAMES = 4
"""WebRTC's detector takes its very first frames for speech, whatever they are (measured: up to 4)."""

_LEARNING_FRAMES = 333
"""For 10 s WebRTC's detector is shown the room's noise too: a click is speech to it if it knows nothing else."""

_BLIP_FRAMES = 3
_QUIET_FRAMES = 5


@dataclass(frozen=True, slots=True)
class GateSettings:
    """Seconds, and decibels above the noise floor from which a frame is worth a look.

    A shouted "Help!" is 0.22 s of sound (measured), so the minimum is below that.
    """

    pre_roll_s: float = 0.3
    hangover_s: float = 0.6
    tail_s: float = 0.3
    minimum_s: float = 0.18
    maximum_s: float = 25.0
    cut_from_s: float = 15.0
    margin_db: float = 6.0
    margin_open_db: float = 3.0
    margin_edge_db: float = 4.0
    vad_mode: int = 2
    draft_first_s: float = 0.8
    draft_every_s: float = 1.0
    draft_every_part: float = 0.15
    """Of the speech so far: a draft decodes all of it anew, so the longer it is, the longer the next one waits."""


@dataclass(frozen=True, slots=True)
class SpeechStarted:
    """Somebody speaks since sample `at`."""

    utterance: str
    at: int


@dataclass(frozen=True, slots=True)
class SpeechEnded:
    """The last speech of the utterance ended at sample `at`; one for each SpeechStarted."""

    utterance: str
    at: int


@dataclass(frozen=True, slots=True)
class Heard:
    """The sound (int16 mono 16 kHz) from sample `pcm_start`; `start` and `end` are without any padding."""

    utterance: str
    start: int
    end: int
    pcm_start: int
    pcm: bytes


@dataclass(frozen=True, slots=True)
class Growing:
    """Speech under way as it stands; `end` is its last speech so far, the rest as in Heard."""

    utterance: str
    start: int
    end: int
    pcm_start: int
    pcm: bytes


type GateEvent = SpeechStarted | SpeechEnded | Heard


class Gate:
    """Level first, WebRTC's detector where it is loud enough; pre-roll, hangover, minimum, maximum."""

    def __init__(self, settings: GateSettings | None = None, make_id: Callable[[], str] = new_id) -> None:
        """Start at sample 0 with a closed gate."""
        self._settings = settings or GateSettings()
        self._make_id = make_id
        self._vad = webrtcvad.Vad(self._settings.vad_mode)
        self._warm_up = _WARM_UP_FRAMES + 1
        self._floor = NoiseFloor()
        self._rest = np.empty(0, np.int16)
        self._next = 0
        self._before: deque[Frame] = deque(maxlen=_frames(self._settings.pre_roll_s))
        self._talk: Talk | None = None

    @property
    def position(self) -> int:
        """Samples taken in so far."""
        return self._next * FRAME + len(self._rest)

    @property
    def speaking(self) -> bool:
        """Whether speech is under way or may just have begun."""
        return self._talk is not None

    def push(self, samples: Samples) -> list[GateEvent]:
        """Take in the next samples; returns what became certain."""
        sound = np.concatenate((self._rest, samples))
        count = len(sound) // FRAME
        self._rest = sound[count * FRAME :]
        if count == 0:
            return []
        frames = sound[: count * FRAME].reshape(count, FRAME)
        levels = speech_levels(frames)
        threshold = max(self._floor.dbfs, _LOWEST_FLOOR_DBFS)
        self._floor.observe(levels)
        pcm = frames.tobytes()
        cut = [pcm[i * FRAME * 2 : (i + 1) * FRAME * 2] for i in range(count)]
        shown = _LOWEST_FLOOR_DBFS if self._next < _LEARNING_FRAMES else threshold
        if self._talk is None and float(levels.max()) < shown + self._settings.margin_db:
            self._next += count
            self._before.extend(Frame(*each, voiced=False) for each in zip(cut, levels.tolist(), strict=True))
            return []
        events: list[GateEvent] = []
        for each, level in zip(cut, levels.tolist(), strict=True):
            margin = self._margin_db()
            voiced = level >= shown + margin and self._is_speech(each) and level >= threshold + margin
            self._step(Frame(each, level, voiced), events)
        return events

    def draft(self) -> Growing | None:
        """The speech under way as it stands, None unless enough of it is new since the last draft."""
        talk = self._talk
        if talk is None or not talk.started:
            return None
        end = talk.last + 1
        if (end - (talk.drafted or talk.first)) * _FRAME_S < self._draft_due_s(talk):
            return None
        talk.drafted = end
        return Growing(talk.id, talk.first * FRAME, end * FRAME, talk.begin * FRAME, self._sound(talk))

    def _draft_due_s(self, talk: Talk) -> float:
        if talk.drafted is None:
            return self._settings.draft_first_s
        spoken_s = (talk.drafted - talk.first) * _FRAME_S
        return max(self._settings.draft_every_s, self._settings.draft_every_part * spoken_s)

    def flush(self) -> list[GateEvent]:
        """End the utterance under way here, as the sound breaks off."""
        events: list[GateEvent] = []
        if self._talk is not None:
            self._close(self._talk, events)
        self._before.clear()
        self._next, self._rest = self._next + -(-len(self._rest) // FRAME), self._rest[:0]
        return events

    def _margin_db(self) -> float:
        """How far speech must stand out now; after a pause as far as to begin, or any noise would keep it going."""
        goes_on = self._talk is not None and self._next - self._talk.last <= _QUIET_FRAMES
        return self._settings.margin_open_db if goes_on else self._settings.margin_db

    def _is_speech(self, pcm: bytes) -> bool:
        speech: bool = self._vad.is_speech(pcm, SAMPLE_RATE)
        self._warm_up = max(0, self._warm_up - 1)
        return speech and not self._warm_up

    def _step(self, frame: Frame, events: list[GateEvent]) -> None:
        number, self._next = self._next, self._next + 1
        talk = self._talk
        if talk is None:
            if not frame.voiced:
                self._before.append(frame)
                return
            begin = number - len(self._before)
            talk = self._talk = Talk(self._make_id(), begin, number, number, frames=list(self._before))
            self._before.clear()
        talk.frames.append(frame)
        if frame.voiced:
            talk.last = number
            talk.voiced += 1
            self._start_if_certain(talk, events)
            self._close_in_noise(talk, events)
        elif number - talk.last >= self._patience(talk):
            self._close(talk, events)
        if self._talk is talk and len(talk.frames) >= _frames(self._settings.maximum_s):
            self._cut(talk, events)

    def _patience(self, talk: Talk) -> int:
        """Frames of silence that end this talk; a click is given up sooner than a word."""
        if not talk.started and talk.voiced < _BLIP_FRAMES:
            return _QUIET_FRAMES
        return _frames(self._settings.hangover_s)

    def _start_if_certain(self, talk: Talk, events: list[GateEvent]) -> None:
        minimum = _frames(self._settings.minimum_s)
        if talk.started or talk.last - talk.first + 1 < minimum:
            return
        talk.first = start_of_speech(talk, self._settings.margin_edge_db)
        voiced = sum(frame.voiced for frame in talk.frames[talk.first - talk.begin :])
        if talk.last - talk.first + 1 >= minimum and voiced >= minimum * 2 // 3:
            talk.started = True
            events.append(SpeechStarted(talk.id, talk.first * FRAME))

    def _close_in_noise(self, talk: Talk, events: list[GateEvent]) -> None:
        """End a talk that a noise keeps going: one that began with it is not the floor yet."""
        noise_dbfs = steady_noise(talk) if talk.started else None
        if noise_dbfs is not None:
            talk.last = talk.begin + len(talk.frames) - 1 - STEADY_FRAMES
            self._floor.learn(noise_dbfs)
            self._close(talk, events)

    def _close(self, talk: Talk, events: list[GateEvent]) -> None:
        """End the talk; its last frames are the next one's pre-roll."""
        self._talk = None
        self._before.extend(talk.frames)
        if talk.started:
            end = end_of_speech(talk, self._settings.margin_edge_db, _frames(self._settings.minimum_s))
            events.append(SpeechEnded(talk.id, end * FRAME))
            events.append(Heard(talk.id, talk.first * FRAME, end * FRAME, talk.begin * FRAME, self._sound(talk)))

    def _sound(self, talk: Talk) -> bytes:
        """From the pre-roll to a tail after the last speech."""
        kept = talk.last + 1 - talk.begin + _frames(self._settings.tail_s)
        return b"".join(frame.pcm for frame in talk.frames[:kept])

    def _cut(self, talk: Talk, events: list[GateEvent]) -> None:
        """End a talk that is too long at its quietest point; what follows is gone through again."""
        at = quietest([frame.level for frame in talk.frames], _frames(self._settings.cut_from_s))
        talk.frames, rest = talk.frames[:at], talk.frames[at:]
        voiced = [talk.begin + i for i, frame in enumerate(talk.frames) if frame.voiced]
        talk.last = voiced[-1]
        self._close(talk, events)
        self._before.clear()
        self._next = talk.begin + at
        for frame in rest:
            self._step(frame, events)


def _frames(seconds: float) -> int:
    return round(seconds / _FRAME_S)

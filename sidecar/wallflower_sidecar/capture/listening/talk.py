"""Speech under way, frame by frame, and where in it somebody really speaks."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

_BRIEF_FRAMES = 5
_PAUSE_FRAMES = 10
_LONGEST_TRIM_FRAMES = 20
_VOICE = 80
"""Percentile of the levels of a talk that its voice reaches."""

STEADY_FRAMES = 20
"""A voice held for 0.6 s rises and falls with its syllables by more than `_STEADY_DB` decibels, a noise does not."""

_STEADY_DB = 7.0
_BELOW_VOICE_DB = 7.0

_LOUDER_QUIET = 80
"""Percentile of the levels of a pause: noise varies, but a slam in it must not hide the speech before."""


class Frame(NamedTuple):
    """30 ms of int16 sound, its level in dBFS, and whether it was taken for speech."""

    pcm: bytes
    level: float
    voiced: bool


@dataclass(slots=True)
class Talk:
    """Speech under way; numbers are frame numbers, `frames[0]` has the number `begin`.

    `drafted` is where the speech of its newest draft ended.
    """

    id: str
    begin: int
    first: int
    last: int
    voiced: int = 0
    started: bool = False
    drafted: int | None = None
    frames: list[Frame] = field(default_factory=list)


def start_of_speech(talk: Talk, margin_db: float) -> int:
    """Number of the first voiced frame that stands out of what is no speech, as far as that is known.

    WebRTC's detector takes a frame of steady noise for speech now and then.
    """
    quiet = [frame.level for frame in talk.frames if not frame.voiced]
    if len(quiet) < _BRIEF_FRAMES:
        return talk.first
    return next(_standing_out(talk, range(talk.first, talk.last + 1), quiet, margin_db), talk.first)


def end_of_speech(talk: Talk, margin_db: float, minimum: int) -> int:
    """Number of the frame after the last that stands out of the pause which ended the talk, `minimum` from its first.

    The detector's mistakes are most frequent just after speech.
    """
    pause = [frame.level for frame in talk.frames[talk.last + 1 - talk.begin :]]
    if len(pause) < _PAUSE_FRAMES:
        return talk.last + 1
    earliest = max(talk.last - _LONGEST_TRIM_FRAMES, talk.first + minimum - 1)
    return next(_standing_out(talk, range(talk.last, earliest - 1, -1), pause, margin_db), talk.last) + 1


def steady_noise(talk: Talk) -> float | None:
    """Level in dBFS of a noise that took the voice's place, steady and below it; None while it may be the voice."""
    levels = [frame.level for frame in talk.frames[-STEADY_FRAMES:]]
    if len(talk.frames) < 2 * STEADY_FRAMES or max(levels) - min(levels) > _STEADY_DB:
        return None
    before = [frame.level for frame in talk.frames[talk.first - talk.begin : -STEADY_FRAMES] if frame.voiced]
    if not before or max(levels) > float(np.percentile(before, _VOICE)) - _BELOW_VOICE_DB:
        return None
    return float(np.mean(levels))


def quietest(levels: Sequence[float], first: int) -> int:
    """Index, not before `first`, of the middle of the quietest 150 ms."""
    smooth = np.convolve(np.asarray(levels), np.full(_BRIEF_FRAMES, 1 / _BRIEF_FRAMES), "valid")
    return first + int(np.argmin(smooth[first:])) + _BRIEF_FRAMES // 2


def _standing_out(talk: Talk, numbers: range, quiet: Sequence[float], margin_db: float) -> Iterator[int]:
    enough = float(np.percentile(quiet, _LOUDER_QUIET)) + margin_db
    frames = ((number, talk.frames[number - talk.begin]) for number in numbers)
    return (number for number, frame in frames if frame.voiced and frame.level >= enough)

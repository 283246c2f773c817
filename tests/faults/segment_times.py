"""What a sidecar stored of a talk, compared with when the camera sent each word of it."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from difflib import SequenceMatcher
from typing import Any

from tests.support.hearing import words
from tests.support.rtsp_camera import FakeCamera
from tests.support.speech import Spoken
from tests.support.spoken_words import WordTrack

TOLERANCE_S = 0.3


def seconds(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()


@dataclass(frozen=True)
class Interval:
    """True times, seconds since 1970."""

    start: float
    end: float

    def __contains__(self, at: float) -> bool:
        return self.start <= at <= self.end


@dataclass(frozen=True)
class Sent:
    """A sentence as it was sent, with its words."""

    text: str
    start: float
    end: float
    words: tuple[Spoken, ...]

    def word_start(self, index: int) -> float:
        return self.start + self.words[index].start_s - self.words[0].start_s


@dataclass
class Errors:
    """Seconds by which stored times are off; positive: too late."""

    starts: list[float] = field(default_factory=list)
    ends: list[float] = field(default_factory=list)
    words: list[float] = field(default_factory=list)
    said: int = 0

    def summary(self) -> str:
        return "; ".join(_figures(name, each) for name, each in vars(self).items() if name != "said" and each)


def sent(camera: FakeCamera, source: str, talk: WordTrack) -> list[Sent]:
    """Each sentence that was sent whole."""
    return [
        Sent(sentence.text, end - (sentence.end_s - sentence.start_s), end, said)
        for sentence, said in zip(talk.sentences, talk.words, strict=True)
        for end in camera.wall_times(source, sentence.end_s)
    ]


def compare(
    segments: Iterable[dict[str, Any]],
    spoken: Sequence[Sent],
    disturbed: Sequence[Interval] = (),
    ahead_s: Callable[[dict[str, Any]], float] = lambda _: 0.0,
) -> Errors:
    """Hold each segment against what was sent; the clock was `ahead_s` of the true time when its end was told.

    An edge may be elsewhere than at a sentence's only while the camera could not be heard. A whole sentence counts.
    """
    errors = Errors()
    for segment in segments:
        start, end = (seconds(segment[name]) - ahead_s(segment) for name in ("start", "end"))
        near = min(spoken, key=lambda each: abs(each.start - start) + abs(each.end - end))
        off = start - near.start, end - near.end
        assert start <= end
        times = [seconds(word[name]) for word in segment["words"] for name in ("start", "end")]
        assert times == sorted(times)
        assert all(seconds(segment["start"]) <= at <= seconds(segment["end"]) for at in times)
        if all(abs(each) <= TOLERANCE_S for each in off):
            errors.starts.append(off[0])
            errors.ends.append(off[1])
            errors.said += len(near.words)
            errors.words += word_errors(segment["words"], near, ahead_s(segment))
            continue
        for at, error in zip((start, end), off, strict=True):
            elsewhere = any(at in each for each in disturbed)
            assert abs(error) <= TOLERANCE_S or elsewhere, (segment["text"], off, near.text)
    return errors


def word_errors(heard: Sequence[dict[str, Any]], near: Sent, ahead_s: float) -> list[float]:
    """How far off the starts of the words are that were understood."""
    said = [word.text for word in near.words]
    understood = [next(iter(words(word["word"])), "") for word in heard]
    return [
        seconds(heard[match.b + index]["start"]) - ahead_s - near.word_start(match.a + index)
        for match in SequenceMatcher(None, said, understood, autojunk=False).get_matching_blocks()
        for index in range(match.size)
    ]


def _figures(name: str, errors: Sequence[float]) -> str:
    sizes = sorted(map(abs, errors))
    mean = sum(errors) / len(errors)
    return f"{len(errors)} {name}: mean {mean:+.3f}, p50 {sizes[len(sizes) // 2]:.3f}, max {sizes[-1]:.3f}"

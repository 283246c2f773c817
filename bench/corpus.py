"""One long stream as a camera hears it: talk, silence, noise and music, with what was said and when. Seeded."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count, cycle

import numpy as np

from tests.support.noises import NOISES, noise
from tests.support.sentences import SENTENCES
from tests.support.speech import SAMPLE_RATE, Floats, Spoken, Track, synthesise
from tests.support.voices import ROBOT_VOICE, Voice, default_voice
from tests.support.waves import band

from .speech_recordings import EXCERPTS, load
from .speech_script import TALK

ROOM_DBFS = -60.0
NOISE_SNR_DB = 12.0
FAR_LEVEL = 0.15
RECORDED_EVERY = 3
"""Every third conversation is a recording, until there are no more."""

LINES = tuple(line for pair in zip(TALK, cycle(SENTENCES), strict=False) for line in pair)
VOICES = (default_voice(), ROBOT_VOICE, Voice(default_voice().name, speed=200), default_voice())
PLACES = ("near", "near", "telephone", "far", "noisy")
"""How a conversation sounds; voices and places take turns, and as there are four and five, in all combinations."""


@dataclass(frozen=True, slots=True)
class Shape:
    """How much is said: the part of the time that speech fills, and the bounds of pauses and of what is between."""

    share: float = 0.25
    most_lines: int = 3
    pause_s: tuple[float, float] = (0.4, 1.6)
    longest_sound_s: float = 12.0
    gap_s: float = 2.0
    """At least this long nobody speaks between two conversations."""

    recordings: bool = True


@dataclass(frozen=True, slots=True)
class _Said:
    """A piece of talk: its sound within ±32767, and its sentences timed from its beginning."""

    sound: Floats
    sentences: tuple[Spoken, ...]

    @property
    def length_s(self) -> float:
        return len(self.sound) / SAMPLE_RATE


def build(minutes: float, *, seed: int = 1, shape: Shape | None = None) -> Track:
    """Return so many minutes of sound; the same for the same arguments, voices and recordings."""
    shape = shape or Shape()
    random = np.random.default_rng(seed)
    length = round(minutes * 60 * SAMPLE_RATE)
    sound = random.normal(0.0, 32768 * 10 ** (ROOM_DBFS / 20), length)
    sentences: list[Spoken] = []
    others = _others(random, shape.longest_sound_s)
    # The first conversation begins early enough for a stream of half a minute to have one.
    at_s, spoken_s = _fill(sound, shape.gap_s + 2.0, 0.0, others, shape), 0.0
    for said in _conversations(random, seed, shape):
        if at_s + said.length_s + shape.gap_s > minutes * 60:
            break
        _mix(sound, at_s, said.sound)
        sentences += [Spoken(each.text, at_s + each.start_s, at_s + each.end_s) for each in said.sentences]
        at_s += said.length_s
        spoken_s += sum(each.end_s - each.start_s for each in said.sentences)
        at_s = _fill(sound, max(at_s + shape.gap_s, spoken_s / shape.share), at_s, others, shape)
    _fill(sound, minutes * 60, at_s, others, shape)
    samples = np.clip(np.round(sound), -32768, 32767).astype(np.int16)
    return Track(samples, tuple(sentences))


def _conversations(random: np.random.Generator, seed: int, shape: Shape) -> Iterator[_Said]:
    """Conversation after conversation, without end."""
    lines = cycle(LINES[seed * 7 % len(LINES) :] + LINES[: seed * 7 % len(LINES)])
    recorded = iter(EXCERPTS if shape.recordings else ())
    for number in count(1):
        excerpt = next(recorded, None) if number % RECORDED_EVERY == 0 else None
        if excerpt is not None and (found := load(excerpt)) is not None:
            yield _Said(found[0].astype(np.float64), found[1])
            continue
        voice, place = VOICES[number % len(VOICES)], PLACES[number % len(PLACES)]
        texts = [next(lines) for _ in range(int(random.integers(1, shape.most_lines + 1)))]
        yield _placed(_talk(texts, voice, random, shape.pause_s), place, random)


def _talk(texts: list[str], voice: Voice, random: np.random.Generator, pause_s: tuple[float, float]) -> _Said:
    parts: list[Floats] = []
    sentences: list[Spoken] = []
    at = 0
    for number, text in enumerate(texts):
        if number:
            parts.append(np.zeros(round(float(random.uniform(*pause_s)) * SAMPLE_RATE)))
            at += len(parts[-1])
        parts.append(synthesise(text, voice).astype(np.float64))
        sentences.append(Spoken(text, at / SAMPLE_RATE, (at + len(parts[-1])) / SAMPLE_RATE))
        at += len(parts[-1])
    return _Said(np.concatenate(parts), tuple(sentences))


def _placed(said: _Said, place: str, random: np.random.Generator) -> _Said:
    """The talk as it sounds over a telephone, from the far end of a garden, or in noise."""
    sound = said.sound
    match place:
        case "telephone":
            sound = band(sound, 300, 3400)
        case "far":
            sound = FAR_LEVEL * _echoing(sound, random)
        case "noisy":
            rms = float(np.sqrt(np.square(sound).mean())) * 10 ** (-NOISE_SNR_DB / 20)
            hiss = noise("pink noise", said.length_s, seed=int(random.integers(1000))).astype(np.float64)
            sound = sound + hiss[: len(sound)] * (rms / float(np.sqrt(np.square(hiss).mean())))
    return _Said(sound, said.sentences)


def _echoing(sound: Floats, random: np.random.Generator) -> Floats:
    """The sound with the echoes of a small yard: reflections that die away within 0.25 s."""
    time = np.arange(round(0.25 * SAMPLE_RATE)) / SAMPLE_RATE
    echoes = random.normal(0.0, 0.02, len(time)) * np.exp(-time / 0.06)
    echoes[0] = 1.0
    size = len(sound) + len(echoes)
    mixed: Floats = np.fft.irfft(np.fft.rfft(sound, size) * np.fft.rfft(echoes, size), size)
    return mixed[: len(sound)]


def _others(random: np.random.Generator, longest_s: float) -> Iterator[tuple[str, float, float, int]]:
    """Sound after sound in which nobody speaks: name, seconds, peak of full scale, seed."""
    names = list(NOISES)
    while True:
        for name in random.permutation(names):
            yield str(name), float(random.uniform(0.5, 1)) * longest_s, float(random.uniform(0.05, 0.35)), 1


def _fill(
    sound: Floats, until_s: float, from_s: float, others: Iterator[tuple[str, float, float, int]], shape: Shape
) -> float:
    """Put sounds without speech between two moments, silence at both ends; returns the later one."""
    at_s = from_s + shape.gap_s / 2
    while at_s + shape.gap_s / 2 + 1 < until_s:
        name, duration_s, peak, seed = next(others)
        duration_s = min(duration_s, until_s - shape.gap_s / 2 - at_s)
        _mix(sound, at_s, noise(name, duration_s, peak=peak, seed=seed).astype(np.float64))
        at_s += duration_s
    return until_s


def _mix(sound: Floats, at_s: float, added: Floats) -> None:
    begin = round(at_s * SAMPLE_RATE)
    room = sound[begin : begin + len(added)]
    room += added[: len(room)]

"""A track in which it is known when each word was said: words are spoken one by one and laid side by side."""

from collections.abc import Sequence
from dataclasses import dataclass

from .hearing import words
from .speech import SAMPLE_RATE, Spoken, Track, silence, synthesise

GAP_S = 0.12
"""Silence between two words of a sentence: less than a speaker's breath, so the sentence stays one utterance."""


@dataclass(frozen=True, slots=True, eq=False)
class WordTrack(Track):
    """Sound with known sentences and words, both from the first to the last audible sample."""

    words: tuple[tuple[Spoken, ...], ...] = ()
    """Those of each sentence."""


def compose_words(
    sentences: Sequence[str], *, gap_s: float = GAP_S, pause_s: float = 1.5, room_dbfs: float = -60.0
) -> WordTrack:
    """Say each word by itself, with gaps within a sentence and pauses between sentences."""
    spoken: list[Spoken] = []
    by_sentence: list[tuple[Spoken, ...]] = []
    parts = []
    at_s = pause_s
    for sentence in sentences:
        said = []
        for word in words(sentence):
            sound = synthesise(word)
            begin = round(at_s * SAMPLE_RATE)
            parts.append((begin, sound))
            said.append(Spoken(word, begin / SAMPLE_RATE, (begin + len(sound)) / SAMPLE_RATE))
            at_s = said[-1].end_s + gap_s
        spoken.append(Spoken(sentence, said[0].start_s, said[-1].end_s))
        by_sentence.append(tuple(said))
        at_s = said[-1].end_s + pause_s
    samples = silence(at_s, room_dbfs=room_dbfs).samples
    for begin, sound in parts:
        samples[begin : begin + len(sound)] += sound
    return WordTrack(samples, tuple(spoken), tuple(by_sentence))

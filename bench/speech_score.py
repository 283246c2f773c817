"""What a recogniser made of the stream, held against the truth: errors, delays, and words where nobody spoke."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from rapidfuzz.distance import Levenshtein

from tests.support.hearing import word_error_rate, words
from tests.support.speech import Spoken

END_OF_SPEECH_S = 1.0
"""A sentence after which nobody speaks for this long is an end of speech; others flow into the next."""

NEAR_S = 1.0
"""Text that is timed further than this from any speech is a phantom."""


@dataclass(frozen=True, slots=True)
class Final:
    """A text: when it was said and when it was there for good (None: it might still have changed), in seconds."""

    text: str
    start_s: float
    end_s: float
    at_s: float | None


@dataclass(frozen=True, slots=True)
class Score:
    """Word error rate, delays from end of speech to final, ends of speech without a final, phantom words."""

    wer: float
    words: int
    delays: tuple[float, ...] = field(repr=False)
    unheard: int
    phantom_words: int


def score(said: Sequence[Spoken], finals: Sequence[Final]) -> Score:
    """Judge texts by what was said; both in the order of the stream."""
    ordered = sorted(finals, key=lambda final: final.start_s)
    arrivals = _arrivals(said, ordered)
    ends = [
        number
        for number, sentence in enumerate(said)
        if number + 1 == len(said) or said[number + 1].start_s - sentence.end_s >= END_OF_SPEECH_S
    ]
    delays = [arrivals[number] - said[number].end_s for number in ends if number in arrivals]
    return Score(
        wer=word_error_rate([each.text for each in said], [final.text for final in ordered]),
        words=sum(len(words(each.text)) for each in said),
        delays=tuple(delays),
        unheard=len(ends) - len(delays),
        phantom_words=sum(len(words(final.text)) for final in ordered if not _near_speech(final, said)),
    )


def _arrivals(said: Sequence[Spoken], finals: Sequence[Final]) -> dict[int, float]:
    """When the last word of each sentence that was recognised was there, by the sentence's number.

    The words of all finals are aligned with all that was said; a word that was recognised counts where its final
    is timed near its sentence.
    """
    expected = [(word, number) for number, sentence in enumerate(said) for word in words(sentence.text)]
    heard = [(word, final) for final in finals for word in words(final.text)]
    found: dict[int, float] = {}
    for step in Levenshtein.opcodes([word for word, _ in expected], [word for word, _ in heard]):
        if step.tag != "equal":
            continue
        for (_, number), (_, final) in zip(
            expected[step.src_start : step.src_end], heard[step.dest_start : step.dest_end], strict=True
        ):
            if final.at_s is not None and _overlap(final, said[number]):
                found[number] = max(found.get(number, 0.0), final.at_s)
    return found


def _near_speech(final: Final, said: Sequence[Spoken]) -> bool:
    return any(_overlap(final, sentence) for sentence in said)


def _overlap(final: Final, sentence: Spoken) -> bool:
    return final.start_s < sentence.end_s + NEAR_S and final.end_s > sentence.start_s - NEAR_S


def first_seen(said: Sequence[Spoken], texts: Sequence[Final]) -> list[float]:
    """Seconds from the end of each word to the first text that has it; words that none has are left out.

    Within a sentence a word's end is taken to be at its share of the letters.
    """
    delays: list[float] = []
    for sentence in said:
        expected = words(sentence.text)
        seen: dict[int, float] = {}
        for text in texts:
            if text.at_s is not None and _overlap(text, sentence):
                for step in Levenshtein.opcodes(expected, words(text.text)):
                    if step.tag == "equal":
                        for number in range(step.src_start, step.src_end):
                            seen[number] = min(seen.get(number, text.at_s), text.at_s)
        delays += [at_s - _word_end_s(sentence, expected, number) for number, at_s in seen.items()]
    return delays


def _word_end_s(sentence: Spoken, parts: Sequence[str], number: int) -> float:
    letters = [len(part) + 1 for part in parts]
    share = sum(letters[: number + 1]) / sum(letters)
    return sentence.start_s + share * (sentence.end_s - sentence.start_s)

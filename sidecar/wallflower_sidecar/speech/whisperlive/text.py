"""From what a server told to a transcript: times become wall-clock times, text that nobody said is left out."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
import math

from wallflower_sidecar.domain.transcripts import SAMPLE_RATE, Suppressed, Transcript, Utterance, Word

from ..filters import Decoded, Phantom, phantom, unheard
from .hearing import Heard, Sound
from .wire import Piece

NEUTRAL_CONFIDENCE = 0.7
"""Confidence of a text whose words came without probabilities, as those of older servers.

Enough for a rule that asks for some confidence, too little for one that wants to be sure.
"""

LONGEST_SOUND_S = 25.0
"""Most sound a server is given at once; of more than 45 s it silently drops the oldest 30."""

_UNSURE_S = 1.0
_LEAST = 1e-6
_CUT_WITHIN_S = 5.0
_CUT_STEP = round(0.03 * SAMPLE_RATE) * 2


@dataclass(frozen=True, slots=True)
class Part:
    """A part of an utterance that is sent by itself; it begins `offset_s` after the first sample."""

    offset_s: float
    sound: Sound


def parts(utterance: Utterance) -> list[Part]:
    """The utterance in parts of at most 25 s, cut where it is quietest; nearly always it is one."""
    speech_end_s = (utterance.end - utterance.pcm_start).total_seconds()
    found: list[Part] = []
    begin, longest = 0, round(LONGEST_SOUND_S * SAMPLE_RATE) * 2
    while begin < len(utterance.pcm):
        rest = len(utterance.pcm) - begin
        end = begin + rest if rest <= longest else _quietest(utterance.pcm, begin + longest)
        offset_s, length_s = begin / 2 / SAMPLE_RATE, (end - begin) / 2 / SAMPLE_RATE
        sound = Sound(utterance.pcm[begin:end], min(max(speech_end_s - offset_s, 0.0), length_s))
        found.append(Part(offset_s, sound))
        begin = end
    return found


def transcript(utterance: Utterance, heard: Sequence[tuple[Part, Heard]], language: str | None) -> Transcript:
    """Put together what was told of each part. Confidence is the mean of the words' probabilities."""
    texts: list[str] = []
    words: list[Word] = []
    suppressed: list[Suppressed] = []
    for part, told in heard:
        for piece in told.pieces:
            probabilities = [word.probability for word in piece.words]
            if reason := _reason(piece.text, probabilities, piece.end - piece.start + _UNSURE_S):
                suppressed.append(Suppressed(piece.text, reason.value))
                continue
            texts.append(piece.text)
            words += _wall_clock(utterance, piece, part.offset_s - told.began)
    text = " ".join(texts)
    if text and (reason := _reason(text, [word.probability for word in words], utterance.duration_s)):
        return Transcript("", language, 0.0, suppressed=(*suppressed, Suppressed(text, reason.value)))
    confidence = sum(word.probability for word in words) / len(words) if words else NEUTRAL_CONFIDENCE
    return Transcript(text, language, confidence if text else 0.0, tuple(words), tuple(suppressed))


def language_of(model: str | None, asked: str | None, heard: Sequence[Heard]) -> str | None:
    """The language of a text: the model's only one, else what was asked for, else what was detected."""
    if model is not None and model.endswith(".en"):
        return "en"
    return asked or next((told.language for told in heard if told.language), None)


def _reason(text: str, probabilities: Sequence[float], sound_s: float) -> Phantom | None:
    """Why a text is not believed. The wire tells no speech probability; a word's time is a hint of a second or so."""
    log_probability = sum(math.log(max(each, _LEAST)) for each in probabilities) / max(len(probabilities), 1)
    decoded = Decoded(
        text=text,
        mean_log_probability=log_probability,
        no_speech_probability=0.0,
        complete=True,
        sound_s=sound_s,
        speech_s=sound_s,
        peak=1.0,
    )
    return phantom(decoded) or (Phantom.UNHEARD_WORD if unheard(probabilities) else None)


def _wall_clock(utterance: Utterance, piece: Piece, shift_s: float) -> list[Word]:
    """The words of a piece in wall-clock time within the utterance's speech."""

    def moment(seconds: float) -> datetime:
        at = utterance.pcm_start + timedelta(seconds=seconds + shift_s)
        return min(max(at, utterance.start), utterance.end)

    return [Word(word.word, moment(word.start), moment(word.end), word.probability) for word in piece.words]


def _quietest(pcm: bytes, before: int) -> int:
    """Where in the last seconds before this byte the sound is least loud."""
    steps = range(before - round(_CUT_WITHIN_S * SAMPLE_RATE) * 2, before - _CUT_STEP + 1, _CUT_STEP)
    samples = memoryview(pcm).cast("h")
    quietest = min(steps, key=lambda at: sum(map(abs, samples[at // 2 : (at + _CUT_STEP) // 2])))
    return quietest + _CUT_STEP // 2

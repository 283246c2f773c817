"""How much of a piece of sound is speech, by Silero's detector."""

from dataclasses import dataclass

from faster_whisper.vad import get_vad_model
import numpy as np

from wallflower_sidecar.domain.transcripts import SAMPLE_RATE

from .windows import Samples

BLOCK = 512
"""Samples that get one probability: 32 ms."""

SPEECH = 0.35
"""Probability from which a block is speech. Telephone sound reaches 0.38 at a spoken "Help!"."""

_STILL_SPEECH = 0.2
_SHORTEST_BLOCKS = 3
_LONGEST_GAP_BLOCKS = 3


@dataclass(frozen=True, slots=True)
class Voice:
    """Seconds of speech within seconds of sound, and the highest probability of any block; 0 s: nobody speaks."""

    speech_s: float
    sound_s: float
    peak: float

    @property
    def share(self) -> float:
        """The part of the sound that is speech."""
        return self.speech_s / self.sound_s if self.sound_s else 0.0


def listen(samples: Samples) -> Voice:
    """Tell how much speech there is; about 4 ms of one core for each second of sound."""
    padded = np.pad(samples, (0, -len(samples) % BLOCK))
    if not len(padded):
        return Voice(0.0, 0.0, 0.0)
    probabilities = get_vad_model()(padded).reshape(-1)
    blocks = speech_blocks(probabilities.tolist())
    return Voice(blocks * BLOCK / SAMPLE_RATE, len(samples) / SAMPLE_RATE, float(probabilities.max()))


def speech_blocks(probabilities: list[float]) -> int:
    """Count the blocks of speech: in stretches that begin at SPEECH, have short gaps and are no click."""
    total, length, gap = 0, 0, 0
    for probability in [*probabilities, *[0.0] * (_LONGEST_GAP_BLOCKS + 1)]:
        if probability >= SPEECH or (length and probability >= _STILL_SPEECH):
            length += 1 + gap
            gap = 0
        elif length:
            gap += 1
            if gap > _LONGEST_GAP_BLOCKS:
                total += length if length >= _SHORTEST_BLOCKS else 0
                length = gap = 0
    return total

"""How much of Whisper's 30 s window is decoded, and how longer sound is cut to fit it."""

from collections.abc import Iterator

import numpy as np

from wallflower_sidecar.domain.transcripts import SAMPLE_RATE

type Samples = np.ndarray[tuple[int], np.dtype[np.float32]]
"""Mono 16 kHz samples between -1 and 1."""

FRAME_RATE = 100
"""Frames of Whisper's spectrogram a second."""

FULL_WINDOW = 30 * FRAME_RATE
MARGIN = 15 * FRAME_RATE
"""Silent frames decoded after the sound; with fewer, Whisper hears worse, then repeats itself (docs/speech.md)."""

DRAFT_MARGIN = 5 * FRAME_RATE
"""The same for a draft, which is cheap and may be wrong."""

_LONGEST_PIECE_S = 28.0
_SEARCHED_S = 8.0
_QUIET_S = 0.1


def window_frames(sound_frames: int, margin: int = MARGIN) -> int:
    """Frames to decode for so many frames of sound: an even number, as the encoder halves them."""
    wanted = min(FULL_WINDOW, sound_frames + margin)
    return wanted + wanted % 2


def pieces(samples: Samples) -> Iterator[tuple[float, Samples]]:
    """Cut sound longer than the window where it is quietest; yields each piece with its offset in seconds."""
    start, longest = 0, int(_LONGEST_PIECE_S * SAMPLE_RATE)
    while len(samples) - start > longest:
        end = _quietest(samples, start + longest - int(_SEARCHED_S * SAMPLE_RATE), start + longest)
        yield start / SAMPLE_RATE, samples[start:end]
        start = end
    yield start / SAMPLE_RATE, samples[start:]


def _quietest(samples: Samples, first: int, last: int) -> int:
    """The middle of the quietest tenth of a second between two samples."""
    block = int(_QUIET_S * SAMPLE_RATE)
    blocks = samples[first : first + (last - first) // block * block].reshape(-1, block)
    return first + int(np.square(blocks).mean(axis=1).argmin()) * block + block // 2

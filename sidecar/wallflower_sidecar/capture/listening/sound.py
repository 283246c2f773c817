"""Decoding a camera's sound to int16 mono 16 kHz, whatever it sends."""

from collections.abc import Sequence
from dataclasses import dataclass

from av.audio.frame import AudioFrame
from av.audio.resampler import AudioResampler
from av.audio.stream import AudioStream
from av.packet import Packet
import numpy as np
from numpy.typing import NDArray

from ...domain.transcripts import SAMPLE_RATE
from .floor import Samples

type Mono = NDArray[np.float32]
"""One channel within ±1 at the camera's rate."""

_INTEGER_SCALE = {"u8": 128.0, "s16": 32_768.0, "s32": 2_147_483_648.0}


@dataclass(frozen=True, slots=True, eq=False)
class Piece:
    """The sound of one packet; times are seconds, `arrival_s` by the monotonic clock."""

    mono: Mono
    rate: int
    pts_s: float | None
    arrival_s: float

    @property
    def duration_s(self) -> float:
        """How long it sounds."""
        return len(self.mono) / self.rate


def decode(packet: Packet[AudioStream], arrival_s: float) -> list[Piece]:
    """Decode one packet; raises av.FFmpegError when it is damaged."""
    return [Piece(_mono(frame), frame.sample_rate, frame.time, arrival_s) for frame in packet.decode() if frame.samples]


class Resampler:
    """Brings consecutive pieces to 16 kHz; a new rate in mid-stream is taken up."""

    def __init__(self) -> None:
        """Know no rate yet."""
        self._rate = SAMPLE_RATE
        self._resampler: AudioResampler | None = None

    def convert(self, pieces: Sequence[Piece]) -> Samples:
        """Return the pieces' sound joined, int16 mono 16 kHz."""
        return _joined([self._convert(*run) for run in _runs(pieces)])

    def _convert(self, rate: int, mono: Mono) -> Samples:
        if rate != self._rate:
            self._rate = rate
            self._resampler = AudioResampler(format="s16", layout="mono", rate=SAMPLE_RATE)
        if rate == SAMPLE_RATE or self._resampler is None:
            scaled: Mono = np.rint(mono * 32_767)
            return scaled.clip(-32_768, 32_767, out=scaled).astype(np.int16)
        frame = AudioFrame.from_ndarray(np.ascontiguousarray(mono[np.newaxis]), format="flt", layout="mono")
        frame.sample_rate = rate
        return _joined([each.to_ndarray()[0] for each in self._resampler.resample(frame)])


def _mono(frame: AudioFrame) -> Mono:
    if frame.format.name == "fltp" and frame.layout.nb_channels == 1:  # what nearly every camera's AAC becomes
        return np.frombuffer(frame.planes[0], np.float32, frame.samples)
    samples = frame.to_ndarray()
    name = frame.format.name
    if not name.endswith("p") and samples.shape[0] == 1:
        samples = samples.reshape(-1, frame.layout.nb_channels).T
    alone = len(samples) == 1
    mono: Mono = samples[0].astype(np.float32) if alone else samples.mean(axis=0, dtype=np.float32)
    scale = _INTEGER_SCALE.get(name.removesuffix("p"))
    if scale is not None:
        mono = (mono / scale - (1.0 if name.startswith("u8") else 0.0)).astype(np.float32)
    return mono


def _joined(parts: Sequence[Samples]) -> Samples:
    if len(parts) == 1:
        return parts[0]
    return np.concatenate([np.empty(0, np.int16), *parts])


def _runs(pieces: Sequence[Piece]) -> list[tuple[int, Mono]]:
    """Join neighbouring pieces of the same rate."""
    runs: list[tuple[int, list[Mono]]] = []
    for piece in pieces:
        if runs and runs[-1][0] == piece.rate:
            runs[-1][1].append(piece.mono)
        else:
            runs.append((piece.rate, [piece.mono]))
    return [(rate, np.concatenate(parts)) for rate, parts in runs]

"""The sound of an audio or video file: decoded, and cut into utterances by the same gate as a camera's."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import chain
from pathlib import Path

import av
from av.audio.resampler import AudioResampler
from av.audio.stream import AudioStream
from av.container import InputContainer
import numpy as np

from ..capture.floor import Samples
from ..capture.gate import Gate, GateEvent, Heard
from ..domain.errors import WallflowerError
from ..domain.transcripts import SAMPLE_RATE, Utterance

START = datetime(1970, 1, 1, tzinfo=UTC)
"""A file's first sample is put here: it has a place in the file, but no time of day."""

_BLOCK = SAMPLE_RATE // 3


class MediaFileError(WallflowerError):
    """The file cannot be read, or holds no sound."""


@dataclass(frozen=True, slots=True)
class Progress:
    """How far the file is read, in seconds; `total_s` is None where the file does not say."""

    read_s: float
    total_s: float | None
    utterances: list[Utterance]


def utterances_of(path: Path) -> Iterator[Progress]:
    """Read a file piece by piece; raises MediaFileError."""
    gate = Gate()
    total_s: float | None = None
    try:
        with av.open(str(path)) as container:
            if not container.streams.audio:
                raise MediaFileError(f"{path} holds no sound.")
            stream = container.streams.audio[0]
            total_s = None if container.duration is None else container.duration / av.time_base
            for samples in _blocks(container, stream):
                yield _progress(gate, total_s, gate.push(samples))
    except av.FFmpegError as error:
        raise MediaFileError(f"{path} cannot be read: {error.strerror}.") from None
    yield _progress(gate, total_s, gate.flush())


def _blocks(container: InputContainer, stream: AudioStream) -> Iterator[Samples]:
    resampler = AudioResampler(format="s16", layout="mono", rate=SAMPLE_RATE)
    waiting: list[Samples] = []
    for frame in chain(container.decode(stream), [None]):
        waiting += [each.to_ndarray()[0] for each in resampler.resample(frame)]
        if sum(map(len, waiting)) >= _BLOCK or (frame is None and waiting):
            yield np.concatenate(waiting)
            waiting = []


def _progress(gate: Gate, total_s: float | None, events: list[GateEvent]) -> Progress:
    heard = [_utterance(event) for event in events if isinstance(event, Heard)]
    return Progress(gate.position / SAMPLE_RATE, total_s, heard)


def _utterance(heard: Heard) -> Utterance:
    return Utterance(
        id=heard.utterance,
        stream="file",
        start=_moment(heard.start),
        end=_moment(heard.end),
        pcm_start=_moment(heard.pcm_start),
        pcm=heard.pcm,
    )


def _moment(sample: int) -> datetime:
    return START + timedelta(seconds=sample / SAMPLE_RATE)

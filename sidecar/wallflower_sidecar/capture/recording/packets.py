"""A session's packets as the recorder takes them: copies that no decoder shares."""

from dataclasses import dataclass
from typing import Literal

type Kind = Literal["video", "audio"]


@dataclass(frozen=True, slots=True)
class VideoTrack:
    """The picture as announced; `codec` is libav's name, `extradata` its parameter sets in Annex B, if any."""

    codec: str
    extradata: bytes | None


@dataclass(frozen=True, slots=True)
class AudioTrack:
    """The sound as announced; `layout` is libav's name of its channels."""

    codec: str
    extradata: bytes | None
    rate: int
    layout: str


@dataclass(frozen=True, slots=True)
class Tracks:
    """What a session brings; at least one of the two."""

    video: VideoTrack | None
    audio: AudioTrack | None


@dataclass(frozen=True, slots=True)
class Sample:
    """One packet; its times are the camera's, in seconds, `arrival_s` is by the monotonic clock."""

    kind: Kind
    data: bytes
    pts_s: float | None
    dts_s: float | None
    duration_s: float
    """0 when unknown."""

    key: bool
    """A file may begin here: a key frame, or any sound of a camera without a picture."""

    arrival_s: float
    after_loss: bool = False
    """Packets before this key frame were dropped."""


@dataclass(frozen=True, slots=True)
class Placed:
    """A packet on the session's time line: seconds that run upward for each track, close to the monotonic clock."""

    kind: Kind
    data: bytes
    pts_s: float
    dts_s: float
    duration_s: float
    key: bool
    cut: bool = False
    """What was before does not go on here: a new file is to begin."""

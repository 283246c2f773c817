"""Recordings: a file's place below the recordings folder says whose it is, when it begins and when it ends.

.wallflower                                            marks the folder as ours
porch/2026-11-22/20261122T072042.125Z.mp4.part         being written: UTC start of the first packet
porch/2026-11-22/20261122T072042.125Z_60040.mp4        finished: its milliseconds are known
porch/clips/20261122T072042.125Z_<id>.mp4.part         a clip that is being cut
porch/clips/20261122T072042.125Z_12000_<id>.mp4        a clip that is kept
"""

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum
import hashlib
from pathlib import Path, PurePosixPath
import re
from typing import Self
import uuid

from .clock import to_millis

MARKER = ".wallflower"
"""The file in the root of the recordings folder; where it is missing nothing is written, as the disk is unplugged."""

CLIPS = "clips"
"""The folder of a stream's kept clips, beside those of its days."""

PART = ".part"
"""What the name of an unfinished file ends with."""

TRIAL = ".try-{pid}-{thread}"
"""The name of a file that tries whether a disk takes anything; it is gone a moment later."""

LONGEST = timedelta(days=1)
"""No file is longer."""

STREAM_ID = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}")
_TRIAL = re.compile(r"\.try-[0-9]+-[0-9]+")
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_NAME = re.compile(
    r"(?P<start>(?:19[7-9]|2[0-9]{2})[0-9]{5}T[0-9]{6}\.[0-9]{3}Z)"
    r"(?:_(?P<millis>0|[1-9][0-9]{0,8}))?"
    r"(?:_(?P<clip>[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}))?"
    r"\.mp4(?P<part>\.part)?"
)


class RecordingKind(StrEnum):
    """Part of what was recorded as it came, or a clip that somebody asked to keep."""

    SEGMENT = "segment"
    CLIP = "clip"


@dataclass(frozen=True, slots=True)
class SavedFile:
    """A file that was just finished, at an absolute path."""

    stream: str
    path: Path
    start: datetime
    end: datetime
    bytes: int


@dataclass(frozen=True, slots=True)
class RecordingItem:
    """A recording as the library knows it; `id` is a UUIDv7 and says nothing of where the file lies."""

    id: str
    stream: str
    start: datetime
    end: datetime
    bytes: int
    kind: RecordingKind


@dataclass(frozen=True, slots=True)
class RecordingName:
    """What a file's place says; times are whole milliseconds, `end` is None while it is written."""

    stream: str
    start: datetime
    end: datetime | None = None
    clip: str | None = None
    """The id of a clip, None for a segment."""

    @property
    def kind(self) -> RecordingKind:
        """Whether it is a segment or a clip."""
        return RecordingKind.SEGMENT if self.clip is None else RecordingKind.CLIP

    @property
    def path(self) -> PurePosixPath:
        """The place relative to the root of the recordings folder."""
        start = self.start.astimezone(UTC)
        stamp = f"{start:%Y%m%dT%H%M%S}.{start.microsecond // 1000:03d}Z"
        folder = f"{start:%Y-%m-%d}" if self.clip is None else CLIPS
        clip = "" if self.clip is None else f"_{self.clip}"
        if self.end is None:
            name = f"{stamp}{clip}.mp4{PART}"
        else:
            name = f"{stamp}_{to_millis(self.end) - to_millis(self.start)}{clip}.mp4"
        return PurePosixPath(self.stream, folder, name)

    def finished(self, end: datetime) -> Self:
        """The name to take once the end is known."""
        return replace(self, end=end)

    @property
    def id(self) -> str:
        """The recording's id: a clip's own, a segment's made from its place, so that a library read anew keeps it."""
        return self.clip or _segment_id(self)

    @classmethod
    def parse(cls, relative: PurePosixPath) -> Self | None:
        """Read a place relative to the root; None for what no recorder wrote there."""
        if len(relative.parts) != 3:  # noqa: PLR2004
            return None
        stream, folder, name = relative.parts
        found = _NAME.fullmatch(name)
        start = None if found is None else _moment(found["start"])
        if found is None or start is None or not STREAM_ID.fullmatch(stream):
            return None
        millis, clip, part = found["millis"], found["clip"], found["part"]
        if (part is None) == (millis is None) or folder != (f"{start:%Y-%m-%d}" if clip is None else CLIPS):
            return None
        end = None if millis is None else start + timedelta(milliseconds=int(millis))
        if end is not None and end - start > LONGEST:
            return None
        return cls(stream, start, end, clip)


@dataclass(frozen=True, slots=True)
class ForgottenSpan:
    """A time [start, end) of which no recording may be seen again, of one stream or of all; no `start`: from ever."""

    stream: str | None
    start: datetime | None
    end: datetime

    def covers(self, name: RecordingName) -> bool:
        """Whether a file holds anything of it; one that is still written reaches up to now."""
        return (
            self.stream in (None, name.stream)
            and name.start < self.end
            and (self.start is None or name.end is None or name.end > self.start)
        )


def is_trial(name: str) -> bool:
    """Whether a file tries a disk, or did when its recorder was killed."""
    return _TRIAL.fullmatch(name) is not None


def is_stream_folder(name: str) -> bool:
    """Whether a folder in the root may hold a stream's recordings."""
    return STREAM_ID.fullmatch(name) is not None


def is_day_folder(name: str) -> bool:
    """Whether a folder of a stream may hold a day's recordings."""
    return _DAY.fullmatch(name) is not None


def _moment(text: str) -> datetime | None:
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return None


def _segment_id(name: RecordingName) -> str:
    """A UUIDv7 of the start whose other bits are a digest of the place (RFC 9562 5.7)."""
    digest = hashlib.sha256(str(name.path).encode()).digest()
    bits = to_millis(name.start) << 80 | int.from_bytes(digest[:10])
    bits = bits & ~(0xF << 76) | 0x7 << 76
    bits = bits & ~(0x3 << 62) | 0x2 << 62
    return str(uuid.UUID(int=bits))

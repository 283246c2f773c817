"""What was said as a file to read or to play beside a recording: JSON, plain text, SubRip and WebVTT."""

from collections.abc import AsyncIterable, AsyncIterator, Callable, Mapping
from datetime import datetime, timedelta
from enum import StrEnum
import html
import json
import re

from .documents import segment_document
from .transcripts import Segment

SHORTEST = timedelta(seconds=1)
"""A caption of no length is never shown; what was simulated has none."""

_ARROW = re.compile("-{2,}>")


class ExportFormat(StrEnum):
    """How segments are written."""

    JSON = "json"
    TXT = "txt"
    SRT = "srt"
    VTT = "vtt"


async def render(
    kind: ExportFormat, segments: AsyncIterable[Segment], names: Mapping[str, str] | None = None
) -> AsyncIterator[str]:
    """Write segments, the oldest first, piece by piece.

    `names` (stream id → name) stand before what was said; give them when several streams are mixed. Captions are timed
    from the start of the first segment.
    """
    write = _WRITERS[kind](names)
    head, between, tail = _FRAMES[kind]
    yield head
    first = True
    async for segment in segments:
        yield write(segment) if first else between + write(segment)
        first = False
    yield tail


_FRAMES = {
    ExportFormat.JSON: ('{"items": [', ",\n", "]}\n"),
    ExportFormat.TXT: ("", "", ""),
    ExportFormat.SRT: ("", "\n", ""),
    ExportFormat.VTT: ("WEBVTT\n\n", "\n", ""),
}
"""What stands before, between and after the segments."""

type _Write = Callable[[Segment], str]
type _Names = Mapping[str, str] | None


def _json(_names: _Names) -> _Write:
    return lambda segment: json.dumps(segment_document(segment), ensure_ascii=False)


def _plain(names: _Names) -> _Write:
    return lambda segment: f"{segment.start:%Y-%m-%d %H:%M:%SZ}  {_said(segment, names)}\n"


def _subrip(names: _Names) -> _Write:
    cues = _Cues(",")

    def write(segment: Segment) -> str:
        number, span = cues.place(segment)
        # An arrow in the text would be read as the times of another caption.
        return f"{number}\n{span}\n{_ARROW.sub('->', _said(segment, names))}\n"

    return write


def _webvtt(names: _Names) -> _Write:
    cues = _Cues(".")

    def write(segment: Segment) -> str:
        number, span = cues.place(segment)
        return f"{number}\n{span}\n{html.escape(_said(segment, names), quote=False)}\n"

    return write


_WRITERS: Mapping[ExportFormat, Callable[[_Names], _Write]] = {
    ExportFormat.JSON: _json,
    ExportFormat.TXT: _plain,
    ExportFormat.SRT: _subrip,
    ExportFormat.VTT: _webvtt,
}


class _Cues:
    """Numbers captions and times them from the first one."""

    def __init__(self, point: str) -> None:
        self._point = point
        self._origin: datetime | None = None
        self._number = 0

    def place(self, segment: Segment) -> tuple[int, str]:
        self._origin = self._origin or segment.start
        self._number += 1
        start = segment.start - self._origin
        end = max(segment.end - self._origin, start + SHORTEST)
        return self._number, f"{self._clock(start)} --> {self._clock(end)}"

    def _clock(self, since: timedelta) -> str:
        minutes, millis = divmod(since // timedelta(milliseconds=1), 60_000)
        hours, minutes = divmod(minutes, 60)
        return f"{hours:02}:{minutes:02}:{millis // 1000:02}{self._point}{millis % 1000:03}"


def _said(segment: Segment, names: _Names) -> str:
    """On one line: a line break would end a caption."""
    who = [names.get(segment.stream, segment.stream)] if names is not None else []
    if segment.speaker is not None:
        who.append(segment.speaker.name)
    text = " ".join(segment.text.split())
    return f"{', '.join(who)}: {text}" if who else text

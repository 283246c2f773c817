"""A session that records to a folder, and what its files hold."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path, PurePosixPath

import av

from tests.faults.session_rig import Heard, session_of
from tests.support.waiting import eventually
from wallflower_sidecar.capture.messages import Keep, Record, Recorded, StopRecording, Writing
from wallflower_sidecar.domain.recordings import MARKER, RecordingName

STREAM = "porch"


@dataclass(frozen=True, slots=True)
class Played:
    """A file decoded from its first packet to its last; times are seconds."""

    codecs: tuple[str, ...]
    pictures: int
    damaged: int
    """Packets that could not be decoded."""

    picture_s: tuple[float, float] | None
    """From the first picture to the end of the last."""

    sound_s: tuple[float, float] | None
    upward: bool
    """Whether the decoding times of each track go upward."""

    begins_with_key: bool


def play(path: Path) -> Played:
    """Decode a file, finished or not."""
    pictures = damaged = 0
    spans: dict[str, tuple[float, float]] = {}
    upward, keys = True, []
    last: dict[int, int] = {}
    with av.open(str(path), format="mp4") as file:
        codecs = tuple(stream.codec_context.codec_tag for stream in file.streams)
        for packet in file.demux():
            if not packet.size:
                continue
            kind = packet.stream.type
            if kind == "video":
                keys.append(packet.is_keyframe)
            upward &= packet.dts > last.get(packet.stream_index, packet.dts - 1)
            last[packet.stream_index] = packet.dts
            begins = float(packet.pts * packet.time_base)
            ends = begins + float(packet.duration * packet.time_base)
            spans[kind] = min(spans.get(kind, (begins,))[0], begins), max(spans.get(kind, (0, ends))[1], ends)
            try:
                frames = packet.decode()
            except av.FFmpegError:
                damaged += 1
                continue
            pictures += len(frames) if kind == "video" else 0
    return Played(codecs, pictures, damaged, spans.get("video"), spans.get("audio"), upward, keys[0] if keys else True)


def new_root(folder: Path) -> Path:
    """A folder for recordings, with its marker."""
    root = folder / "recordings"
    root.mkdir()
    (root / MARKER).touch()
    return root


@dataclass
class Recording:
    """A session that records, with the verbs of these tests."""

    heard: Heard
    root: Path

    def continuous(self, segment_s: float = 4.0) -> None:
        self._record("continuous", 0.0, segment_s)

    def keyword(self, pre_s: float = 5.0, segment_s: float = 60.0) -> None:
        self._record("keyword", pre_s, segment_s)

    def keep(self, start: float, end: float) -> None:
        self.heard.session.recorder.obey(Keep(1, start, end))

    def stop(self) -> None:
        self.heard.session.recorder.obey(StopRecording(1))

    @property
    def parts(self) -> list[Path]:
        """The files that are being written."""
        return sorted(self.root.glob("*/*/*.part"))

    @property
    def files(self) -> list[Path]:
        """The files that are finished."""
        return sorted(self.root.glob("*/*/*.mp4"))

    async def saved(self, number: int = 1, timeout_s: float = 20.0) -> Recorded:
        """Wait for the first (or a later) finished file."""
        return await self.heard.first(Recorded, timeout_s, number)

    async def told(self, *, writing: bool, code: str | None, timeout_s: float = 20.0) -> None:
        """Wait until this is the last that was told of the writing."""
        expected = Writing(1, writing, code)
        await eventually(lambda: self.heard.of(Writing)[-1:] == [expected], timeout_s=timeout_s, interval_s=0.02)

    async def written(self, kilobytes: int = 20) -> Path:
        """Wait until the open file holds so much."""
        found = await eventually(
            lambda: [path for path in self.parts if path.stat().st_size > kilobytes * 1000], timeout_s=20
        )
        return found[0]

    async def held(self, seconds: float) -> None:
        """Wait until so much is held in memory."""

        def enough():
            writer = self.heard.session.recorder._writer
            packets = writer._ring._packets if writer else ()
            return packets and packets[-1].dts_s - packets[0].dts_s >= seconds

        await eventually(enough, timeout_s=seconds + 20)

    def _record(self, mode, pre_s: float, segment_s: float) -> None:
        self.heard.session.recorder.obey(Record(1, str(self.root), STREAM, mode, pre_s, segment_s))


def check_names(root: Path, reports: list[Recorded]) -> None:
    """Assert that each file is where it is said to be, and that none overlaps another."""
    names = []
    for report in reports:
        path = Path(report.path)
        name = RecordingName.parse(PurePosixPath(path.relative_to(root)))
        assert name is not None
        assert name.end is not None
        assert (name.start.timestamp(), name.end.timestamp()) == (report.start, report.end)
        assert path.stat().st_size == report.bytes
        names.append(name)
    for before, after in pairwise(names):
        assert before.start < before.end <= after.start


@asynccontextmanager
async def recording(url: str, root: Path, **options) -> AsyncIterator[Recording]:
    """Run a session beside the block; nothing is recorded until it is told to."""
    async with session_of(url, **options) as heard:
        heard.session.recorder._disks.floor_bytes = 0
        yield Recording(heard, root)

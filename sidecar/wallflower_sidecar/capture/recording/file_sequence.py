"""A stream's files one after another: begun and cut at key frames, given up when the disk fails, begun again."""

from collections.abc import Callable
import logging
from pathlib import Path

import av

from ...domain.clock import Clock
from ...domain.errors import CaptureCode
from ...domain.recordings import SavedFile
from .clock import RecordingClock
from .disk import check_disk, fault_code, try_disk
from .file import RecordingFile
from .fragmented_mp4 import PictureFormat
from .packets import Placed, Tracks
from .parameter_sets import may_hold_parameters, parameter_sets

RETRY_S = 3.0
"""Pause after a fault; then the next key frame begins a new file, if the disk is well."""

FORGIVEN_S = 30.0
"""A fault of the camera's packets is over when nothing went wrong for so long."""

_ROOM_AGAIN = 1.25
"""Times the floor: so much has to be free on a disk that was full, or files of a second would follow each other."""

_NEARLY_S = 0.1
"""A file is long enough when no more than this is missing: key frames do not come on the tick."""

_MOST_UNREADABLE = 3
"""Key frames in a row that cannot be read: one may have come in pieces."""

_LOGGER = logging.getLogger(__name__)


class FileSequence:
    """Keeps at most one file open; belongs to one thread. No fault of disk or camera gets out of it."""

    def __init__(
        self,
        tracks: Tracks,
        clock: Clock,
        line: RecordingClock,
        floor_bytes: int,
        saved: Callable[[SavedFile], None],
    ) -> None:
        """Have no file yet; finished ones are told to `saved`."""
        self.fault: CaptureCode | None = None
        self.lost = 0
        """Packets that a fault cost."""

        self.ended_s = float("-inf")
        """Where on the line the file before ended."""

        self._tracks = tracks
        self._clock = clock
        self._line = line
        self._floor_bytes = floor_bytes
        self._saved = saved
        self._root, self._stream, self._segment_s = Path(), "", 0.0
        self._file: RecordingFile | None = None
        self._picture: PictureFormat | None = None
        self._parameters = tracks.video.extradata if tracks.video else None
        self._cut = False
        self._unreadable = 0
        self._retry_at_s = float("-inf")

    @property
    def is_open(self) -> bool:
        """Whether a file is being written."""
        return self._file is not None

    @property
    def may_begin(self) -> bool:
        """Whether no pause after a fault is under way."""
        return self._clock.monotonic() >= self._retry_at_s

    def go_to(self, root: Path, stream: str, segment_s: float) -> None:
        """Write below `root`/`stream` from now on, files of about `segment_s` seconds."""
        if (root, stream) != (self._root, self._stream):
            self.finish()
            self.fault, self._retry_at_s = None, float("-inf")
        self._root, self._stream, self._segment_s = root, stream, segment_s

    def add(self, packet: Placed) -> None:
        """Write a packet, in a new file where one is due; count it as lost while none can be written."""
        self._cut |= packet.cut
        try:
            changed = self._learn(packet)
            if packet.key and (self._file is None or changed or self._is_due(packet, self._file)):
                self._begin(packet)
            if self._file is not None:
                self._file.write(packet)
            elif self.fault is not None:
                self.lost += 1
        except (av.FFmpegError, ValueError) as error:
            _LOGGER.warning("a packet could not be recorded: %s", type(error).__name__)
            self.fail(CaptureCode.CORRUPT_STREAM)
        except OSError as error:
            self.fail(fault_code(error))

    def finish(self, next_start_s: float | None = None) -> None:
        """End the open file, if there is one; another follows at `next_start_s`, if that is given."""
        file = self._file
        if file is None:
            return
        try:
            saved = file.finish(next_start_s)
        except av.FFmpegError, ValueError:
            self.fail(CaptureCode.CORRUPT_STREAM)
        except OSError as error:
            self.fail(fault_code(error))
        else:
            self._file = None
            self.ended_s = file.ends_s if next_start_s is None else next_start_s
            self._saved(saved)

    def fail(self, code: CaptureCode) -> None:
        """Give the file up, keep what of it plays, and pause."""
        if code is not self.fault:
            _LOGGER.warning("recording is paused: %s", code)
        self.fault = code
        self._retry_at_s = self._clock.monotonic() + RETRY_S
        file, self._file = self._file, None
        if file is not None:
            saved = file.rescue()
            self.ended_s = file.begins_s
            if saved is not None:
                self.ended_s += (saved.end - saved.start).total_seconds()
                self._saved(saved)

    def look_at_disk(self) -> None:
        """Notice a fault while nothing is written, one that writing does not show, and that it is over."""
        try:
            if self._file is not None:
                self._file.check_place()
            check_disk(self._root, self._wanted_bytes)
            of_disk = self.fault in (CaptureCode.DISK_FULL, CaptureCode.DISK_ERROR)
            if of_disk:
                try_disk(self._root, self._stream)
        except OSError as error:
            self.fail(fault_code(error))
        else:
            if of_disk or self._clock.monotonic() >= self._retry_at_s + FORGIVEN_S:
                self.fault = None

    def close(self) -> None:
        """End the open file and let go of everything."""
        self.finish()
        if self._picture is not None:
            self._picture.close()

    @property
    def _wanted_bytes(self) -> int:
        return round(self._floor_bytes * (_ROOM_AGAIN if self.fault is CaptureCode.DISK_FULL else 1))

    def _learn(self, packet: Placed) -> bool:
        """Take up a packet's parameter sets; returns whether the open file has others."""
        if self._tracks.video is None or packet.kind != "video":
            return False
        if may_hold_parameters(packet.data, key=packet.key):
            self._parameters = parameter_sets(self._tracks.video.codec, packet.data) or self._parameters
        of_file = self._file.picture if self._file else None
        return of_file is not None and of_file.parameters != self._parameters

    def _is_due(self, packet: Placed, file: RecordingFile) -> bool:
        long_enough = packet.dts_s - file.begins_s >= self._segment_s - _NEARLY_S
        return self._cut or long_enough or (packet.kind == "video" and file.picture is None)

    def _begin(self, first: Placed) -> None:
        try:
            picture = self._picture_of(first)
        except av.FFmpegError, ValueError:
            self._unreadable += 1
            if self._unreadable >= _MOST_UNREADABLE:
                raise
            return
        self._unreadable = 0
        self.finish(first.dts_s)
        if not self.may_begin:
            return
        check_disk(self._root, self._wanted_bytes)
        self._file = RecordingFile(self._root, self._stream, first, self._line, picture, self._tracks.audio)
        self.fault, self._cut = None, False

    def _picture_of(self, first: Placed) -> PictureFormat | None:
        """What the picture is like, found out anew only when its parameter sets are new."""
        if self._tracks.video is None or first.kind != "video":
            return None
        known = self._picture
        if known is None or known.parameters is None or known.parameters != self._parameters:
            self._picture = PictureFormat(self._tracks.video.codec, self._parameters, first.data)
            if known is not None:
                known.close()
        return self._picture

"""One file being written: fragments from memory to the disk, finished when it is whole, rescued when the disk fails."""

from datetime import datetime
import logging
from pathlib import Path

import av

from ...domain.recordings import RecordingName, SavedFile
from .clock import RecordingClock
from .disk import PartFile
from .fragmented_mp4 import FragmentedMp4, PictureFormat
from .mp4_boxes import inspect
from .packets import AudioTrack, Placed

_LOGGER = logging.getLogger(__name__)


class RecordingFile:
    """Belongs to one thread. Methods raise OSError for the disk's faults, av.FFmpegError for the camera's."""

    def __init__(
        self,
        root: Path,
        stream: str,
        first: Placed,
        clock: RecordingClock,
        picture: PictureFormat | None,
        sound: AudioTrack | None,
    ) -> None:
        """Create the file for packets from `first` on, and write its head."""
        self.begins_s = self.ends_s = first.dts_s
        self.picture = picture
        self._clock = clock
        self._root = root
        self._mp4 = FragmentedMp4(picture, sound, first.dts_s)
        self._part = PartFile(root, RecordingName(stream, clock.start(first.dts_s)))
        try:
            self._part.write(self._mp4.take())
        except OSError:
            self._part.discard()
            raise

    def write(self, packet: Placed) -> None:
        """Append a packet; whole fragments go to the disk."""
        self._mp4.write(packet)
        self.ends_s = max(self.ends_s, packet.dts_s + packet.duration_s)
        block = self._mp4.take()
        if block:
            self._part.write(block)

    def check_place(self) -> None:
        """Raise OSError when the file is no longer where it was made."""
        self._part.check_place()

    def finish(self, next_start_s: float | None = None) -> SavedFile:
        """End the file and give it its last name; `next_start_s` is where another goes on."""
        self._part.write(self._mp4.finish())
        return self._name_it(self.ends_s - self.begins_s, next_start_s)

    def rescue(self) -> SavedFile | None:
        """After a fault: finish what can be played, remove what cannot. What the disk does not let go of is left."""
        try:
            self._mp4.finish()
        except (av.FFmpegError, ValueError) as error:
            _LOGGER.debug("a file that is given up: %s", type(error).__name__)
        try:
            self._part.cut()
            whole = inspect(self._part.path)
            if whole is not None:
                return self._name_it(whole.duration_s, None)
            self._part.discard()
        except OSError as error:
            _LOGGER.warning("a recording was left unfinished: %s", error.strerror)
        finally:
            self._part.close()
        return None

    def _name_it(self, lasts_s: float, next_start_s: float | None) -> SavedFile:
        start: datetime = self._part.name.start
        name = self._part.finish(self._clock.end(start, lasts_s, next_start_s))
        self._part.close()
        end = name.end or start
        return SavedFile(name.stream, self._root / name.path, name.start, end, self._part.size)

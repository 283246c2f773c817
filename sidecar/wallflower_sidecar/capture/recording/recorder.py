"""The recorder of one session: packets in, files on disk, and never a wait for the disk in between."""

from collections.abc import Callable
import logging
import threading

from av.packet import Packet
from av.stream import Stream

from ...domain.clock import Clock
from ...domain.errors import CaptureCode
from ...domain.recordings import SavedFile
from ..connection.way import Camera
from ..messages import Keep, Record, Recorded, Report, StopRecording, Writing
from .disk import RecordingDisks
from .fragmented_mp4 import RECORDABLE
from .packet_queue import PacketQueue
from .packets import AudioTrack, Kind, Sample, Tracks, VideoTrack
from .writer import Order, RecordingWriter

HUNG_S = 10.0
"""A disk that takes longer over one packet counts as one that cannot be written."""

FAREWELL_S = 2.0
"""How long a session's end waits for the file to be finished."""

LOSS_TOLD_EVERY_S = 60.0
"""A disk that is too slow costs packets of each group of pictures."""

_MOST_EARLY = 16

_LOGGER = logging.getLogger(__name__)


class Recorder:
    """Made with the session. `obey` may be called from any thread, the rest by the session's own."""

    def __init__(
        self, session: int, clock: Clock, report: Callable[[Report], None], disks: RecordingDisks | None = None
    ) -> None:
        """Record nothing until ordered to."""
        self._session = session
        self._clock = clock
        self._report = report
        self._disks = disks or RecordingDisks()
        self._queue = PacketQueue()
        self._lock = threading.Lock()
        self._orders: Record | None = None
        self._early: list[Order] = []
        self._tracks: Tracks | None = None
        self._kinds: dict[int, tuple[Kind, float]] = {}
        self._writer: RecordingWriter | None = None
        self._thread: threading.Thread | None = None
        self._place = "", ""
        self._told: tuple[bool, str | None] | None = None
        self._loss_told_s = float("-inf")
        self._telling = threading.Lock()

    @property
    def dropped(self) -> int:
        """Packets that were to be recorded and are lost."""
        return self._queue.dropped + (self._writer.lost if self._writer else 0)

    def obey(self, order: Order) -> None:
        """Take up an order; before the camera is open it waits."""
        with self._lock:
            if isinstance(order, Record):
                self._orders = order
            elif isinstance(order, StopRecording):
                self._orders = None
                self._early.clear()
            if self._writer is not None:
                self._writer.obey(order)
            elif isinstance(order, Keep):
                self._early = [*self._early, order][-_MOST_EARLY:]

    def offer(self, camera: Camera) -> None:
        """Tell what the session brings, before its first packet."""
        video = audio = None
        if camera.video is not None:
            picture = camera.video.codec_context
            if picture.name in RECORDABLE:
                video = VideoTrack(picture.name, picture.extradata)
                self._kinds[camera.video.index] = "video", float(camera.video.time_base)
            else:
                _LOGGER.warning("session %d: pictures in %s are not recorded", self._session, picture.name)
        if camera.audio is not None:
            sound = camera.audio.codec_context
            audio = AudioTrack(sound.name, sound.extradata, sound.sample_rate, sound.layout.name)
            self._kinds[camera.audio.index] = "audio", float(camera.audio.time_base)
        if video or audio:
            self._tracks = Tracks(video, audio)

    def take(self, packet: Packet[Stream], arrival_s: float, data: bytes | None = None) -> None:
        """Record a packet that arrived at monotonic `arrival_s`, if that is ordered; `data` is a copy made already.

        Packets are copied, as others decode them later.
        """
        if self._orders is None or self._tracks is None or packet.stream_index not in self._kinds:
            return
        if self._writer is None and not self._start(self._tracks):
            return
        kind, tick_s = self._kinds[packet.stream_index]
        taken = self._queue.put(
            Sample(
                kind,
                bytes(packet) if data is None else data,
                None if packet.pts is None else packet.pts * tick_s,
                None if packet.dts is None else packet.dts * tick_s,
                (packet.duration or 0) * tick_s,
                packet.is_keyframe if kind == "video" else self._tracks.video is None,
                arrival_s,
            )
        )
        if not taken:
            self._tell_loss(arrival_s)
        self._notice_hang(arrival_s)

    def pass_over(self) -> None:
        """Leave out a packet of the picture that is not what was announced."""
        if self._writer is not None:
            self._queue.pass_over()

    def end(self) -> None:
        """Have the open file finished; does not wait."""
        if self._writer is not None:
            self._writer.end()

    def join(self, timeout_s: float = FAREWELL_S) -> None:
        """Wait for the end of the thread; one that is stuck in the kernel is left behind with what it holds."""
        if self._thread is None:
            return
        self._thread.join(timeout_s)
        if not self._thread.is_alive():
            return
        self._disks.leave_behind(*self._place)
        if not self._thread.is_alive():
            self._disks.came_back(*self._place)
        _LOGGER.warning("session %d: the disk did not take the end of a recording in time", self._session)
        self._queue.clear()

    def _start(self, tracks: Tracks) -> bool:
        """Start the thread, unless the stream's last one still hangs or there is none to be had."""
        with self._lock:
            orders = self._orders
            if orders is None:
                return False
            if self._disks.is_stuck(orders.root, orders.stream):
                self._tell(writing=False, code=CaptureCode.DISK_ERROR)
                return False
            writer = RecordingWriter(tracks, self._queue, self._clock, self._disks, self._tell, self._saved)
            for order in (orders, *self._early):
                writer.obey(order)
            self._place = orders.root, orders.stream
            thread = threading.Thread(target=self._run, args=(writer,), name=f"recorder-{self._session}", daemon=True)
            try:
                thread.start()
            except RuntimeError as error:  # too many threads, or no memory for one more
                if self._told != (False, CaptureCode.INTERNAL):
                    _LOGGER.warning("session %d: recording cannot begin: %s", self._session, error)
                self._tell(writing=False, code=CaptureCode.INTERNAL)
                return False
            self._writer, self._thread = writer, thread
            return True

    def _run(self, writer: RecordingWriter) -> None:
        try:
            writer.run()
        except Exception:
            _LOGGER.exception("session %d: the end of a recording failed", self._session)
        finally:
            self._disks.came_back(*self._place)

    def _notice_hang(self, now_s: float) -> None:
        since_s = self._writer.busy_since_s if self._writer else None
        if since_s is not None and now_s - since_s > HUNG_S:
            self._tell(writing=False, code=CaptureCode.DISK_ERROR)

    def _tell_loss(self, now_s: float) -> None:
        if now_s - self._loss_told_s >= LOSS_TOLD_EVERY_S:
            self._loss_told_s = now_s
            _LOGGER.warning(
                "session %d: the disk does not keep up; %d packets are not recorded so far", self._session, self.dropped
            )

    def _tell(self, *, writing: bool, code: str | None) -> None:
        with self._telling:
            if (writing, code) != self._told:
                self._told = writing, code
                self._report(Writing(self._session, writing, code))

    def _saved(self, file: SavedFile) -> None:
        start, end = file.start.timestamp(), file.end.timestamp()
        self._report(Recorded(self._session, str(file.path), start, end, file.bytes))

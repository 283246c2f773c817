"""One RTSP session in one thread: opened, read to its end, closed by the same thread."""

from collections.abc import Callable
from dataclasses import replace
import logging
import threading
from typing import cast

import av
from av.audio.stream import AudioStream
from av.packet import Packet

from ..domain.camera_url import CameraUrl
from ..domain.clock import Clock
from ..domain.errors import CaptureCode, CaptureError, FieldError
from .connection.failures import streaming_code
from .connection.flowing import Flowing
from .connection.nal import VideoGuard
from .connection.network import resolve
from .connection.opening import Opening
from .connection.rtsp import open_camera
from .connection.waking import wake
from .connection.way import READ_TIMEOUT_S, Camera
from .listening.attention import Attention
from .listening.hearing import Hearing
from .messages import Alive, Answered, Connecting, Ended, Open, Opened, Report
from .pictures.asking import Asking
from .pictures.picture import NewestPicture, Picture, size_of
from .pictures.viewing import Viewing
from .recording.disk import RecordingDisks
from .recording.recorder import Recorder

REPORT_EVERY_S = 0.5
_PROVEN_AFTER_S = 1.0
_TIMER_S = 0.1
"""What libav's timer may be early by."""

_LOGGER = logging.getLogger(__name__)


class Session:
    """Runs in its own thread (`run`); the other methods may be called from any."""

    def __init__(
        self,
        order: Open,
        clock: Clock,
        report: Callable[[Report], None],
        disks: RecordingDisks | None = None,
        turn: threading.Lock | None = None,
    ) -> None:
        """Prepare a session; everything it has to say goes to `report`, last of all `Ended`.

        All sessions of a worker share its `disks`, and the `turn` in which they listen.
        """
        self.number = order.session
        self.viewing = Viewing(order.session, clock, report)
        self.asking = Asking(clock)
        self.recorder = Recorder(order.session, clock, report, disks)
        self._order = order
        self._clock = clock
        self._report = report
        self._stop = threading.Event()
        self._thread_id: int | None = None
        turn = turn or threading.Lock()
        self._hearing = Attention(lambda: Hearing(order.session, clock, report, turn), listens=order.listens)
        self._guard = VideoGuard("")
        self._offer: Opened | None = None
        self._opening: Opening | None = None
        self._flowing: Flowing | None = None
        self._fault: CaptureCode | None = None
        self._proven = False
        self._reported_s = float("-inf")
        self._saw_video = self._saw_audio = False

    def close(self) -> None:
        """Ask the session to end before its next packet."""
        self._stop.set()

    def shut(self) -> None:
        """Wake a thread that waits for a silent camera."""
        self._stop.set()
        if self._thread_id is not None:
            wake(self._thread_id)

    def look(self) -> None:
        """Notice what its thread cannot, which may wait in libav, and end it then."""
        if self._flowing is None:
            if self._opening is not None:
                self._look_at(self._opening)
            return
        if not self._stop.is_set():
            self._fault = self._flowing.look(self._clock.monotonic())
        if self._fault is not None:
            self.shut()

    def _look_at(self, opening: Opening) -> None:
        before = opening.received
        opening.look()
        if opening.received > before:
            self._report(Answered(self.number))

    def want_drafts(self, *, wanted: bool) -> None:
        """Hand over utterances under way too, or no longer."""
        self._hearing.want_drafts(wanted=wanted)

    def listen(self, *, wanted: bool) -> None:
        """Hear what is said, or forget what was heard and hear nothing more."""
        self._hearing.listen(wanted=wanted)

    def run(self) -> None:
        """Run the session to its end."""
        message: str | None = None
        self._thread_id = threading.get_native_id()
        try:
            self._capture()
            code = CaptureCode.EOF
        except CaptureError as error:
            code, message = error.code, error.message
        except FieldError:
            code = CaptureCode.INTERNAL
        except av.FFmpegError as error:
            code = streaming_code(error)
        except Exception:
            _LOGGER.exception("session %d failed", self.number)
            code = CaptureCode.INTERNAL
        self._thread_id = None
        self.viewing.end()
        self.asking.end()
        self.recorder.join()
        if self._fault is not None:
            self._report(Ended(self.number, self._fault))
        else:
            self._report(Ended(self.number) if self._stop.is_set() else Ended(self.number, code, message))

    def _capture(self) -> None:
        url = CameraUrl.parse(self._order.url)
        addresses = resolve(url)
        self._report(Connecting(self.number))
        self._opening = Opening()
        camera = open_camera(
            url,
            addresses,
            self._order.transports,
            pull=self._order.pull,
            certificate=self._order.certificate,
            cancelled=self._stop.is_set,
            opening=self._opening,
        )
        try:
            self._read(camera)
        finally:
            self.recorder.end()
            try:
                self._hearing.close()
            finally:
                camera.container.close()

    def _read(self, camera: Camera) -> None:
        if camera.video is None and camera.audio is None:
            raise CaptureError(CaptureCode.NO_AUDIO)
        self._take_up(camera)
        flowing = self._flowing = Flowing(lambda: self._hearing.passed_s, looks_wrong=lambda: self._guard.suspicious)
        video_index = camera.video.index if camera.video else -1
        audio_index = camera.audio.index if camera.audio else -1
        asked_s = self._clock.monotonic()
        for packet in camera.container.demux():
            if self._stop.is_set():
                return
            if not packet.size:
                continue
            arrival_s = self._clock.monotonic()
            if arrival_s - asked_s > READ_TIMEOUT_S - _TIMER_S:
                raise CaptureError(CaptureCode.STALLED)
            if packet.stream_index == audio_index:
                self.recorder.take(packet, arrival_s)
                self._hear(cast("Packet[AudioStream]", packet), arrival_s, flowing)
            elif packet.stream_index == video_index:
                data = bytes(packet)
                flowing.video.note(arrival_s)
                self._see(data, arrival_s, key=packet.is_keyframe)
                if self._guard.foreign:
                    self.recorder.pass_over()
                else:
                    self.recorder.take(packet, arrival_s, data)
            self._report_liveness(arrival_s)
            asked_s = self._clock.monotonic()

    def _take_up(self, camera: Camera) -> None:
        """Tell what the camera offers, and make ready for it."""
        self._offer = Opened(self.number, camera.transport, camera.video_info, camera.audio_info, camera.pull)
        self._report(self._offer)
        self.recorder.offer(camera)
        if camera.audio is not None:
            camera.audio.codec_context.thread_count = 1
        if camera.video is not None:
            context = camera.video.codec_context
            self._guard = VideoGuard(context.name)
            self.asking.picture = NewestPicture(context.name, context.extradata)

    def _hear(self, packet: Packet[AudioStream], arrival_s: float, flowing: Flowing) -> None:
        # A damaged packet that libav lets through now and then is no sign of life.
        if self._hearing.take(packet, arrival_s):
            flowing.audio.note(arrival_s)
            self._saw_audio = True

    def _see(self, packet: bytes, arrival_s: float, *, key: bool) -> None:
        fault = self._guard.observe(packet)
        if fault is not None:
            raise CaptureError(fault)
        self._saw_video = True
        newest = self.asking.picture
        if newest is None:
            return
        newest.keep(packet, arrival_s, key=key)
        self.viewing.look(newest, packet, arrival_s, key=key)
        if key:
            self.asking.answer()
            self._check_size(packet, newest.take(arrival_s))

    def _check_size(self, key_frame: bytes, picture: Picture | None) -> None:
        """Complete the offer of a camera that tells its size only in the picture; notice when the size changes."""
        changed = self._guard.has_new_parameters(key_frame)
        video = self._offer.video if self._offer else None
        if self._offer is None or video is None or picture is None or (video.width and not changed):
            return
        size = size_of(picture)
        if size is None or size == (video.width, video.height):
            return
        if video.width:
            raise CaptureError(CaptureCode.CODEC_CHANGED)
        self._offer = replace(self._offer, video=replace(video, width=size[0], height=size[1]))
        self._report(self._offer)

    def _report_liveness(self, now_s: float) -> None:
        if now_s - self._reported_s < REPORT_EVERY_S:
            return
        seen = self._saw_video or self._saw_audio
        if seen and self._is_proven(now_s):
            self._reported_s = now_s
            level = self._hearing.level_dbfs if self._saw_audio else None
            self._report(Alive(self.number, self._saw_video, self._saw_audio, level))
            self._saw_video = self._saw_audio = False

    def _is_proven(self, now_s: float) -> bool:
        """Whether what arrives is worth the name: sound that could be decoded, or a second of sane pictures."""
        if not self._proven:
            since = self._flowing.video.first_s if self._flowing else None
            seen = since is not None and now_s - since >= _PROVEN_AFTER_S and not self._guard.suspicious
            self._proven = seen or self._hearing.is_sound
        return self._proven

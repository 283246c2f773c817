"""The capture worker: a child process with one thread for each camera."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
import logging
import os
import threading
import time

import av.logging

from ..domain.camera_url import CameraUrl
from ..domain.clock import Clock, SystemClock
from ..domain.errors import CaptureCode, CaptureError, WallflowerError
from ..processes.child import Channel, Stopped, run_child
from ..processes.heap import Heap
from .connection.network import resolve
from .connection.opening import Opening
from .connection.rtsp import fingerprint, open_camera
from .listening.loudness import loudness
from .messages import (
    Cancel,
    Close,
    Ended,
    Keep,
    Listen,
    Open,
    Probe,
    Probed,
    Record,
    Report,
    Shut,
    Snapshot,
    StopRecording,
    TakeSnapshot,
    Unwatch,
    WantDrafts,
    Watch,
    read_command,
    to_message,
)
from .pictures.picture import Picture, to_jpeg
from .pulse import Pulse
from .recording.disk import RecordingDisks
from .session import Session

_DECODERS = 2
_SOON_S = 6.0
"""A camera that took longer to open is not listened to as well when it is tried: whoever waits has a deadline."""
_MOST_SNAPSHOTS = 64
_FAREWELL_S = 1.0
_LOGGER = logging.getLogger(__name__)


class Worker:
    """Carries out the sidecar's commands; each session and each probe has its own thread."""

    def __init__(self, report: Callable[[Report], None], clock: Clock) -> None:
        """Have no sessions yet."""
        self.failed = False
        """Whether it ends for a fault of its own: then no session is said to have ended, the worker has."""

        self._report = report
        self._clock = clock
        self._sessions: dict[int, Session] = {}
        self._cancels: dict[int, Callable[[], object]] = {}
        self._decoders = ThreadPoolExecutor(_DECODERS, thread_name_prefix="picture")
        self._snapshots = threading.Semaphore(_MOST_SNAPSHOTS)
        self._disks = RecordingDisks()
        self._listening = threading.Lock()
        self._heap = Heap()
        self._pulse = Pulse()

    def obey(self, command: object) -> None:
        """Carry out one command; none of them waits for a camera."""
        match command:
            case Open():
                self._open(command)
            case TakeSnapshot():
                self._take_snapshot(command)
            case Probe():
                cancelled = threading.Event()
                self._cancels[command.request] = cancelled.set
                self._start(f"probe-{command.request}", lambda: self._probe(command, cancelled))
            case Cancel(request) if cancel := self._cancels.pop(request, None):
                cancel()
            case _ if session := self._sessions.get(getattr(command, "session", -1)):
                _instruct(session, command)

    def end(self) -> None:
        """Ask all sessions to end and wait a moment, so that cameras are told and last words are heard."""
        self._pulse.end()
        deadline = time.monotonic() + _FAREWELL_S
        for session in tuple(self._sessions.values()):
            session.close()
        while self._sessions and time.monotonic() < deadline:
            time.sleep(0.01)

    def _open(self, order: Open) -> None:
        session = self._sessions[order.session] = Session(
            order, self._clock, self._report_of_session, self._disks, self._listening
        )
        self._start(f"session-{order.session}", lambda: self._run(session))

    def _start(self, name: str, target: Callable[[], None]) -> None:
        threading.Thread(target=target, name=name, daemon=True).start()

    def _report_of_session(self, report: Report) -> None:
        if not (self.failed and isinstance(report, Ended)):
            self._report(report)

    def _run(self, session: Session) -> None:
        try:
            with self._pulse.watching(session):
                session.run()
        finally:
            self._sessions.pop(session.number, None)
            self._heap.tidy_soon()

    def _take_snapshot(self, order: TakeSnapshot) -> None:
        session = self._sessions.get(order.session)
        if session is None or not self._snapshots.acquire(blocking=False):
            self._report(Snapshot(order.request, None))
            return

        def decode(picture: Picture | None) -> None:
            self._cancels.pop(order.request, None)
            self._decoders.submit(self._decode, order, picture)

        def cancel() -> None:
            if session.asking.forget(decode):
                self._snapshots.release()

        self._cancels[order.request] = cancel
        session.asking.ask(decode)

    def _decode(self, order: TakeSnapshot, picture: Picture | None) -> None:
        jpeg = None
        try:
            jpeg = to_jpeg(picture, order.width) if picture else None
        except Exception:
            _LOGGER.exception("a snapshot failed")
        finally:
            self._snapshots.release()
        self._report(Snapshot(order.request, jpeg))

    def _probe(self, order: Probe, cancelled: threading.Event) -> None:
        began = time.monotonic()
        code = CaptureCode.INTERNAL
        try:
            url = CameraUrl.parse(order.url)
            addresses = resolve(url)
            opening = Opening()
            with self._pulse.watching(opening):
                camera = open_camera(
                    url,
                    addresses,
                    order.transports,
                    certificate=order.certificate,
                    cancelled=cancelled.is_set,
                    opening=opening,
                )
            took_s = round(time.monotonic() - began, 3)
            sound = camera.audio_info
            if camera.audio is not None and sound is not None and took_s < _SOON_S:
                level = loudness(camera.container, camera.audio, cancelled=cancelled.is_set)
                sound = replace(sound, level_dbfs=level)
            offer = camera.transport, camera.video_info, sound
            camera.container.close()
            answer = Probed(order.request, None, *offer, took_s, fingerprint(url, addresses))
        except WallflowerError as error:
            message = None
            if isinstance(error, CaptureError):
                code, message = error.code, error.message
            answer = Probed(order.request, code, took_s=round(time.monotonic() - began, 3), message=message)
        except Exception:
            _LOGGER.exception("a probe failed")
            answer = Probed(order.request, code)
        self._cancels.pop(order.request, None)
        if not cancelled.is_set():
            self._report(answer)


def _instruct(session: Session, command: object) -> None:
    """Carry out a command that is meant for one session."""
    match command:
        case Close():
            session.close()
        case Shut():
            session.shut()
        case WantDrafts(_, wanted):
            session.want_drafts(wanted=wanted)
        case Listen(_, wanted):
            session.listen(wanted=wanted)
        case Watch():
            session.viewing.watch(command)
        case Unwatch(_, watch):
            session.viewing.unwatch(watch)
        case Record() | Keep() | StopRecording():
            session.recorder.obey(command)


def main(channel: Channel) -> None:
    """Obey the sidecar until it says stop."""
    av.logging.set_level(None)  # libav's own lines hold addresses with passwords
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy"):
        os.environ.pop(name, None)  # libav would look for cameras with rtsps addresses behind it
    worker = Worker(lambda report: _send(channel, report), SystemClock())
    try:
        while True:
            worker.obey(read_command(channel.receive()))
    except Stopped:
        raise
    except Exception:
        worker.failed = True
        raise
    finally:
        worker.end()


def _send(channel: Channel, report: Report) -> None:
    if not channel.send(to_message(report)):
        _LOGGER.warning("a %s report was dropped, the sidecar does not read", type(report).__name__)


if __name__ == "__main__":
    run_child(main)

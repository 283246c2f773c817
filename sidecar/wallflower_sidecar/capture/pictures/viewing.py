"""A session's picture for those who watch it: decoded once for all of them, and only while there are any."""

from collections.abc import Callable
from dataclasses import dataclass
import logging
import threading

from av.video.frame import VideoFrame

from ...domain.clock import Clock
from ..messages import Frame, Watch
from .backlog import Backlog, Run
from .jpeg import to_jpegs, width_of
from .picture import NewestPicture, PictureDecoder

LONG_RUN = 30
"""Of a run longer than this the key frame is shown first, so that who comes late need not wait for all of it."""

_NEAR_ENOUGH = 0.9
"""Key frames that come this close to the rate asked for suffice."""

_LOGGER = logging.getLogger(__name__)


@dataclass(slots=True)
class _Watcher:
    order: Watch
    due_s: float

    @property
    def interval_s(self) -> float:
        return 1 / self.order.fps


class Viewing:
    """Reports a `Frame` for each watch whenever its time has come and there is a new picture.

    `look` is called by the session's thread, the others by any; the decoder has a thread of its own. Packets wait until
    a picture is due: those that a key frame overtakes before that are never decoded.
    """

    def __init__(self, number: int, clock: Clock, report: Callable[[Frame], None]) -> None:
        """Belong to session `number`, without any watch."""
        self.decoded = 0
        """Packets decoded."""

        self.encoded = 0
        """JPEGs made."""

        self.failures = 0
        """Pictures that could not be made for an unexpected reason; the first is logged."""

        self._number = number
        self._clock = clock
        self._report = report
        self._ready = threading.Condition()
        self._watchers: dict[int, _Watcher] = {}
        self._backlog = Backlog()
        self._thread: threading.Thread | None = None
        self._over = False
        self._begin = False
        self._keys_only = False
        self._key_s = float("-inf")
        self._key_interval_s = float("inf")

    @property
    def skipped(self) -> int:
        """Packets given up because decoding them would have taken too long."""
        return self._backlog.skipped

    def watch(self, order: Watch) -> None:
        """Begin to report pictures, the first at once; none once the session is over."""
        with self._ready:
            if self._over:
                return
            self._begin = self._begin or self._keys_only or not self._watchers
            self._watchers[order.watch] = _Watcher(order, self._clock.monotonic())
            self._ready.notify()

    def unwatch(self, watch: int) -> None:
        """Report no more; with the last watch the decoder goes."""
        with self._ready:
            self._watchers.pop(watch, None)
            self._ready.notify()

    def end(self) -> None:
        """The session is over, and with it every watch."""
        with self._ready:
            self._over = True
            self._watchers.clear()
            self._ready.notify()

    def look(self, picture: NewestPicture, packet: bytes, arrival_s: float, *, key: bool) -> None:
        """Take in a packet that `picture` keeps already; never waits for the decoder."""
        if key:
            self._key_interval_s, self._key_s = arrival_s - self._key_s, arrival_s
        if not self._watchers:
            return
        with self._ready:
            if not self._watchers:
                return
            had_something = bool(self._backlog)
            self._choose(arrival_s)
            if self._begin:
                packets, whole = picture.since_key_frame()
                kept = packets[:1] if self._keys_only else packets
                self._backlog.begin(kept, arrival_s, whole=whole and not self._keys_only)
                self._begin = False
            elif key or not self._keys_only:
                self._backlog.add(packet, arrival_s, key=key)
            if self._thread is None:
                name = f"viewing-{self._number}"
                self._thread = threading.Thread(target=self._run, args=(picture,), name=name, daemon=True)
                self._thread.start()
            elif self._backlog and not had_something:
                self._ready.notify()

    def _choose(self, now_s: float) -> None:
        """Decode key frames alone where they come often enough for every watch."""
        since_key_s = now_s - self._key_s
        overdue = since_key_s > 2 * self._key_interval_s
        key_interval_s = since_key_s if overdue else self._key_interval_s
        shortest_s = min(watcher.interval_s for watcher in self._watchers.values())
        keys_only = shortest_s >= key_interval_s * _NEAR_ENOUGH
        if keys_only != self._keys_only:
            self._keys_only, self._begin = keys_only, True

    def _run(self, picture: NewestPicture) -> None:
        decoder: PictureDecoder | None = None
        while (run := self._next()) is not None:
            try:
                decoder = decoder or PictureDecoder(picture.codec, picture.extradata)
                self._show(decoder, run)
            except Exception:
                if not self.failures:
                    _LOGGER.exception("session %d: a picture could not be made", self._number)
                self.failures += 1
                decoder = None
                with self._ready:
                    self._backlog.give_up()
        if self.skipped:
            _LOGGER.info("session %d: %d packets were skipped, decoding was too slow", self._number, self.skipped)

    def _next(self) -> Run | None:
        """Wait until a picture is due and there is something to make it of; None once nobody watches."""
        with self._ready:
            self._backlog.busy = False
            while self._watchers:
                wait_s: float | None = None
                if self._backlog:
                    now_s = self._clock.monotonic()
                    first = min(self._watchers.values(), key=lambda watcher: watcher.due_s)
                    wait_s = first.due_s - now_s
                    if wait_s <= 0 and (run := self._backlog.take(now_s, first.interval_s)):
                        self._backlog.busy = True
                        return run
                self._ready.wait(wait_s)
            self._thread = None
            self._backlog.begin((), 0.0, whole=False)
            return None

    def _show(self, decoder: PictureDecoder, run: Run) -> None:
        if run.anew:
            decoder.begin_anew()
            if len(run.packets) > LONG_RUN:
                self._hand_out(decoder.decode(run.packets[0]) or decoder.finish())
                decoder.begin_anew()
        newest: VideoFrame | None = None
        for packet in run.packets:
            if not self._watchers:
                return
            newest = decoder.decode(packet) or newest
            self.decoded += 1
        if self._keys_only and newest is None:
            newest = decoder.finish()
        self._hand_out(newest)

    def _hand_out(self, frame: VideoFrame | None) -> None:
        if frame is None:
            return
        now_s = self._clock.monotonic()
        with self._ready:
            due = [watcher for watcher in self._watchers.values() if watcher.due_s <= now_s]
            for watcher in due:
                watcher.due_s = max(watcher.due_s + watcher.interval_s, now_s)
        jpegs = to_jpegs(frame, {width_of(frame, watcher.order.width) for watcher in due}) if due else {}
        self.encoded += len(jpegs)
        for watcher in due:
            jpeg = jpegs.get(width_of(frame, watcher.order.width))
            if jpeg is not None:
                self._report(Frame(watcher.order.watch, jpeg))

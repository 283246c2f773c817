"""The moving pictures of streams: each asked of a worker once, and handed to any number of viewers."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
import logging

from ...domain.clock import Clock
from ...domain.errors import NotFoundError, UnavailableError
from ..messages import Frame, Unwatch, Watch
from ..stream.attempt import Carrier
from .no_picture import PictureSource, no_picture, refusal

MOST_VIEWERS = 64
"""How many may watch at the same time, all streams together."""

FIRST_S = 10.0
"""How long the first picture may take."""

OUTAGE_S = 60.0
"""How long viewers see the last picture of a camera that sends no more, until they are sent away."""

CUT_OFF_S = 20.0
"""A viewer that takes no picture for so long while there are new ones is sent away."""

STILL_NEW_S = 2.0
"""Who joins others is shown their last picture if it is no older than this."""

_LOGGER = logging.getLogger(__name__)


class Viewer:
    """Gives one viewer each time the newest picture (a JPEG); ends when there will be none."""

    def __init__(self) -> None:
        """Have seen nothing."""
        self.dropped = 0
        """Pictures that were overtaken before this viewer took them."""

        self._newest: bytes | None = None
        self._since_s = 0.0
        self._over = False
        self._changed = asyncio.Event()

    def __aiter__(self) -> Viewer:
        """Take one picture after the other."""
        return self

    async def __anext__(self) -> bytes:
        """Wait for a picture that is newer than the last."""
        await self.ready()
        if self._newest is None:
            raise StopAsyncIteration
        jpeg, self._newest = self._newest, None
        if not self._over:
            self._changed.clear()
        return jpeg

    async def ready(self) -> None:
        """Wait until there is a picture, or there will be none."""
        await self._changed.wait()

    def show(self, jpeg: bytes, now_s: float) -> bool:
        """Have a new picture; True if the one before was not taken."""
        overtaken = self._newest is not None
        if overtaken:
            self.dropped += 1
        else:
            self._since_s = now_s
        self._newest = jpeg
        self._changed.set()
        return overtaken

    def waits_s(self, now_s: float) -> float:
        """How long pictures have been waiting to be taken."""
        return 0.0 if self._newest is None else now_s - self._since_s

    def end(self) -> None:
        """Give out nothing more."""
        self._newest, self._over = None, True
        self._changed.set()


@dataclass(eq=False, slots=True)
class _Show:
    """One watch of a worker's, begun anew in each session of the stream, and those who see it."""

    stream: str
    width: int | None
    fps: float
    shown_s: float
    newest: bytes | None = None
    viewers: set[Viewer] = field(default_factory=set)
    session: int | None = None
    watch: int | None = None
    line: Carrier | None = None


class Viewers:
    """Everybody who watches. All is called on one event loop; `tick` several times a second."""

    def __init__(self, find: Callable[[str], PictureSource], clock: Clock, numbers: Iterator[int]) -> None:
        """`find` knows the streams (or raises NotFoundError); `numbers` gives ids that are never used twice."""
        self.dropped = 0
        """Pictures that viewers were too slow for."""

        self.cut_off = 0
        """Viewers that were sent away because they took nothing."""

        self._find = find
        self._clock = clock
        self._numbers = numbers
        self._shows: dict[tuple[str, int | None, float], _Show] = {}
        self._watches: dict[int, _Show] = {}

    def __len__(self) -> int:
        """How many watch."""
        return sum(len(show.viewers) for show in self._shows.values())

    @asynccontextmanager
    async def watch(self, stream_id: str, width: int | None, fps: float) -> AsyncGenerator[Viewer]:
        """Watch a stream, at most `width` pixels wide; the block begins when its first picture is there.

        Raises NotFoundError, and UnavailableError after 10 s without a picture or when too many watch.
        """
        if (in_vain := refusal(self._find(stream_id))) is not None:
            raise in_vain
        if len(self) >= MOST_VIEWERS:
            raise UnavailableError(f"{MOST_VIEWERS} viewers are watching already; no more can.")
        show = self._shows.setdefault((stream_id, width, fps), _Show(stream_id, width, fps, self._clock.monotonic()))
        viewer = Viewer()
        show.viewers.add(viewer)
        now_s = self._clock.monotonic()
        if show.newest is not None and now_s - show.shown_s < STILL_NEW_S:
            viewer.show(show.newest, now_s)
        try:
            await self._first_picture(show, viewer)
            yield viewer
        finally:
            self._leave(show, viewer)

    def take(self, frame: Frame) -> None:
        """Hand a worker's picture to all who watch it."""
        show = self._watches.get(frame.watch)
        if show is None:
            return
        now_s = show.shown_s = self._clock.monotonic()
        show.newest = frame.jpeg
        for viewer in tuple(show.viewers):
            self.dropped += viewer.show(frame.jpeg, now_s)
            if viewer.waits_s(now_s) > CUT_OFF_S:
                self.cut_off += 1
                _LOGGER.warning("A viewer of %s took no picture for %.0f s and was cut off", show.stream, CUT_OFF_S)
                viewer.end()
                self._leave(show, viewer)

    def tick(self) -> None:
        """Follow each stream to its present session, and send away those who watch one that is gone."""
        for show in tuple(self._shows.values()):
            try:
                source = self._find(show.stream)
            except NotFoundError:
                self._end(show)
                continue
            if refusal(source) is not None or self._clock.monotonic() - show.shown_s > OUTAGE_S:
                self._end(show)
            else:
                self._follow(show, source)

    def end_all(self) -> None:
        """Send everybody away."""
        for show in tuple(self._shows.values()):
            self._end(show)

    async def _first_picture(self, show: _Show, viewer: Viewer) -> None:
        source = self._find(show.stream)
        self._follow(show, source)
        try:
            async with asyncio.timeout(FIRST_S):
                await viewer.ready()
        except TimeoutError:
            raise no_picture(source, FIRST_S) from None
        if viewer not in show.viewers:
            raise no_picture(source, FIRST_S)

    def _follow(self, show: _Show, source: PictureSource) -> None:
        """Watch the session that brings the picture now."""
        source.use_picture()
        session = source.picture_session
        if session == show.session:
            return
        self._unwatch(show)
        line = None if session is None else source.line_of(session)
        if session is None or line is None:
            return
        watch = next(self._numbers)
        if line.send(Watch(session, watch, show.width, show.fps)):
            show.session, show.watch, show.line = session, watch, line
            self._watches[watch] = show

    def _unwatch(self, show: _Show) -> None:
        if show.line is not None and show.session is not None and show.watch is not None:
            del self._watches[show.watch]
            show.line.send(Unwatch(show.session, show.watch))
        show.session = show.watch = show.line = None

    def _leave(self, show: _Show, viewer: Viewer) -> None:
        show.viewers.discard(viewer)
        if show.viewers:
            return
        self._unwatch(show)
        key = show.stream, show.width, show.fps
        if self._shows.get(key) is show:
            del self._shows[key]

    def _end(self, show: _Show) -> None:
        for viewer in tuple(show.viewers):
            viewer.end()
            self._leave(show, viewer)

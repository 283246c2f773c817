"""Pictures of now: one is decoded for all who ask at the same time or shortly after."""

import asyncio
from collections.abc import Callable, Coroutine

from ...domain.errors import UnavailableError
from .no_picture import PictureSource, no_picture, refusal

TIMEOUT_S = 10.0
"""How long a picture may take."""

KEPT_S = 1.0
"""How long a picture is given again to who asks for the same."""

_LOOK_EVERY_S = 0.1

type Answer = bytes | UnavailableError
type Start = Callable[[Coroutine[None, None, Answer]], asyncio.Task[Answer]]


class Snapshots:
    """Everything is called on one event loop."""

    def __init__(self, find: Callable[[str], PictureSource]) -> None:
        """`find` knows the streams, or raises NotFoundError."""
        self.taken = 0
        """How many were asked of a worker."""

        self._find = find
        self._tasks: dict[tuple[str, int | None], asyncio.Task[Answer]] = {}

    async def take(self, stream_id: str, width: int | None, start: Start) -> bytes:
        """Return a JPEG no wider than `width`; raises NotFoundError, and UnavailableError after 10 s without one.

        `start` makes the task that waits for the camera, which several may wait for.
        """
        source = self._find(stream_id)
        if (in_vain := refusal(source)) is not None:
            raise in_vain
        key = stream_id, width
        task = self._tasks.get(key)
        if task is None:
            task = self._tasks[key] = start(self._take(source, width))
            task.add_done_callback(lambda done: self._keep(key, done))
        await asyncio.wait([task])
        answer = UnavailableError("Capture is stopping.") if task.cancelled() else task.result()
        if isinstance(answer, UnavailableError):
            raise answer
        return answer

    def _keep(self, key: tuple[str, int | None], task: asyncio.Task[Answer]) -> None:
        """Keep a picture for a moment, and nothing that failed."""
        if not task.cancelled() and isinstance(task.result(), bytes):
            asyncio.get_running_loop().call_later(KEPT_S, self._tasks.pop, key, None)
        else:
            self._tasks.pop(key, None)

    async def _take(self, source: PictureSource, width: int | None) -> Answer:
        try:
            async with asyncio.timeout(TIMEOUT_S):
                while (in_vain := refusal(source)) is None:
                    source.use_picture()
                    session = source.picture_session
                    line = None if session is None else source.line_of(session)
                    if session is not None and line is not None:
                        self.taken += 1
                        try:
                            return await line.snapshot(session, width)
                        except UnavailableError as error:
                            if source.picture_session == session:
                                return error
                    await asyncio.sleep(_LOOK_EVERY_S)
        except TimeoutError:
            return no_picture(source, TIMEOUT_S)
        return in_vain

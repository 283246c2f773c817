"""Blocking calls to a disk that may never answer: a network share that is gone, a device that hangs."""

import asyncio
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
import errno
import os
import threading

ANSWER_S = 30.0


class DiskThreads:
    """Runs each call in a thread of its own, which keeps neither the event loop nor the end of the process waiting.

    While a call has not come back in time all others are refused, so that no threads pile up behind it.
    """

    def __init__(self, answer_s: float = ANSWER_S) -> None:
        """Wait for an answer for so long."""
        self.stuck = 0
        """Calls that were given up and have not come back."""

        self._answer_s = answer_s

    async def call[**P, T](self, work: Callable[P, T], *arguments: P.args, **named: P.kwargs) -> T:
        """Return what `work` returns; raises what it raises, and OSError (ETIMEDOUT) without an answer."""
        if self.stuck:
            raise _no_answer()
        answer: Future[T] = Future()
        answer.set_running_or_notify_cancel()

        def run() -> None:
            try:
                answer.set_result(work(*arguments, **named))
            except Exception as error:  # noqa: BLE001 - it is raised where the answer is awaited
                answer.set_exception(error)

        threading.Thread(target=run, name="recordings disk", daemon=True).start()
        waiting = asyncio.wrap_future(answer)
        await asyncio.wait({waiting}, timeout=self._answer_s)
        if not waiting.done():
            self.stuck += 1
            waiting.add_done_callback(self._came_back)
            raise _no_answer()
        return waiting.result()

    async def call_or_undo[**P, T](
        self, undo: Callable[[T], object], work: Callable[P, T], *arguments: P.args, **named: P.kwargs
    ) -> T:
        """Like `call`; what comes back after it was given up is undone."""
        given_up = threading.Event()

        def run() -> T:
            result = work(*arguments, **named)
            if given_up.is_set():
                undo(result)
            return result

        try:
            return await self.call(run)
        except BaseException:
            given_up.set()
            raise

    def later(self, work: Callable[[], object]) -> None:
        """Do something in a thread of its own for which nobody waits."""

        def run() -> None:
            with suppress(OSError):
                work()

        threading.Thread(target=run, name="recordings disk", daemon=True).start()

    def _came_back[T](self, answer: asyncio.Future[T]) -> None:
        self.stuck -= 1
        if not answer.cancelled():
            answer.exception()  # nobody waits for it any more


def _no_answer() -> OSError:
    return OSError(errno.ETIMEDOUT, os.strerror(errno.ETIMEDOUT))

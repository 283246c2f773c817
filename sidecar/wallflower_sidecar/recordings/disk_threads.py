"""Blocking calls to a disk that may never answer: a network share that is gone, a device that hangs."""

import asyncio
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
import errno
from functools import partial
import os
import threading

ANSWER_S = 30.0


class DiskThreads:
    """Runs each call in a thread of its own, which keeps neither the event loop nor the end of the process waiting.

    While a call has not come back in time all others are refused, so that no threads pile up behind it, also when
    nobody waits for it any more. Everything is called on one event loop.
    """

    def __init__(self, answer_s: float = ANSWER_S) -> None:
        """Wait for an answer for so long."""
        self._answer_s = answer_s
        self._due_s: dict[object, float] = {}
        """When each call that has not come back is overdue, by the event loop's time."""

    @property
    def stuck(self) -> int:
        """Calls that are overdue and have not come back."""
        if not self._due_s:
            return 0
        now_s = asyncio.get_running_loop().time()
        return sum(due_s <= now_s for due_s in self._due_s.values())

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
        self._due_s[waiting] = asyncio.get_running_loop().time() + self._answer_s
        waiting.add_done_callback(self._came_back)
        await asyncio.wait({waiting}, timeout=self._answer_s)
        if not waiting.done():
            raise _no_answer()
        return waiting.result()

    async def call_or_undo[**P, T](
        self, undo: Callable[[T], object], work: Callable[P, T], *arguments: P.args, **named: P.kwargs
    ) -> T:
        """Like `call`; what comes back after it was given up is undone."""
        lock = threading.Lock()
        given_up = False
        returned: list[T] = []

        def run() -> T:
            result = work(*arguments, **named)
            with lock:
                returned.append(result)
                late = given_up
            if late:
                undo(result)
            return result

        try:
            return await self.call(run)
        except BaseException:
            with lock:
                given_up = True
                unheard_of = tuple(returned)
            for result in unheard_of:
                self.later(partial(undo, result))
            raise

    def later(self, work: Callable[[], object]) -> None:
        """Do something in a thread of its own for which nobody waits."""

        def run() -> None:
            with suppress(OSError):
                work()

        threading.Thread(target=run, name="recordings disk", daemon=True).start()

    def _came_back[T](self, answer: asyncio.Future[T]) -> None:
        del self._due_s[answer]
        if not answer.cancelled():
            answer.exception()  # whoever asked may have left


def _no_answer() -> OSError:
    return OSError(errno.ETIMEDOUT, os.strerror(errno.ETIMEDOUT))

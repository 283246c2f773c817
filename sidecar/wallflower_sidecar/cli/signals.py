"""Commands that run until they are told to stop."""

import asyncio
from collections.abc import Coroutine
import logging
import os
import signal
import threading
from typing import Any

LOGGER = logging.getLogger(__name__)

SIGNALS = (signal.SIGTERM, signal.SIGINT)
LAST_RESORT_S = 9.0
"""A signal ends everything within 10 s: after this long the process goes as it is, and its children die with it."""


def run_until_signal[T](work: Coroutine[Any, Any, T]) -> T:
    """Run `work` on an event loop of its own and return its result.

    The first SIGTERM or SIGINT cancels it: it cleans up, and CancelledError is raised here. That holds also where
    SIGINT is ignored, as shells and build servers start what they run in the background.
    """
    before = {number: signal.getsignal(number) for number in SIGNALS}
    try:
        return asyncio.run(_cancelled_by_signals(work))
    finally:
        for number, handler in before.items():
            if handler is not None:
                signal.signal(number, handler)


async def _cancelled_by_signals[T](work: Coroutine[Any, Any, T]) -> T:
    """Cancel the work at the first signal, whatever it is doing; further signals change nothing."""
    loop = asyncio.get_running_loop()
    task = asyncio.ensure_future(work)
    last_resort = threading.Timer(LAST_RESORT_S, _go_at_once)
    last_resort.daemon = True
    asked = False

    def stop() -> None:
        nonlocal asked
        if not asked:
            asked = True
            LOGGER.info("Stopping")
            last_resort.start()
            task.cancel()

    for number in SIGNALS:
        loop.add_signal_handler(number, stop)
    try:
        return await task
    finally:
        last_resort.cancel()


def _go_at_once() -> None:
    LOGGER.error("Stopping took more than %.0f s; the rest is cut off", LAST_RESORT_S)
    os._exit(0)

"""Waiting for something to become true, with a deadline instead of a sleep."""

import asyncio
from collections.abc import Awaitable, Callable
import inspect
import time
from typing import Any, overload


@overload
async def eventually[T](
    predicate: Callable[[], Awaitable[T]], timeout_s: float = ..., interval_s: float = ...
) -> T: ...
@overload
async def eventually[T](predicate: Callable[[], T], timeout_s: float = ..., interval_s: float = ...) -> T: ...
async def eventually(predicate: Callable[[], Any], timeout_s: float = 5.0, interval_s: float = 0.05) -> Any:
    """Return the first true value; after the deadline raise AssertionError with the last one seen.

    The predicate may be a plain or a coroutine function. An AssertionError it raises counts as "not yet".
    """
    deadline = time.monotonic() + timeout_s
    while True:
        seen: object
        try:
            async with asyncio.timeout(max(deadline - time.monotonic(), interval_s)):
                value = predicate()
                if inspect.isawaitable(value):
                    value = await value
        except AssertionError as error:
            seen = error
        except TimeoutError:
            seen = "no answer before the deadline"
        else:
            if value:
                return value
            seen = value
        if time.monotonic() >= deadline:
            raise AssertionError(f"not true within {timeout_s:g} s; last seen: {seen!r}")
        await asyncio.sleep(interval_s)

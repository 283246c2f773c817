"""Clips: which files hold what was asked for, and the process that makes one mp4 of them."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
import logging
from pathlib import Path

from ..domain.clock import Clock
from ..domain.errors import NotFoundError, UnavailableError
from ..domain.recordings import LONGEST, PART, RecordingKind
from ..processes.asked_child import ChildEndedError, asked_child
from ..processes.life import ChildSpec
from ..processes.wire import Message, WireError
from . import cutter_messages as messages
from .cutter_messages import Order, Source
from .library import Library, StoredFile
from .removals import Removals

LOGGER = logging.getLogger(__name__)

STUCK_S = 30.0
"""A cutter that gets no further for so long is ended."""

FINISH_S = 240.0
"""At the end the index goes to the front, for which the whole clip is moved: gigabytes on a slow disk."""

LONGEST_CUT_S = 600.0

_LEAD = timedelta(seconds=1)
"""The file before is asked too when `from` lies this little after its end: names say when a file begins only nearly."""

_AHEAD = timedelta(days=1)
"""A clock that was put back may have left recordings of the future."""

_FIRST = datetime(1970, 1, 2, tzinfo=UTC)

_CUTTER = ChildSpec("clip-cutter", "wallflower_sidecar.recordings.cutter")
NOTHING = "Nothing was recorded in this time."
_FAULTS = {
    "unreadable": "The recordings of this time cannot be read.",
    "unfit": "The recordings of this time cannot be joined into a clip.",
    "disk_full": "The disk of the recordings has no room for the clip.",
    "disk_error": "The clip cannot be written to the disk of the recordings.",
}


@dataclass(frozen=True, slots=True)
class Cut:
    """A clip that was cut: the time of its first frame and of its end; `left_out` counts the files not in it."""

    start: datetime
    end: datetime
    bytes: int
    left_out: int


@dataclass(frozen=True, slots=True)
class Sources:
    """The files that hold a time, oldest first; `growing` while one of them is being written."""

    files: tuple[Source, ...]
    bytes: int
    growing: bool

    def are_gone(self) -> bool:
        """Whether any of the finished ones was deleted; blocks."""
        return any(not each.path.exists() for each in self.files if each.path.suffix != PART)


def find_sources(library: Library, stream: str, start: datetime, end: datetime, now: datetime) -> Sources:
    """Return what is on disk of a time of a stream; blocks. Raises OSError."""
    end = min(end, now + _AHEAD)
    day, last = (max(start, _FIRST) - LONGEST).astimezone(UTC).date(), end.astimezone(UTC).date()
    found: list[StoredFile] = []
    while start < end and day <= last:
        found += library.files(f"{stream}/{day:%Y-%m-%d}")
        day += timedelta(days=1)
    segments = sorted(
        (each for each in found if each.name.kind is RecordingKind.SEGMENT and each.name.start < end),
        key=lambda each: each.name.start,
    )
    inside = [each for each in segments if (each.name.end or now) > start]
    if inside and inside[0].name.start > start:
        before = [each for each in segments if each not in inside and (each.name.end or now) > start - _LEAD]
        inside = before[-1:] + inside
    return Sources(
        tuple(
            Source(library.locate(each.name.path), each.name.start.timestamp(), (each.name.end or now).timestamp())
            for each in inside
        ),
        sum(each.bytes for each in inside),
        any(each.name.end is None for each in inside),
    )


async def cut_clip(
    files: Sequence[Source],
    start: datetime,
    end: datetime,
    target: Path,
    *,
    removals: Removals,
    clock: Clock,
    stuck_s: float = STUCK_S,
) -> Cut:
    """Cut what was recorded from `start` to `end` into a new file, which is removed again if that fails.

    Raises NotFoundError when nothing was recorded then, UnavailableError.
    """
    order = Order(tuple(files), start.timestamp(), end.timestamp(), target)
    cut: Cut | None = None
    try:
        async with asyncio.timeout(LONGEST_CUT_S):
            cut = await _ask(order, clock, stuck_s)
        return cut
    except ChildEndedError as error:
        raise UnavailableError(f"The clip cannot be made: the process that cut it ended ({error}).") from None
    except TimeoutError:
        raise UnavailableError("The clip cannot be made: cutting it took too long.") from None
    finally:
        if cut is None:
            await removals.remove([target])


async def _ask(order: Order, clock: Clock, stuck_s: float) -> Cut:
    async with asked_child(_CUTTER, clock) as cutter:
        message = await cutter.ask(messages.cut(order), stuck_s)
        while message["t"] in {messages.GOING, messages.FINISHING}:
            within_s = FINISH_S if message["t"] == messages.FINISHING else stuck_s
            message = await cutter.ask(messages.go_on(), within_s)
    return _cut(message)


def _cut(message: Message) -> Cut:
    match message["t"]:
        case messages.DONE:
            left_out = message["left_out"]
            if left_out:
                LOGGER.warning("Not everything is in a clip: %s left out", ", ".join(left_out))
            start, end = (datetime.fromtimestamp(message[each], UTC) for each in ("start", "end"))
            return Cut(start, end, message["bytes"], len(left_out))
        case messages.FAULT if message["code"] == "nothing":
            raise NotFoundError(NOTHING)
        case messages.FAULT:
            raise UnavailableError(_FAULTS[message["code"]])
    raise WireError("an answer of an unknown type")

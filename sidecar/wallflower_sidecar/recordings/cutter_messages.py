"""What the sidecar and the process that cuts a clip say to each other; `t` names the kind.

The cutter says nothing but an answer to a question, so that it ends once nobody asks any more.
"""

from collections.abc import Sequence
import os
from pathlib import Path
from typing import NamedTuple

from ..processes.wire import Message

CUT = "cut"
GO_ON = "go_on"
GOING = "going"
FINISHING = "finishing"
DONE = "done"
FAULT = "fault"


class Source(NamedTuple):
    """A recorded file and the time that its name says, in seconds since 1970 (UTC)."""

    path: Path
    start: float
    end: float


class Order(NamedTuple):
    """What to cut: what was recorded from `start` to `end`, out of files in order of time, into `target`."""

    sources: tuple[Source, ...]
    start: float
    end: float
    target: Path


def cut(order: Order) -> Message:
    """To the cutter, first of all."""
    sources = [(os.fsencode(each.path), each.start, each.end) for each in order.sources]
    return {
        "t": CUT,
        "sources": sources,
        "start": order.start,
        "end": order.end,
        "target": os.fsencode(order.target),
    }


def read_order(message: Message) -> Order:
    """Read what `cut` wrote."""
    sources = tuple(Source(Path(os.fsdecode(path)), start, end) for path, start, end in message["sources"])
    return Order(sources, message["start"], message["end"], Path(os.fsdecode(message["target"])))


def go_on() -> Message:
    """To the cutter: somebody still waits."""
    return {"t": GO_ON}


def going(done_s: float) -> Message:
    """From the cutter: so much of the clip is written."""
    return {"t": GOING, "done_s": done_s}


def finishing() -> Message:
    """From the cutter: all is written; what is left may take a while and cannot be asked about."""
    return {"t": FINISHING}


def done(start: float, end: float, size: int, left_out: Sequence[str]) -> Message:
    """From the cutter: the clip is whole; its first frame, its end, its bytes, and why which files are not in it."""
    return {"t": DONE, "start": start, "end": end, "bytes": size, "left_out": list(left_out)}


def fault(code: str) -> Message:
    """From the cutter: `nothing`, `unreadable`, `disk_full`, `disk_error` or `unfit`; nothing follows."""
    return {"t": FAULT, "code": code}

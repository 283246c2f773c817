"""The process that cuts one clip out of recorded files: what a camera sent harms nobody but this process."""

from collections.abc import Generator, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
import errno
from itertools import groupby
from pathlib import Path
import time
from typing import NamedTuple

import av
import av.logging

from ..domain.errors import WallflowerError
from ..domain.recordings import PART
from ..processes.bounds import bound_this_process
from ..processes.child import Channel, run_child
from ..processes.wire import Message
from . import cutter_messages as messages
from .cutter_messages import Order
from .footage import SAME_S, Footage, Key, look, opened, packets, time_s, tracks
from .joiner import Joiner

OVERLAP_S = 1.0
"""Files of one stream that overlap by more are cut; by less it is how the clock was estimated, and nothing is twice."""

BESIDE_S = 20.0
"""So long two sessions of one stream may write side by side while one takes over; longer, the clock was put back."""

MISSING_S = 1.5
"""A finished file that ends so much before its name says is damaged; by a second less it is how names are given."""

_TELL_EVERY_S = 1.0
_MEMORY_BYTES = 256 * 1024 * 1024
"""Beyond what the libraries themselves take; an hour of 1080p15 took 14 MB of it (measured)."""

_UNREADABLE = (av.FFmpegError, OSError, ValueError)
_DISK_FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})


class FaultError(WallflowerError):
    """There is no clip; the text is the code that the sidecar is told."""


class Reach(NamedTuple):
    """The time of day of a clip's first frame and of its end, in seconds since 1970."""

    start: float
    end: float


def cut(order: Order) -> Iterator[Message]:
    """Cut a clip, telling now and then how far it is; raises FaultError."""
    footage, left_out = _readable(order)
    footage = _from_the_first_needed(footage, order)
    run = longest_run(footage, order)
    if len(run) < len(footage):
        left_out.append(f"{len(footage) - len(run)} files with another codec or size")
    reach: Reach | None = None
    told_at = time.monotonic()
    with _joined(order.target, run[0]) as joiner:
        for number, (each, following) in enumerate(zip(run, [*run[1:], None], strict=True)):
            have = None if reach is None else _had(reach, run[:number])
            for reached in _copy(each, joiner, order._replace(end=_end(each, following, order)), have, left_out):
                reach = Reach(reached.start if reach is None else reach.start, reached.end)
                if time.monotonic() - told_at >= _TELL_EVERY_S:
                    yield messages.going(joiner.length_s)
                    told_at = time.monotonic()
        if reach is None or reach.end <= order.start:
            raise FaultError("nothing")
        yield messages.finishing()
        size = joiner.finish()
    yield messages.done(reach.start, reach.end, size, left_out)


def longest_run(footage: Sequence[Footage], order: Order) -> list[Footage]:
    """The neighbours of equal codec and size that hold most of what was asked for; the earliest of equals."""
    runs = [list(run) for _, run in groupby(footage, key=lambda each: each.parameters)]
    return max(runs, key=lambda run: sum(_shared_s(each, order) for each in run))


def _from_the_first_needed(footage: Sequence[Footage], order: Order) -> list[Footage]:
    """Without the files before the last one that begins at or before `from`."""
    needless = sum(each.source.start <= order.start + SAME_S for each in footage) - 1
    return list(footage[max(0, needless) :])


def _shared_s(footage: Footage, order: Order) -> float:
    return max(0.0, min(footage.source.end, order.end) - max(footage.source.start, order.start))


def _readable(order: Order) -> tuple[list[Footage], list[str]]:
    footage: list[Footage] = []
    left_out: list[str] = []
    for source in order.sources:
        try:
            footage.append(look(source))
        except _UNREADABLE as error:
            left_out.append(f"{source.path.name} ({type(error).__name__})")
    if not footage:
        raise FaultError("unreadable")
    return footage, left_out


def _copy(footage: Footage, joiner: Joiner, order: Order, have: float | None, left_out: list[str]) -> Iterator[Reach]:
    """Add what a file has of the clip, which has all there is until `have`. Yields what is reached."""
    with ExitStack() as stack:
        try:
            begin = _begin(footage, order, have)
            container = stack.enter_context(opened(footage.path))
        except _UNREADABLE:
            return  # removed, or damaged, since it was looked at
        if begin is None:
            return
        streams = tracks(container)
        lead = streams[0].type
        whole = begin.dts_s == footage.begins_s
        joiner.follow(footage.begins if whole else dict.fromkeys(footage.begins, begin.dts_s))
        going = {stream.type for stream in streams}
        reached_s = footage.begins_s
        for packet in packets(container, streams):
            kind, dts_s, pts_s = packet.stream.type, time_s(packet, packet.dts), time_s(packet, packet.pts)
            if kind in going and footage.wall(dts_s) >= order.end:
                going.remove(kind)
            if not going:
                return
            if kind not in going or dts_s < begin.dts_s or pts_s < begin.pts_s:
                continue
            ends_s = pts_s + time_s(packet, packet.duration)
            reached_s = max(reached_s, ends_s)
            joiner.add(packet)
            if kind == lead:
                yield Reach(footage.wall(begin.pts_s), footage.wall(ends_s))
        if footage.path.suffix != PART and footage.wall(reached_s) < min(footage.source.end, order.end) - MISSING_S:
            left_out.append(f"{footage.path.name} (damaged)")


def _end(footage: Footage, following: Footage | None, order: Order) -> float:
    """Where a file gives way: at the end of the clip, or where another session began to write beside its own."""
    beside_s = 0.0 if following is None else footage.source.end - following.source.start
    if following is None or not OVERLAP_S < beside_s <= BESIDE_S:
        return order.end
    return min(order.end, following.source.start)


def _had(reach: Reach, before: Sequence[Footage]) -> float:
    """Until when a clip has all there is: a file that its name shortens, as the clock was set back, lasts longer."""
    return min(reach.end, max(each.source.end for each in before))


def _begin(footage: Footage, order: Order, have: float | None) -> Key | None:
    """From where on a file's packets belong to the clip; None: from nowhere."""
    if have is None:
        return footage.key_at(order.start)
    if footage.source.start >= have - OVERLAP_S:
        return Key(footage.begins_s, footage.begins_s)
    return footage.key_after(have)


@contextmanager
def _joined(target: Path, first: Footage) -> Generator[Joiner]:
    """Write a clip within the block; raises FaultError for a disk or a codec that does not take it."""
    with ExitStack() as stack:
        try:
            template = stack.enter_context(opened(first.path))
        except _UNREADABLE:
            raise FaultError("unreadable") from None
        try:
            with closing(Joiner(target, tracks(template))) as joiner:
                yield joiner
        except (av.FFmpegError, OSError, ValueError) as error:
            raise FaultError(_code_of(error)) from None


def _code_of(error: av.FFmpegError | OSError | ValueError) -> str:
    """What is wrong with the disk, or with what was to be written."""
    number = getattr(error, "errno", None)
    if number in _DISK_FULL:
        return "disk_full"
    return "disk_error" if isinstance(error, OSError) else "unfit"


def main(channel: Channel) -> None:
    """Cut the one clip that the sidecar asks for."""
    av.logging.set_level(None)  # libav's own lines hold what the file says of itself
    bound_this_process(_MEMORY_BYTES)
    order = messages.read_order(channel.receive())
    try:
        for answer in cut(order):
            channel.send(answer)
            channel.receive()
    except FaultError as error:
        channel.send(messages.fault(str(error)))
        channel.receive()


if __name__ == "__main__":
    run_child(main)

"""The recordings library: nothing overlaps, every file plays, the disk holds what the list says."""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
import io
from itertools import pairwise
from pathlib import Path
from typing import Any

import av

from tests.support.sidecar import Sidecar

from .download import download
from .soak_invariants import every_page
from .soak_ledger import Ledger, disk_of

OVERLAP_S = 0.05
GAP_S = 5.0
"""Away from faults no more may be missing between two files."""


async def judge_recordings(
    ledger: Ledger, server: Sidecar, streams: Sequence[str], root: Path
) -> dict[str, Counter[str]]:
    """Look through the library of each recorded stream; returns counts by stream."""
    counts: dict[str, Counter[str]] = {}
    for stream in streams:
        try:
            items = await every_page(server, "/recordings", stream=stream)
        except AssertionError as error:
            if " 404 " in str(error):
                ledger.note("There is no /recordings: the library is not judged.")
                return {}
            raise
        items.sort(key=lambda item: item["start"])
        counts[stream] = await _judge(ledger, server, stream, items)
        _compare_with_disk(ledger, stream, items, root)
    return counts


async def _judge(ledger: Ledger, server: Sidecar, stream: str, items: Sequence[dict[str, Any]]) -> Counter[str]:
    count: Counter[str] = Counter(files=len(items), bytes=sum(item["bytes"] for item in items))
    if not items:
        ledger.violated("what is recorded is listed", "nothing", stream=stream)
    for earlier, later in pairwise(items):
        end, begin = _time(earlier["end"]), _time(later["start"])
        if begin < end - OVERLAP_S:
            ledger.violated("recordings do not overlap", f"{earlier['end']} and {later['start']}", stream=stream)
        elif begin - end > GAP_S and ledger.spared(stream, end, begin) and ledger.spared(disk_of(stream), end, begin):
            ledger.violated("continuous means without gaps", f"{earlier['end']} to {later['start']}", stream=stream)
    for item in items:
        _, body = await download(server, f"/recordings/{item['id']}")
        count["seconds"] += _plays(ledger, stream, item, body)
    return count


def _plays(ledger: Ledger, stream: str, item: dict[str, Any], body: bytes) -> int:
    """Demultiplex a whole file; returns its seconds."""
    expected_s = _time(item["end"]) - _time(item["start"])
    if len(body) != item["bytes"]:
        ledger.violated(
            "a recording is as long as listed", f"{item['start']}: {len(body)} of {item['bytes']}", stream=stream
        )
    try:
        with av.open(io.BytesIO(body), format="mp4") as container:
            times = [
                float(packet.pts * packet.time_base)
                for packet in container.demux()
                if packet.size and packet.pts is not None
            ]
    except av.FFmpegError as error:
        ledger.violated("every recording plays", f"{item['start']}: {error}", stream=stream)
        return 0
    length_s = max(times, default=0.0) - min(times, default=0.0)
    if abs(length_s - expected_s) > max(1.0, 0.1 * expected_s):
        ledger.violated(
            "a recording lasts as listed", f"{item['start']}: {length_s:.1f} of {expected_s:.1f} s", stream=stream
        )
    return round(length_s)


def _compare_with_disk(ledger: Ledger, stream: str, items: Sequence[dict[str, Any]], root: Path) -> None:
    """Files that are finished on disk and rows of the list are the same."""
    on_disk = sorted(file.stat().st_size for file in (root / stream).rglob("*.mp4"))
    listed = sorted(item["bytes"] for item in items)
    # One more file may have been finished since the list was read.
    if len(on_disk) - len(listed) not in (0, 1) or sum(on_disk) < sum(listed):
        ledger.violated(
            "the disk holds what the list says",
            f"{len(on_disk)} files of {sum(on_disk)} bytes, {len(listed)} rows of {sum(listed)}",
            stream=stream,
        )


def _time(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()

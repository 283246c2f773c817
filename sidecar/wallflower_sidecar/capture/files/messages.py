"""What the sidecar and the process that reads a file say to each other; `t` names the kind.

The reader says nothing but an answer to a question, so that it never reads ahead of who listens.
"""

from collections.abc import Sequence
import os
from pathlib import Path
from typing import NamedTuple

from ...processes.wire import Message

READ = "read"
GO_ON = "go_on"
PIECE = "piece"
END = "end"
FAULT = "fault"


class Found(NamedTuple):
    """An utterance: its sound (int16 mono 16 kHz) from `pcm_start`; times are seconds from the file's first moment."""

    utterance: str
    start: float
    end: float
    pcm_start: float
    pcm: bytes


def read(path: Path) -> Message:
    """To the reader, first of all: read this file, and answer with its first piece."""
    return {"t": READ, "path": os.fsencode(path)}


def go_on() -> Message:
    """To the reader: the next piece."""
    return {"t": GO_ON}


def piece(read_s: float, total_s: float | None, found: Sequence[Found]) -> Message:
    """From the reader: how far the file is read, how long it says it is, and the speech found since the last piece."""
    return {"t": PIECE, "read_s": read_s, "total_s": total_s, "found": [tuple(each) for each in found]}


def end() -> Message:
    """From the reader: that was all."""
    return {"t": END}


def fault(code: str) -> Message:
    """From the reader: `unreadable`, `no_sound` or `too_long`; nothing follows."""
    return {"t": FAULT, "code": code}

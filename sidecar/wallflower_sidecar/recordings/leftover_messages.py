"""What the sidecar and the process that mends recordings say to each other; `t` names the kind."""

import os
from pathlib import Path

from ..processes.wire import Message

MEND = "mend"
MENDED = "mended"


def mend(path: Path) -> Message:
    """To the reader: cut this file behind its last whole fragment, and say how long it is."""
    return {"t": MEND, "path": os.fsencode(path)}


def mended(seconds: float, error: int = 0) -> Message:
    """From the reader: so many seconds can be played (0: none), or the number of the error that the disk gave."""
    return {"t": MENDED, "seconds": seconds, "errno": error}

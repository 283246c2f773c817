"""What a child that reads somebody else's bytes may take: memory, and the cameras' share of the processor."""

import os
from pathlib import Path
import resource

NICENESS = 10
"""Cameras go first."""


def bound_this_process(memory_bytes: int) -> None:
    """Allow so much memory beyond what is in use now, at a low priority, and no core: it would hold what was said."""
    os.nice(NICENESS)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    status = Path("/proc/self/status").read_text()
    used = int(status.partition("VmData:")[2].split()[0]) * 1024
    resource.setrlimit(resource.RLIMIT_DATA, (used + memory_bytes, used + memory_bytes))

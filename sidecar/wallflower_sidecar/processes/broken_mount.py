"""File systems that let nothing be written any more after an error, which statvfs and access rights do not show."""

import os
from pathlib import Path

_MOUNTS = Path("/proc/self/mountinfo")
_GAVE_UP = frozenset({b"emergency_ro", b"shutdown"})


def gave_up(device: int) -> bool:
    """Whether the file system on a device (`st_dev`) did so, as far as this system tells. Raises OSError."""
    if not _MOUNTS.exists():
        return False
    number = b"%d:%d" % (os.major(device), os.minor(device))
    return any(
        fields[2] == number and not _GAVE_UP.isdisjoint(fields[-1].split(b","))
        for fields in map(bytes.split, _MOUNTS.read_bytes().splitlines())
    )

"""A disk that takes nothing more, for one process."""

from collections.abc import Iterator
from contextlib import contextmanager
import resource

from .sidecar import Sidecar


@contextmanager
def full_disk(server: Sidecar) -> Iterator[None]:
    """No file of the sidecar may be written within the block; its children's may."""
    pid = server.process.pid
    limits = resource.prlimit(pid, resource.RLIMIT_FSIZE)
    resource.prlimit(pid, resource.RLIMIT_FSIZE, (0, limits[1]))
    try:
        yield
    finally:
        if server.process.is_running:
            resource.prlimit(pid, resource.RLIMIT_FSIZE, limits)

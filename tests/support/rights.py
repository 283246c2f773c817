"""The rights that root has over others' files, given away for a while."""

from collections.abc import Iterator
from contextlib import contextmanager
import ctypes

_VERSION = 0x20080522
_OVER_FILES = 1 << 1 | 1 << 2
"""CAP_DAC_OVERRIDE and CAP_DAC_READ_SEARCH (linux/capability.h)."""

_libc = ctypes.CDLL(None, use_errno=True)


class _Header(ctypes.Structure):
    _fields_ = (("version", ctypes.c_uint32), ("pid", ctypes.c_int))


class _Data(ctypes.Structure):
    _fields_ = (("effective", ctypes.c_uint32), ("permitted", ctypes.c_uint32), ("inheritable", ctypes.c_uint32))


@contextmanager
def as_anybody() -> Iterator[None]:
    """Within the block a file's mode counts for this thread and those it begins, also where it is root's."""
    header, data = _Header(_VERSION, 0), (_Data * 2)()
    _check(_libc.capget(ctypes.byref(header), data))
    before = data[0].effective
    data[0].effective = before & ~_OVER_FILES
    _check(_libc.capset(ctypes.byref(header), data))
    try:
        yield
    finally:
        data[0].effective = before
        _check(_libc.capset(ctypes.byref(header), data))


def _check(result: int) -> None:
    if result:
        raise OSError(ctypes.get_errno(), "capabilities")

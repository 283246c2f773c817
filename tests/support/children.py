"""Finding the child process that runs a module."""

from contextlib import suppress

import psutil


def children_running(module: str, parent: int | None = None) -> list[psutil.Process]:
    """Return the living descendants of a process (None: of this one) that run a module; zombies do not count."""
    found: list[psutil.Process] = []
    for child in psutil.Process(parent).children(recursive=True):
        with suppress(psutil.NoSuchProcess):  # which a zombie is too
            if any(module in word for word in child.cmdline()):
                found.append(child)
    return found


def child_running(module: str, parent: int | None = None) -> psutil.Process | None:
    """Return the first of them, None while there is none."""
    return next(iter(children_running(module, parent)), None)

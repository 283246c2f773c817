"""Child processes and listening ports that a test left behind."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
import time

import psutil

GRACE_S = 3.0


@dataclass(frozen=True, slots=True)
class Holdings:
    """What this process owns that outlives a forgotten clean-up."""

    children: frozenset[psutil.Process]
    """Every living descendant; equal by process id and start, since a name may change after the start."""

    listening: frozenset[int]
    """TCP ports on which this process or a descendant listens."""

    def beyond(self, before: Holdings) -> Holdings:
        """Return what is held now and was not before."""
        return Holdings(self.children - before.children, self.listening - before.listening)

    def __bool__(self) -> bool:
        """Say whether anything is held."""
        return bool(self.children or self.listening)


def holdings() -> Holdings:
    """Look up this process's living descendants (zombies count: nobody reaped them) and listening ports."""
    children = psutil.Process().children(recursive=True)
    listening: set[int] = set()
    for process in (psutil.Process(), *children):
        try:
            listening.update(
                int(connection.laddr.port)
                for connection in process.net_connections(kind="tcp")
                if connection.status == psutil.CONN_LISTEN
            )
        except psutil.NoSuchProcess, psutil.AccessDenied:
            continue
    return Holdings(frozenset(children), frozenset(listening))


def _named(children: Iterable[psutil.Process]) -> list[tuple[int, str, int]]:
    """Return process id, name and parent of those that are still there."""
    found: list[tuple[int, str, int]] = []
    for child in children:
        with suppress(psutil.NoSuchProcess):
            found.append((child.pid, child.name(), child.ppid()))
    return sorted(found)


@contextmanager
def no_leaks(grace_s: float = GRACE_S) -> Iterator[None]:
    """Raise AssertionError if the block leaves behind a child process or a listening port.

    What is on its way out gets `grace_s` to be gone. In a conftest:

        @pytest.fixture
        def leak_check() -> Iterator[None]:
            with no_leaks():
                yield
    """
    before = holdings()
    yield
    deadline = time.monotonic() + grace_s
    while left := holdings().beyond(before):
        if time.monotonic() >= deadline:
            raise AssertionError(
                f"left behind: children {_named(left.children)}, listening ports {sorted(left.listening)}"
            )
        time.sleep(0.05)

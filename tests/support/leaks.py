"""Child processes and listening ports that a test left behind."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
import time

import psutil

GRACE_S = 3.0


@dataclass(frozen=True, slots=True)
class Holdings:
    """What this process owns that outlives a forgotten clean-up."""

    children: frozenset[tuple[int, str]]
    """Process id and name of every living descendant."""

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
    family = [psutil.Process(), *psutil.Process().children(recursive=True)]
    children: set[tuple[int, str]] = set()
    listening: set[int] = set()
    for index, process in enumerate(family):
        try:
            if index:
                children.add((process.pid, process.name()))
            listening.update(
                int(connection.laddr.port)
                for connection in process.net_connections(kind="tcp")
                if connection.status == psutil.CONN_LISTEN
            )
        except psutil.NoSuchProcess, psutil.AccessDenied:
            continue
    return Holdings(frozenset(children), frozenset(listening))


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
                f"left behind: children {sorted(left.children)}, listening ports {sorted(left.listening)}"
            )
        time.sleep(0.05)

"""Reading the sidecar's log for what must not stand there."""

from collections.abc import Iterable
import re

from .soak_ledger import Ledger

TRACE_LINES = 60
ESSENCE = re.compile(r"[\s|+]*(File \"|[A-Za-z_.]+(Error|Exception|Timeout|Exit)\b)")
"""The lines of a traceback that say where and what."""


class LogReader:
    """Takes the log line by line; lines are counted, not kept."""

    def __init__(self, ledger: Ledger, secrets: Iterable[str]) -> None:
        """Note in the ledger tracebacks and lines that hold a secret."""
        self._ledger = ledger
        self._secrets = tuple(secrets)
        self._trace: list[str] | None = None
        self._told: set[str] = set()

    def take(self, line: str) -> None:
        """Look at the next line."""
        self._ledger.counts["log lines"] += 1
        if any(secret in line for secret in self._secrets):
            self._ledger.violated("no password and nothing said in a log", " ".join(line.split()[:3]))
        if self._trace is not None:
            self._trace.append(line)
            # The last line of a traceback is the first that is not indented.
            if (line and not line.startswith((" ", "\t", "|", "+"))) or len(self._trace) > TRACE_LINES:
                self._tell()
        elif "Traceback" in line or "never retrieved" in line:
            self._trace = [line]

    def end(self) -> None:
        """The process has ended."""
        if self._trace is not None:
            self._tell()

    def _tell(self) -> None:
        trace, self._trace = self._trace or [], None
        essence = " … ".join([line.strip(" |+") for line in trace if ESSENCE.match(line)][-3:] or trace[:3])
        if essence not in self._told:
            self._told.add(essence)
            self._ledger.violated("no unexpected error in the log", essence)
        self._ledger.counts["tracebacks"] += 1

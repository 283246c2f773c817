"""What `wallflower doctor` found out: one line each."""

from dataclasses import dataclass
from enum import StrEnum


class Outcome(StrEnum):
    """fine; doubtful: works, but a person should know; failed: Wallflower cannot work like this."""

    FINE = "fine"
    DOUBTFUL = "doubtful"
    FAILED = "failed"


SIGNS = {Outcome.FINE: "✓", Outcome.DOUBTFUL: "!", Outcome.FAILED: "✗"}


@dataclass(frozen=True, slots=True)
class Finding:
    """One check's result: what was looked at, how it is, and where it is not fine what to do."""

    check: str
    outcome: Outcome
    detail: str


def fine(check: str, detail: str) -> Finding:
    """Return that all is well."""
    return Finding(check, Outcome.FINE, detail)


def doubtful(check: str, detail: str) -> Finding:
    """Return what a person should know."""
    return Finding(check, Outcome.DOUBTFUL, detail)


def failed(check: str, detail: str) -> Finding:
    """Return what must be put right."""
    return Finding(check, Outcome.FAILED, detail)

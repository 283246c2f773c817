"""The sidecar's own condition, as `/health` and `server.changed` show it."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum


class HealthStatus(StrEnum):
    """ok: all is well; degraded: works with a fault; failed: cannot do its job."""

    OK = "ok"
    DEGRADED = "degraded"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Check:
    """One part's condition with a sentence for a person."""

    name: str
    status: HealthStatus
    detail: str


@dataclass(frozen=True, slots=True)
class TranscriberInfo:
    """What transcribes: `state` is starting, downloading, ready, no_model, failed; `progress` 0–1 while it loads.

    `detail` is a sentence for a person while it cannot work, or while another model stands in; else None.
    """

    engine: str
    model: str | None
    state: str
    progress: float | None = None
    lag_s: float = 0.0
    detail: str | None = None


def worst(checks: Iterable[Check]) -> HealthStatus:
    """Return the gravest status among the checks, ok without any."""
    order = (HealthStatus.OK, HealthStatus.DEGRADED, HealthStatus.FAILED)
    return max((check.status for check in checks), key=order.index, default=HealthStatus.OK)

"""By when a camera that is well again has to stream, worked out from what its status said."""

from collections.abc import Sequence

from .soak_faults import OPENING_S
from .soak_watch import WAITING, Sighting

BACK_WITHIN_S = 5.0
"""From the announced retry to streaming."""

LEAVING_S = 20.0
"""A stuck session is asked, shut and at last killed within this time."""

TOLD_S = 0.3
"""A change may be told so much later than it happened."""


def retry_awaited(before: Sighting | None, after: Sequence[Sighting], healed_at: float) -> float | None:
    """Return the announced retry that is the first attempt after the camera was well, None while none is known."""
    retry_at = before.retry_at if before is not None and before.state in WAITING else None
    for each in after:
        if each.at > healed_at + TOLD_S and each.state == "resolving":
            break
        if each.state in WAITING and each.retry_at is not None:
            retry_at = each.retry_at
    return None if retry_at is None else max(retry_at, healed_at)


def deadline(before: Sighting | None, after: Sequence[Sighting], healed_at: float) -> float:
    """Return the moment (seconds since 1970) at which the stream is late.

    `before` is how it stood when its camera was well again, `after` what was seen since. What was under way then may
    still fail; the attempt after it may not.
    """
    retry_at = retry_awaited(before, after, healed_at)
    if retry_at is not None:
        return retry_at + BACK_WITHIN_S
    state = before.state if before is not None else "idle"
    if state in {"streaming", "degraded"} and not after:
        return healed_at + BACK_WITHIN_S
    if any(each.at > healed_at + TOLD_S and each.state == "resolving" for each in after):
        return next(each.at for each in after if each.state == "resolving") + BACK_WITHIN_S
    return healed_at + max(OPENING_S, LEAVING_S) + BACK_WITHIN_S

"""What a person should know of the recordings folder."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from types import MappingProxyType

from ..domain.health import Check, HealthStatus
from ..domain.recordings import MARKER
from ..domain.streams import RecordingMode, Stream
from ..recordings.library import Condition, FolderState
from ..recordings.retention import missing_bytes

MIB = 1024**2


def recordings_check(
    root: Path,
    condition: Condition | None,
    streams: Iterable[Stream],
    *,
    exhausted: bool,
    stuck: int = 0,
    unreadable: Mapping[str, str] = MappingProxyType({}),
) -> Check:
    """Whether recordings can be kept; a full disk only counts where something is recorded.

    `unreadable`: streams of which not all can be read, and why.
    """
    if condition is None:
        return Check("recordings", HealthStatus.OK, "The recordings folder is being looked at.")
    fault = _fault(root, condition)
    records = any(stream.recording.mode is not RecordingMode.OFF for stream in streams)
    if fault is None and records and missing_bytes(condition.free, condition.total):
        rest = "nothing is left that may be removed" if exhausted else "the oldest recordings are being removed"
        fault = f"The disk of the recordings has only {condition.free // MIB} MiB free; {rest}."
    if fault is None and stuck:
        fault = f"{stuck} old recordings in {root} cannot be removed. Check who owns them, and the disk."
    if fault is None and unreadable:
        each = ", ".join(f"{stream} ({reason})" for stream, reason in sorted(unreadable.items()))
        fault = f"Recordings in {root} cannot be read: {each}. Check who owns them, and the disk."
    if fault is not None:
        return Check("recordings", HealthStatus.DEGRADED, fault)
    return Check("recordings", HealthStatus.OK, f"{condition.free // MIB} MiB are free for recordings.")


def _fault(root: Path, condition: Condition) -> str | None:
    match condition.state:
        case FolderState.MISSING:
            return (
                f"The recordings folder {root} is not there: is its disk plugged in and mounted? Recording goes on "
                f"once it is back. To begin a new one, make the folder with an empty file {MARKER} in it."
            )
        case FolderState.READ_ONLY:
            return (
                f"The recordings folder {root} cannot be written. Check its owner, and that its disk is not read-only."
            )
        case FolderState.BROKEN:
            return f"The recordings folder {root} cannot be used: {condition.reason}."
        case FolderState.READY:
            return None

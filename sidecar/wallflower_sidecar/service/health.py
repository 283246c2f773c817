"""The sidecar's condition, checked again and again, told when it changes."""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
import shutil

from ..domain.clock import Clock
from ..domain.documents import Document, health_document, transcriber_document
from ..domain.errors import UnavailableError
from ..domain.events import EventType, NewEvent
from ..domain.health import Check, HealthStatus, TranscriberInfo
from ..domain.streams import Stream, StreamState, StreamStatus
from .events import EventLog
from .models import ModelItem, ModelState, model_document

CHECK_INTERVAL_S = 2.0
LOW_DISK_BYTES = 256 * 1024 * 1024
"""Below this free space the data folder is reported: SQLite needs room for its journal."""

NAMED_RULES = 5


def cameras_check(cameras: list[tuple[Stream, StreamStatus]]) -> Check:
    """One check for all cameras: their number, never their names."""
    wanted = [status for stream, status in cameras if stream.enabled and not _rests(stream, status)]
    well = sum(status.state is StreamState.STREAMING for status in wanted)
    status = HealthStatus.OK if well == len(wanted) else HealthStatus.DEGRADED
    return Check("cameras", status, f"{well} of {len(wanted)} cameras deliver what is wanted of them.")


def _rests(stream: Stream, status: StreamStatus) -> bool:
    """Whether nothing is fetched while its transcription is paused, as it has no picture."""
    return not stream.transcribe and status.state is StreamState.IDLE


def transcriber_check(info: TranscriberInfo) -> Check:
    """Whether speech can become text now."""
    if info.state == "ready":
        if info.detail is not None:
            return Check("transcriber", HealthStatus.DEGRADED, info.detail)
        return Check("transcriber", HealthStatus.OK, f"{info.model or info.engine} is ready.")
    sentences = {
        "starting": "The speech model is being loaded.",
        "downloading": "The speech model is being downloaded.",
        "no_model": "There is no speech model. Install the bundled one or name one in WALLFLOWER_MODEL.",
    }
    detail = info.detail or sentences.get(info.state, "The speech model cannot be used; the log says why.")
    return Check("transcriber", HealthStatus.DEGRADED, detail)


def keywords_check(streams: Sequence[tuple[Stream, StreamStatus]]) -> Check:
    """Whether every rule works."""
    faults = [f"{fault.rule} of {stream.name}" for stream, status in streams for fault in status.rule_faults]
    if not faults:
        return Check("keywords", HealthStatus.OK, "All rules are listened for.")
    named = ", ".join(faults[:NAMED_RULES]) + (", …" if len(faults) > NAMED_RULES else "")
    return Check("keywords", HealthStatus.DEGRADED, f"These rules do not work; make them simpler: {named}.")


def disk_check(folder: Path) -> Check:
    """Whether the data folder's disk has room."""
    try:
        free_bytes = shutil.disk_usage(folder).free
    except OSError as error:
        return Check("disk", HealthStatus.DEGRADED, f"The data folder cannot be looked at ({error.strerror}).")
    if free_bytes < LOW_DISK_BYTES:
        return Check("disk", HealthStatus.DEGRADED, f"Only {free_bytes // 2**20} MiB are free in the data folder.")
    return Check("disk", HealthStatus.OK, f"{free_bytes // 2**20} MiB are free in the data folder.")


def speech_document(info: TranscriberInfo, models: Sequence[ModelItem]) -> Document:
    """What transcribes, and the models whose download is under way or failed."""
    return {"transcriber": transcriber_document(info), "models": [model_document(item) for item in models]}


class HealthWatch:
    """Gathers the checks and records `server.changed` when one of them, or the transcriber, changes."""

    def __init__(
        self,
        events: EventLog,
        clock: Clock,
        *,
        checks: Callable[[], list[Check]],
        transcriber: Callable[[], TranscriberInfo],
        models: Callable[[], list[ModelItem]] = list,
        write_failed: Callable[[], bool] = lambda: False,
    ) -> None:
        """Ask `checks`, `transcriber` and `models` (those whose download is under way or failed) each time.

        After a write that failed (`write_failed`) only another one shows that the database is back: it is told anew.
        """
        self._events = events
        self._clock = clock
        self._checks = checks
        self._transcriber = transcriber
        self._models = models
        self._write_failed = write_failed
        self._told: object = None
        self._seen: str | None = None
        self._seen_models: dict[str, ModelState] = {}
        self._news = asyncio.Event()

    def transcriber_changed(self, info: TranscriberInfo) -> None:
        """Look at once when the transcriber went into another state; its progress can wait."""
        if info.state != self._seen:
            self._news.set()

    def model_changed(self, item: ModelItem) -> None:
        """Look at once when a model's download began or ended; its progress can wait."""
        if self._seen_models.get(item.name) != item.state:
            self._news.set()

    async def run(self) -> None:
        """Look at once, every two seconds and at a change of the transcriber, until cancelled."""
        while True:
            self._news.clear()
            with suppress(UnavailableError):  # the database's own condition, which is told once it can be
                await self._look()
            with suppress(TimeoutError):
                async with asyncio.timeout(CHECK_INTERVAL_S):
                    await self._news.wait()

    async def _look(self) -> None:
        checks, info, models = self._checks(), self._transcriber(), self._models()
        self._seen = info.state
        self._seen_models = {item.name: item.state for item in models}
        now = (
            [(check.name, check.status) for check in checks],
            (info.engine, info.model, info.state, info.progress, info.detail),
            [(item.name, item.state, item.progress) for item in models],
        )
        if now == self._told and not self._write_failed():
            return
        data = health_document(checks, private=True) | speech_document(info, models)
        async with self._events.transaction() as writer:
            writer.add(NewEvent(EventType.SERVER_CHANGED, data, self._clock.now()))
        self._told = now

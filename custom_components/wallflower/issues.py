"""What a person can do something about, as repair issues that last as long as their cause."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING

from homeassistant.config_entries import ConfigSubentry
from homeassistant.const import CONF_NAME
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import issue_registry as ir
from homeassistant.helpers.issue_registry import IssueSeverity

from .const import DOMAIN
from .lost_camera import loss_of
from .models import NO_AUDIO, Stream
from .reconcile import stream_subentries

if TYPE_CHECKING:
    from .coordinator import WallflowerConfigEntry, WallflowerCoordinator

AUTH_FAILED, CAMERA_LOST = "auth_failed", "camera_lost"
NO_MODEL, NO_MODEL_CHOSEN = "no_model", "no_model_chosen"
CLOCK_SKEW, DISK_FULL = "clock_skew", "disk_full"
API_TOO_NEW, API_TOO_OLD = "api_too_new", "api_too_old"

# Sentences get their time from the sidecar; automations take what is older than this for late.
MAX_CLOCK_OFFSET = timedelta(seconds=20)


@dataclass(frozen=True, slots=True)
class _Issue:
    key: str
    of: str = ""
    """What it is about, beside the hub."""

    data: dict[str, str | int | float | None] = field(default_factory=dict)
    """What mends it; nothing can be done here without."""

    placeholders: dict[str, str] = field(default_factory=dict)


class Issues:
    """The issues of one hub."""

    def __init__(self, coordinator: WallflowerCoordinator) -> None:
        """Serve one coordinator."""
        self._coordinator = coordinator
        self._raised: set[str] = set()

    @callback
    def async_check(self) -> None:
        """Raise what is wrong now and delete what no longer is; nothing is known while the sidecar is away."""
        coordinator = self._coordinator
        if not coordinator.last_update_success:
            return
        async_clear_api_issues(coordinator.hass, coordinator.config_entry)
        entry_id = coordinator.config_entry.entry_id
        wanted = {f"{issue.key}_{entry_id}_{issue.of}".rstrip("_"): issue for issue in self._wrong()}
        for issue_id in self._raised - wanted.keys():
            ir.async_delete_issue(coordinator.hass, DOMAIN, issue_id)
        for issue_id, issue in wanted.items():
            ir.async_create_issue(
                coordinator.hass,
                DOMAIN,
                issue_id,
                data=issue.data or None,
                is_fixable=bool(issue.data),
                severity=IssueSeverity.ERROR if issue.key == DISK_FULL else IssueSeverity.WARNING,
                translation_key=issue.key,
                translation_placeholders=issue.placeholders,
            )
        self._raised = set(wanted)

    @callback
    def async_clear(self) -> None:
        """Delete all of them."""
        for issue_id in self._raised:
            ir.async_delete_issue(self._coordinator.hass, DOMAIN, issue_id)
        self._raised.clear()

    def _wrong(self) -> Iterator[_Issue]:
        streams = self._coordinator.data.streams
        full: list[str] = []
        for stream_id, subentry in stream_subentries(self._coordinator.config_entry).items():
            if (stream := streams.get(stream_id)) is None or stream.enabled:
                yield from self._wrong_with_camera(subentry, stream)
                if _code(stream) == DISK_FULL:
                    full.append(subentry.title)
        if full:
            yield _Issue(DISK_FULL, placeholders={"cameras": ", ".join(full)})
        yield from self._wrong_with_sidecar()

    def _wrong_with_camera(self, subentry: ConfigSubentry, stream: Stream | None) -> Iterator[_Issue]:
        if loss_of(self._coordinator.hass, subentry) is not None:
            yield self._mendable(CAMERA_LOST, subentry)
        if _code(stream) == AUTH_FAILED:
            yield self._mendable(AUTH_FAILED, subentry)
        elif stream is not None and stream.transcribe and _code(stream) == NO_AUDIO:
            yield _Issue(NO_AUDIO, subentry.subentry_id, placeholders={CONF_NAME: subentry.title})

    def _mendable(self, key: str, subentry: ConfigSubentry) -> _Issue:
        mends = {"entry_id": self._coordinator.config_entry.entry_id, "subentry_id": subentry.subentry_id}
        return _Issue(key, subentry.subentry_id, dict(mends), {CONF_NAME: subentry.title})

    def _wrong_with_sidecar(self) -> Iterator[_Issue]:
        entry, data = self._coordinator.config_entry, self._coordinator.data
        transcriber = data.condition.transcriber
        if transcriber is not None and transcriber.state == NO_MODEL:
            if transcriber.model is None:
                yield _Issue(NO_MODEL_CHOSEN)
            else:
                mends = {"entry_id": entry.entry_id, "model": transcriber.model}
                yield _Issue(NO_MODEL, data=dict(mends), placeholders={"model": transcriber.model})
        offset = self._coordinator.client.clock_offset
        if abs(offset) > MAX_CLOCK_OFFSET:
            yield _Issue(CLOCK_SKEW, placeholders={"seconds": f"{offset.total_seconds():+.0f}"})


def _code(stream: Stream | None) -> str | None:
    """Return the code of what is wrong with a stream."""
    return None if stream is None or stream.status.error is None else stream.status.error.code


@callback
def async_raise_api_issue(hass: HomeAssistant, entry: WallflowerConfigEntry, key: str) -> None:
    """Say that sidecar and integration do not fit together."""
    ir.async_create_issue(
        hass,
        DOMAIN,
        f"{key}_{entry.entry_id}",
        is_fixable=False,
        severity=IssueSeverity.ERROR,
        translation_key=key,
        translation_placeholders={CONF_NAME: entry.title},
    )


@callback
def async_clear_api_issues(hass: HomeAssistant, entry: WallflowerConfigEntry) -> None:
    """Say no more that they do not."""
    for key in (API_TOO_NEW, API_TOO_OLD):
        ir.async_delete_issue(hass, DOMAIN, f"{key}_{entry.entry_id}")

"""What the sidecar's events mean: a new state of the coordinator, or something heard that is told once."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
import logging
from typing import TYPE_CHECKING, Any

from homeassistant.core import callback
from homeassistant.util import dt as dt_util

from .answers import json_object, parse
from .const import RETRACTED
from .exceptions import WallflowerProtocolError
from .heard import Confirmed, Forgotten, Gap, Hit, Segment
from .models import Stream, rules_from_document
from .reconcile import stream_subentries
from .server_condition import ServerCondition
from .sse import ServerSentEvent

if TYPE_CHECKING:
    from .coordinator import WallflowerCoordinator

_LOGGER = logging.getLogger(__name__)


class EventIntake:
    """Takes in the events of one sidecar, each once."""

    def __init__(self, coordinator: WallflowerCoordinator) -> None:
        """Serve one coordinator."""
        self._coordinator = coordinator
        self._state_handlers: dict[str, Callable[[dict[str, Any]], None]] = {
            "transcript.final": self._handle_transcript,
            "speech.started": self._handle_speech_started,
            "speech.ended": self._handle_speech_ended,
            "stream.changed": self._handle_stream_changed,
            "stream.removed": self._handle_stream_removed,
            "server.changed": self._handle_server_changed,
            "rules.changed": self._handle_rules_changed,
            "transcript.forgotten": self._handle_forgotten,
        }
        # These matter however late they come; they answer whether somebody was told.
        self._heard_handlers: dict[str, Callable[[dict[str, Any]], bool]] = {
            "transcript.final": self._handle_utterance,
            "keyword.detected": self._handle_hit,
            "keyword.confirmed": self._handle_confirmation,
            "keyword.retracted": self._handle_retraction,
            "transcript.forgotten": self._handle_forgetting,
        }

    @property
    def event_types(self) -> list[str]:
        """The types of events that are asked for; partial transcripts never are."""
        return list(self._state_handlers | self._heard_handlers)

    async def async_handle(self, event: ServerSentEvent) -> None:
        """Take in one event; of what was missed, up to the state's newest, only what was heard is told."""
        journal = self._coordinator.journal
        missed = False
        if event.id is not None:
            if event.id <= (journal.last_event_id or 0):
                return
            # Before it is handled: an event that cannot be is not asked for again.
            journal.last_event_id = event.id
            missed = event.id <= self._coordinator.data.newest
        try:
            if event.type in self._state_handlers and not missed:
                self._state_handlers[event.type](json_object(event.data))
            if event.type in self._heard_handlers and self._heard_handlers[event.type](json_object(event.data)):
                await journal.async_save()
        except WallflowerProtocolError as error:
            _LOGGER.warning("Event %s of type %s cannot be read: %s", event.id, event.type, error)

    @callback
    def async_tell_gap(self, begin: datetime | None) -> None:
        """Tell that what was said from then until now cannot be told any more."""
        for stream_id in stream_subentries(self._coordinator.config_entry):
            self._coordinator.subscriptions.async_tell(Gap(stream_id, begin, dt_util.utcnow()))

    def _handle_transcript(self, document: dict[str, Any]) -> None:
        self._coordinator.async_set_segment(parse(Segment.from_document, document))

    def _handle_utterance(self, document: dict[str, Any]) -> bool:
        return self._coordinator.subscriptions.async_tell(parse(Segment.from_document, document))

    def _handle_hit(self, document: dict[str, Any]) -> bool:
        """Fire a hit unless it was fired before: an early one that is confirmed was."""
        hit = parse(Hit.from_document, document)
        return self._coordinator.journal.hit_state(hit.id) is None and self._fire(hit)

    def _handle_confirmation(self, document: dict[str, Any]) -> bool:
        """Fire a hit that was not told early; of one that was, tell that it stands."""
        if self._handle_hit(document):
            return True
        self._coordinator.subscriptions.async_tell(Confirmed(parse(Hit.from_document, document)))
        return False

    def _handle_retraction(self, document: dict[str, Any]) -> bool:
        """Fire the retraction of a hit that was fired; nobody heard of any other."""
        hit = parse(Hit.from_document, document)
        fired = self._coordinator.journal.hit_state(hit.id)
        return fired not in {None, RETRACTED} and self._fire(replace(hit, state=RETRACTED))

    def _fire(self, hit: Hit) -> bool:
        self._coordinator.recent_hits.note(hit)
        self._coordinator.subscriptions.async_tell(hit)
        self._coordinator.journal.note_hit(hit.id, hit.state)
        return True

    def _handle_speech_started(self, document: dict[str, Any]) -> None:
        self._set_speaking(document, speaking=True)

    def _handle_speech_ended(self, document: dict[str, Any]) -> None:
        self._set_speaking(document, speaking=False)

    def _set_speaking(self, document: dict[str, Any], *, speaking: bool) -> None:
        stream_id, at = parse(_speech, document)
        self._coordinator.async_set_speaking(stream_id, at, speaking=speaking)

    def _handle_stream_changed(self, document: dict[str, Any]) -> None:
        self._coordinator.async_set_stream(parse(Stream.from_document, document))

    def _handle_stream_removed(self, document: dict[str, Any]) -> None:
        self._coordinator.async_drop_stream(str(document.get("stream")))

    def _handle_server_changed(self, document: dict[str, Any]) -> None:
        self._coordinator.async_set_server(condition=parse(ServerCondition.from_document, document))

    def _handle_rules_changed(self, document: dict[str, Any]) -> None:
        self._coordinator.async_set_server(house_rules=parse(rules_from_document, document))

    def _handle_forgotten(self, document: dict[str, Any]) -> None:
        self._coordinator.async_drop_heard(self._forgotten_streams(document))

    def _handle_forgetting(self, document: dict[str, Any]) -> bool:
        """Clear what entities keep by themselves, then their history."""
        begin, end = parse(_span, document)
        stream_ids = self._forgotten_streams(document)
        for stream_id in stream_ids:
            self._coordinator.recent_hits.forget(stream_id)
            self._coordinator.subscriptions.async_tell(Forgotten(stream_id, begin, end))
        self._coordinator.forgetting.async_forget(stream_ids)
        return bool(stream_ids)

    def _forgotten_streams(self, document: dict[str, Any]) -> list[str]:
        shown = stream_subentries(self._coordinator.config_entry)
        stream_id = document.get("stream")
        return list(shown) if stream_id is None else [stream_id] if stream_id in shown else []


def _speech(document: dict[str, Any]) -> tuple[str, datetime]:
    return str(document["stream"]), datetime.fromisoformat(document["at"])


def _span(document: dict[str, Any]) -> tuple[datetime | None, datetime | None]:
    begin, end = (
        None if (given := document.get(name)) is None else datetime.fromisoformat(given) for name in ("from", "to")
    )
    return begin, end

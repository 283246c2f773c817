"""What the sidecar's events mean: a new state of the coordinator, or something heard that is told once."""

from collections.abc import Callable
from dataclasses import replace
import logging
from typing import TYPE_CHECKING, Any

from .answers import json_object, parse
from .const import RETRACTED
from .exceptions import WallflowerProtocolError
from .heard import Hit, Segment
from .models import Stream
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
        }
        # These matter however late they come; they answer whether somebody was told.
        self._heard_handlers: dict[str, Callable[[dict[str, Any]], bool]] = {
            "transcript.final": self._handle_utterance,
            "keyword.detected": self._handle_hit,
            "keyword.confirmed": self._handle_hit,
            "keyword.retracted": self._handle_retraction,
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

    def _handle_transcript(self, document: dict[str, Any]) -> None:
        self._coordinator.async_set_segment(parse(Segment.from_document, document))

    def _handle_utterance(self, document: dict[str, Any]) -> bool:
        return self._coordinator.subscriptions.async_tell(parse(Segment.from_document, document))

    def _handle_hit(self, document: dict[str, Any]) -> bool:
        """Fire a hit unless it was fired before: an early one that is confirmed was."""
        hit = parse(Hit.from_document, document)
        return self._coordinator.journal.hit_state(hit.id) is None and self._fire(hit)

    def _handle_retraction(self, document: dict[str, Any]) -> bool:
        """Fire the retraction of a hit that was fired; nobody heard of any other."""
        hit = parse(Hit.from_document, document)
        fired = self._coordinator.journal.hit_state(hit.id)
        return fired not in {None, RETRACTED} and self._fire(replace(hit, state=RETRACTED))

    def _fire(self, hit: Hit) -> bool:
        self._coordinator.subscriptions.async_tell(hit)
        self._coordinator.journal.note_hit(hit.id, hit.state)
        return True

    def _handle_speech_started(self, document: dict[str, Any]) -> None:
        self._set_speaking(document, speaking=True)

    def _handle_speech_ended(self, document: dict[str, Any]) -> None:
        self._set_speaking(document, speaking=False)

    def _set_speaking(self, document: dict[str, Any], *, speaking: bool) -> None:
        stream = self._coordinator.data.streams.get(str(document.get("stream")))
        if stream is not None:
            self._coordinator.async_set_stream(replace(stream, status=replace(stream.status, speaking=speaking)))

    def _handle_stream_changed(self, document: dict[str, Any]) -> None:
        self._coordinator.async_set_stream(parse(Stream.from_document, document))

    def _handle_stream_removed(self, document: dict[str, Any]) -> None:
        self._coordinator.async_drop_stream(str(document.get("stream")))

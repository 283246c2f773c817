"""What is known of a sidecar and its streams, pushed to the entities."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
import logging
from typing import Any, override

from homeassistant.config_entries import ConfigEntry
from homeassistant.const import CONF_URL
from homeassistant.core import CALLBACK_TYPE, HomeAssistant, callback
from homeassistant.exceptions import ConfigEntryAuthFailed, ConfigEntryError
from homeassistant.helpers.update_coordinator import DataUpdateCoordinator, UpdateFailed

from .answers import json_object, parse
from .client import WallflowerClient
from .const import DOMAIN, RETRACTED
from .exceptions import (
    ApiVersionError,
    AuthenticationError,
    ForbiddenError,
    WallflowerError,
    WallflowerProtocolError,
)
from .heard import Hit, Segment
from .journal import Journal
from .listener import EventListener
from .models import ServerInfo, Stream
from .reconcile import reconcile, stream_subentries
from .sse import ServerSentEvent

_LOGGER = logging.getLogger(__name__)

type WallflowerConfigEntry = ConfigEntry[WallflowerCoordinator]
type HitCallback = Callable[[Hit], None]


@dataclass(frozen=True, slots=True)
class WallflowerData:
    """Everything the entities show; streams and last segments by stream id, `newest` the last event in it."""

    info: ServerInfo
    newest: int
    streams: Mapping[str, Stream]
    segments: Mapping[str, Segment]


class WallflowerCoordinator(DataUpdateCoordinator[WallflowerData]):
    """Takes the whole state at first and after an interruption, single events in between."""

    config_entry: WallflowerConfigEntry

    def __init__(self, hass: HomeAssistant, entry: WallflowerConfigEntry, client: WallflowerClient) -> None:
        """Serve one hub entry."""
        super().__init__(hass, _LOGGER, config_entry=entry, name=entry.title, update_interval=None)
        self.client = client
        self.journal = Journal(hass, entry.entry_id)
        self.listener = EventListener(self)
        self._hit_callbacks: dict[str, list[HitCallback]] = {}
        self._handlers: dict[str, Callable[[dict[str, Any]], None]] = {
            "transcript.final": self._handle_transcript,
            "speech.started": self._handle_speech_started,
            "speech.ended": self._handle_speech_ended,
            "stream.changed": self._handle_stream_changed,
            "stream.removed": self._handle_stream_removed,
        }
        self._hit_handlers: dict[str, Callable[[Hit], bool]] = {
            "keyword.detected": self._handle_hit,
            "keyword.confirmed": self._handle_hit,
            "keyword.retracted": self._handle_retraction,
        }

    @property
    def event_types(self) -> list[str]:
        """The types of events that are asked for; partial transcripts never are."""
        return [*self._handlers, *self._hit_handlers]

    @callback
    def async_subscribe_hits(self, stream_id: str, hit_callback: HitCallback) -> CALLBACK_TYPE:
        """Call back for each hit of a stream, once when it fires and once if it is retracted."""
        callbacks = self._hit_callbacks.setdefault(stream_id, [])
        callbacks.append(hit_callback)
        return lambda: callbacks.remove(hit_callback)

    @override
    async def _async_setup(self) -> None:
        await self.journal.async_load()

    @override
    async def _async_update_data(self) -> WallflowerData:
        """Bring the sidecar to what is configured and take its whole state."""
        try:
            return await self._async_take_state()
        except (AuthenticationError, ForbiddenError) as error:
            raise ConfigEntryAuthFailed(translation_domain=DOMAIN, translation_key="access_refused") from error
        except ApiVersionError as error:
            key = "api_too_old" if error.sidecar_is_older else "api_too_new"
            raise ConfigEntryError(translation_domain=DOMAIN, translation_key=key) from error
        except WallflowerError as error:
            raise UpdateFailed(
                translation_domain=DOMAIN,
                translation_key="cannot_connect",
                translation_placeholders={"url": self.config_entry.data[CONF_URL], "error": str(error)},
            ) from error

    async def _async_take_state(self) -> WallflowerData:
        info = await self.client.info()
        if info.server_id != self.config_entry.unique_id:
            raise ConfigEntryError(translation_domain=DOMAIN, translation_key="wrong_server")
        newest = await self.client.newest_event_id(self.event_types)
        if self.journal.last_event_id is None:
            self.journal.last_event_id = newest
            await self.journal.async_save()
        streams = await reconcile(self.client, self.config_entry, self.journal)
        segments = {
            stream_id: segment
            for stream_id in stream_subentries(self.config_entry)
            if (stream := streams.get(stream_id)) and stream.keeps_text
            if (segment := await self.client.archive.latest_segment(stream_id))
        }
        return WallflowerData(info, newest, streams, segments)

    async def async_handle_event(self, event: ServerSentEvent) -> None:
        """Take in one event; what was missed, up to the state's newest, brings nothing but its hits."""
        missed = False
        if event.id is not None:
            if event.id <= (self.journal.last_event_id or 0):
                return
            # Before it is handled: an event that cannot be is not asked for again.
            self.journal.last_event_id = event.id
            missed = event.id <= self.data.newest
        try:
            if event.type in self._hit_handlers:
                hit = parse(Hit.from_document, json_object(event.data))
                if self._hit_handlers[event.type](hit):
                    await self.journal.async_save()
            elif event.type in self._handlers and not missed:
                self._handlers[event.type](json_object(event.data))
        except WallflowerProtocolError as error:
            _LOGGER.warning("Event %s of type %s cannot be read: %s", event.id, event.type, error)

    @callback
    def async_set_stream(self, stream: Stream) -> None:
        """Take in a stream's new state."""
        self._publish(replace(self.data, streams={**self.data.streams, stream.id: stream}))

    def _publish(self, data: WallflowerData) -> None:
        # Between interruption and reconnection nothing may seem available again.
        if self.last_update_success:
            self.async_set_updated_data(data)
        else:
            self.data = data

    def _handle_transcript(self, document: dict[str, Any]) -> None:
        segment = parse(Segment.from_document, document)
        self._publish(replace(self.data, segments={**self.data.segments, segment.stream: segment}))

    def _handle_speech_started(self, document: dict[str, Any]) -> None:
        self._set_speaking(document, speaking=True)

    def _handle_speech_ended(self, document: dict[str, Any]) -> None:
        self._set_speaking(document, speaking=False)

    def _set_speaking(self, document: dict[str, Any], *, speaking: bool) -> None:
        stream = self.data.streams.get(str(document.get("stream")))
        if stream is not None:
            self.async_set_stream(replace(stream, status=replace(stream.status, speaking=speaking)))

    def _handle_stream_changed(self, document: dict[str, Any]) -> None:
        self.async_set_stream(parse(Stream.from_document, document))

    def _handle_stream_removed(self, document: dict[str, Any]) -> None:
        gone = str(document.get("stream"))
        streams = {stream_id: stream for stream_id, stream in self.data.streams.items() if stream_id != gone}
        self._publish(replace(self.data, streams=streams))

    def _handle_hit(self, hit: Hit) -> bool:
        """Fire a hit unless it was fired before: an early one that is confirmed was."""
        return self.journal.hit_state(hit.id) is None and self._fire(hit)

    def _handle_retraction(self, hit: Hit) -> bool:
        """Fire the retraction of a hit that was fired; nobody heard of any other."""
        fired = self.journal.hit_state(hit.id)
        return fired not in {None, RETRACTED} and self._fire(replace(hit, state=RETRACTED))

    def _fire(self, hit: Hit) -> bool:
        for hit_callback in list(self._hit_callbacks.get(hit.stream, ())):
            hit_callback(hit)
        self.journal.note_hit(hit.id, hit.state)
        return True

"""What is known of a sidecar and its streams, pushed to the entities."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
import logging
from typing import override

from homeassistant.config_entries import ConfigEntry
from homeassistant.const import CONF_URL
from homeassistant.core import CALLBACK_TYPE, HomeAssistant, callback
from homeassistant.exceptions import ConfigEntryAuthFailed, ConfigEntryError
from homeassistant.helpers.update_coordinator import DataUpdateCoordinator, UpdateFailed

from .client import WallflowerClient
from .const import DOMAIN
from .exceptions import ApiVersionError, AuthenticationError, CertificateError, ForbiddenError, WallflowerError
from .heard import Partial, Segment
from .intake import EventIntake
from .journal import Journal
from .listener import EventListener
from .live_text import LiveText
from .models import ServerInfo, Stream
from .reconcile import reconcile, stream_subentries
from .subscriptions import Heard, Subscriptions

_LOGGER = logging.getLogger(__name__)

type WallflowerConfigEntry = ConfigEntry[WallflowerCoordinator]


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
        self.subscriptions = Subscriptions()
        self.intake = EventIntake(self)
        self.listener = EventListener(self)
        self._live_text = LiveText(self, self.subscriptions.async_tell)

    @callback
    def async_subscribe[T: Heard](self, kind: type[T], stream_id: str, told: Callable[[T], None]) -> CALLBACK_TYPE:
        """Call `told` for what is heard on a stream, once for each, however late it comes; returns what ends it.

        A Hit is told when it fires and once more if it is retracted (`state`), a Segment when its text is final.
        A Partial is never kept or told later, and made only while somebody is subscribed to it.
        """
        remove = self.subscriptions.async_add(kind, stream_id, told)
        self._async_want_live_text(stream_id)

        @callback
        def async_unsubscribe() -> None:
            remove()
            self._async_want_live_text(stream_id)

        return async_unsubscribe

    def _async_want_live_text(self, stream_id: str) -> None:
        self._live_text.async_want(stream_id, wanted=self.subscriptions.async_has(Partial, stream_id))

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
        except CertificateError as error:
            raise UpdateFailed(
                translation_domain=DOMAIN,
                translation_key="certificate_refused",
                translation_placeholders={"url": self.config_entry.data[CONF_URL], "error": str(error)},
            ) from error
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
        newest = await self.client.newest_event_id(self.intake.event_types)
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

    @callback
    def async_set_stream(self, stream: Stream) -> None:
        """Take in a stream's new state."""
        self._publish(replace(self.data, streams={**self.data.streams, stream.id: stream}))

    @callback
    def async_drop_stream(self, stream_id: str) -> None:
        """Take in that the sidecar has a stream no more."""
        self._publish(replace(self.data, streams={k: v for k, v in self.data.streams.items() if k != stream_id}))

    @callback
    def async_set_segment(self, segment: Segment) -> None:
        """Take in what was said last on a stream."""
        self._publish(replace(self.data, segments={**self.data.segments, segment.stream: segment}))

    def _publish(self, data: WallflowerData) -> None:
        # Between interruption and reconnection nothing may seem available again.
        if self.last_update_success:
            self.async_set_updated_data(data)
        else:
            self.data = data

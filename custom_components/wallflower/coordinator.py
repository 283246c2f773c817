"""What is known of a sidecar and its streams: pushed to the entities, but for measures, which are fetched."""

import asyncio
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
import logging
from typing import override

from homeassistant.config_entries import ConfigEntry
from homeassistant.const import CONF_URL
from homeassistant.core import CALLBACK_TYPE, HomeAssistant, callback
from homeassistant.exceptions import ConfigEntryAuthFailed
from homeassistant.helpers.update_coordinator import DataUpdateCoordinator, UpdateFailed
from homeassistant.util import dt as dt_util

from .borrowed_camera import addresses
from .client import WallflowerClient
from .const import DOMAIN
from .exceptions import (
    ApiVersionError,
    AuthenticationError,
    CertificateError,
    ForbiddenError,
    WallflowerError,
    WrongServerError,
)
from .forgetting import Forgetting
from .heard import Partial, Segment
from .intake import EventIntake
from .issues import API_TOO_NEW, API_TOO_OLD, async_raise_api_issue
from .journal import Journal
from .listener import EventListener
from .live_text import LiveText
from .models import Measures, Rule, ServerInfo, Stream
from .recent_hits import LONGEST, RecentHits
from .reconcile import reconcile, stream_subentries
from .server_condition import ServerCondition
from .subscriptions import Heard, Subscriptions

_LOGGER = logging.getLogger(__name__)

MEASURES_INTERVAL = timedelta(seconds=30)

type WallflowerConfigEntry = ConfigEntry[WallflowerCoordinator]


@dataclass(frozen=True, slots=True)
class WallflowerData:
    """Everything the entities show: streams, what was said last and when, by stream id, and the rules of the house.

    `newest` is the last event in it, `taken_at` when it was taken whole.
    """

    info: ServerInfo
    newest: int
    taken_at: datetime
    streams: Mapping[str, Stream]
    segments: Mapping[str, Segment]
    last_speech: Mapping[str, datetime]
    condition: ServerCondition
    house_rules: tuple[Rule, ...]


class WallflowerCoordinator(DataUpdateCoordinator[WallflowerData]):
    """Takes the whole state at first and after an interruption, single events in between."""

    config_entry: WallflowerConfigEntry

    def __init__(self, hass: HomeAssistant, entry: WallflowerConfigEntry, client: WallflowerClient) -> None:
        """Serve one hub entry."""
        super().__init__(hass, _LOGGER, config_entry=entry, name=entry.title, update_interval=None)
        self.client = client
        self.journal = Journal(hass, entry.entry_id)
        self.subscriptions = Subscriptions(hass, entry)
        self.recent_hits = RecentHits()
        self.intake = EventIntake(self)
        self.listener = EventListener(self)
        self.forgetting = Forgetting(self)
        self.measures = MeasuresCoordinator(self)
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
            key = API_TOO_OLD if error.sidecar_is_older else API_TOO_NEW
            async_raise_api_issue(self.hass, self.config_entry, key)
            raise UpdateFailed(translation_domain=DOMAIN, translation_key=key) from error
        except WrongServerError as error:
            raise UpdateFailed(translation_domain=DOMAIN, translation_key="wrong_server") from error
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

    async def async_joined_sidecar(self) -> ServerInfo:
        """Return who answers; raises WrongServerError or ApiVersionError if that is nobody to talk to."""
        info = await self.client.info()
        if info.server_id != self.config_entry.unique_id:
            raise WrongServerError("Another sidecar answers")
        return info

    async def _async_take_state(self) -> WallflowerData:
        info = await self.async_joined_sidecar()
        newest = await self.client.newest_event_id(self.intake.event_types)
        if self.journal.last_event_id is None:
            self.journal.last_event_id = newest
            await self.journal.async_save()
        streams = await reconcile(
            self.client, self.config_entry, self.journal, await addresses(self.hass, self.config_entry)
        )
        shown = [streams[stream_id] for stream_id in stream_subentries(self.config_entry) if stream_id in streams]
        self.recent_hits = RecentHits(await self.client.archive.hits(begin=dt_util.utcnow() - LONGEST))
        return WallflowerData(
            info=info,
            newest=newest,
            taken_at=dt_util.utcnow(),
            streams=streams,
            segments=await self._async_latest_segments([stream.id for stream in shown if stream.keeps_text]),
            last_speech={stream.id: at for stream in shown if (at := stream.status.last_transcript_at)},
            condition=await self.client.condition(),
            house_rules=await self.client.house_rules(),
        )

    async def _async_latest_segments(self, stream_ids: Sequence[str]) -> dict[str, Segment]:
        latest = await asyncio.gather(*(self.client.archive.latest_segment(stream_id) for stream_id in stream_ids))
        return {stream_id: segment for stream_id, segment in zip(stream_ids, latest, strict=True) if segment}

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

    @callback
    def async_set_speaking(self, stream_id: str, at: datetime, *, speaking: bool) -> None:
        """Take in that somebody began to speak, or ended."""
        if (stream := self.data.streams.get(stream_id)) is None:
            return
        streams = {**self.data.streams, stream_id: replace(stream, status=replace(stream.status, speaking=speaking))}
        self._publish(replace(self.data, streams=streams, last_speech={**self.data.last_speech, stream_id: at}))

    @callback
    def async_set_server(
        self, *, condition: ServerCondition | None = None, house_rules: tuple[Rule, ...] | None = None
    ) -> None:
        """Take in how the sidecar is now, or which rules all streams have."""
        self._publish(
            replace(
                self.data,
                condition=self.data.condition if condition is None else condition,
                house_rules=self.data.house_rules if house_rules is None else house_rules,
            )
        )

    @callback
    def async_drop_heard(self, stream_ids: Collection[str]) -> None:
        """Show no more what was said on these streams, and when."""
        self._publish(
            replace(
                self.data,
                segments={k: v for k, v in self.data.segments.items() if k not in stream_ids},
                last_speech={k: v for k, v in self.data.last_speech.items() if k not in stream_ids},
            )
        )

    def _publish(self, data: WallflowerData) -> None:
        # Between interruption and reconnection nothing may seem available again.
        if self.last_update_success:
            self.async_set_updated_data(data)
        else:
            self.data = data


class MeasuresCoordinator(DataUpdateCoordinator[Mapping[str, Measures]]):
    """The measures of all streams by id, in one request; none while the sidecar does not answer."""

    def __init__(self, coordinator: WallflowerCoordinator) -> None:
        """Ask the coordinator's sidecar."""
        super().__init__(
            coordinator.hass,
            _LOGGER,
            config_entry=coordinator.config_entry,
            name=f"{coordinator.name} measures",
            update_interval=MEASURES_INTERVAL,
        )
        self._client = coordinator.client
        self.data = {}

    async def async_refresh_if_shown(self) -> None:
        """Fetch for the first time, if any entity shows it."""
        if self._listeners:
            await self.async_refresh()

    @override
    async def _async_update_data(self) -> Mapping[str, Measures]:
        try:
            return await self._client.measures()
        except WallflowerError as error:
            # That the sidecar is away is told, and acted on, by whoever follows its events.
            _LOGGER.debug("No measures: %s", error)
            return {}

"""What must outlive a restart: how far events were read, which hits fired, what is ours, what is to be forgotten."""

from typing import NotRequired, TypedDict

from homeassistant.core import HomeAssistant
from homeassistant.helpers.storage import Store

from .const import DOMAIN

STORE_VERSION = 1
# An early hit is confirmed or retracted within seconds, so these are hours of them.
REMEMBERED_HITS = 500


class StoredJournal(TypedDict):
    """The journal on disk."""

    last_event_id: int | None
    hits: dict[str, str]
    created: list[str]
    sent_urls: dict[str, str]
    forgetting: NotRequired[dict[str, int]]


class Journal:
    """The memory of one hub entry."""

    def __init__(self, hass: HomeAssistant, entry_id: str) -> None:
        """Use the entry's own file in Home Assistant's storage."""
        self._store = Store[StoredJournal](
            hass, STORE_VERSION, f"{DOMAIN}.{entry_id}", private=True, atomic_writes=True
        )
        self.last_event_id: int | None = None
        self.created: set[str] = set()
        self.sent_urls: dict[str, str] = {}
        self.forgetting: dict[str, int] = {}
        self._hits: dict[str, str] = {}

    async def async_load(self) -> None:
        """Read what was saved."""
        if (stored := await self._store.async_load()) is None:
            return
        self.last_event_id = stored["last_event_id"]
        self.created = set(stored["created"])
        self.sent_urls = dict(stored["sent_urls"])
        self.forgetting = dict(stored.get("forgetting", {}))
        self._hits = dict(stored["hits"])

    async def async_save(self) -> None:
        """Write it down now."""
        await self._store.async_save(
            StoredJournal(
                last_event_id=self.last_event_id,
                hits=self._hits,
                created=sorted(self.created),
                sent_urls=self.sent_urls,
                forgetting=self.forgetting,
            )
        )

    async def async_remove(self) -> None:
        """Forget everything."""
        await self._store.async_remove()

    def hit_state(self, hit_id: str) -> str | None:
        """Return how a hit was last fired, None if it never was."""
        return self._hits.get(hit_id)

    def note_hit(self, hit_id: str, state: str) -> None:
        """Remember that a hit was fired; the oldest are forgotten."""
        self._hits.pop(hit_id, None)
        self._hits[hit_id] = state
        for oldest in list(self._hits)[:-REMEMBERED_HITS]:
            del self._hits[oldest]

    def note_forgetting(self, stream_id: str) -> None:
        """Remember that what was heard on a stream must go from Home Assistant's history; asked again, it counts."""
        self.forgetting[stream_id] = self.forgetting.get(stream_id, 0) + 1

"""The hits of the last day, for conditions that ask whether a keyword was spoken lately."""

from collections.abc import Collection, Iterable
from datetime import datetime, timedelta

from homeassistant.util import dt as dt_util

from .const import RETRACTED
from .heard import Hit

LONGEST = timedelta(days=1)


class RecentHits:
    """Remembers of each hit its rule and its time, never its words."""

    def __init__(self, hits: Iterable[Hit] = ()) -> None:
        """Begin with what the sidecar has."""
        self._hits: dict[str, dict[str, tuple[str, datetime]]] = {}
        for hit in hits:
            self.note(hit)

    def note(self, hit: Hit) -> None:
        """Take in a hit, or that it was taken back; forget those of more than a day ago."""
        hits = self._hits.setdefault(hit.stream, {})
        if hit.state == RETRACTED:
            hits.pop(hit.id, None)
        else:
            hits[hit.id] = (hit.rule_name, hit.start)
        oldest = dt_util.utcnow() - LONGEST
        for hit_id in [each for each, (_, start) in hits.items() if start < oldest]:
            del hits[hit_id]

    def forget(self, stream_id: str) -> None:
        """Forget the hits of a stream."""
        self._hits.pop(stream_id, None)

    def has(self, stream_id: str, names: Collection[str], since: datetime) -> bool:
        """Whether a rule of these names, in capitals or not, any if there are none, hit since a time."""
        hits = self._hits.get(stream_id, {}).values()
        wanted = {each.casefold() for each in names}
        return any(start >= since and (not wanted or name.casefold() in wanted) for name, start in hits)

"""The keyword rules of all streams, and which rules a stream has with them."""

import asyncio
from collections.abc import Callable, Sequence

from ..domain.clock import Clock
from ..domain.documents import rule_document
from ..domain.events import EventType, NewEvent
from ..domain.keywords import Rule
from ..domain.streams import Stream
from ..keywords import validate_rules
from ..store import Database, keywords as stored
from .events import EventLog


class HouseRules:
    """Every stream has them beside its own; a rule of its own takes the place of one with the same id or name."""

    def __init__(self, database: Database, events: EventLog, clock: Clock) -> None:
        """Start without rules; `load` brings those of the database."""
        self._database = database
        self._events = events
        self._clock = clock
        self._rules: tuple[Rule, ...] = ()
        self._changing = asyncio.Lock()
        self._of: dict[str, tuple[tuple[Rule, ...], tuple[Rule, ...]]] = {}
        self._on_change: Callable[[], None] | None = None

    def follow(self, on_change: Callable[[], None]) -> None:
        """Call `on_change` at once whenever the rules changed."""
        self._on_change = on_change

    async def load(self) -> None:
        """Take up what the database holds."""
        async with self._database.read() as connection:
            self._rules = tuple(await stored.load_house_rules(connection))

    def all(self) -> tuple[Rule, ...]:
        """Return the rules in the order in which they were given."""
        return self._rules

    def of(self, stream: Stream) -> tuple[Rule, ...]:
        """Return the rules that hold for a stream: its own, then those of the house."""
        if not self._rules or not stream.keywords:
            return stream.keywords or self._rules
        own, together = self._of.get(stream.id, ((), ()))
        if own is not stream.keywords:
            together = _together(stream.keywords, self._rules)
            self._of[stream.id] = stream.keywords, together
        return together

    async def replace(self, rules: Sequence[Rule]) -> None:
        """Put these in the place of the rules before, on every stream; raises FieldError with `items[1].phrases[0]`.

        No session is touched.
        """
        rules = tuple(rules)
        await asyncio.to_thread(validate_rules, rules, "items")
        async with self._changing:
            if rules == self._rules:
                return
            async with self._events.transaction() as writer:
                await stored.save_house_rules(writer.connection, rules)
                data = {"items": [rule_document(rule) for rule in rules]}
                writer.add(NewEvent(EventType.RULES_CHANGED, data, self._clock.now()))
                writer.after_commit(lambda: self._take_up(rules))

    def _take_up(self, rules: tuple[Rule, ...]) -> None:
        self._rules = rules
        self._of.clear()
        if self._on_change is not None:
            self._on_change()


def _together(own: tuple[Rule, ...], house: tuple[Rule, ...]) -> tuple[Rule, ...]:
    ids, names = {rule.id for rule in own}, {rule.name for rule in own}
    return (*own, *(rule for rule in house if rule.id not in ids and rule.name not in names))

"""What requests may say about keyword rules and hits."""

from typing import Annotated, Any

from pydantic import Field, field_validator

from .fields import Anything, Body, Moment, Name, StreamId
from .problems import Fault
from .schemas import PageQuery, RangeQuery, not_reversed
from .stream_schemas import RuleBody, repeated_labels


class HouseRulesBody(Body):
    """The rules of all streams, whole; an answer of the same path can be sent back."""

    items: list[RuleBody]
    next: Anything = None
    rule_faults: Anything = None

    @classmethod
    def faults_between_fields(cls, document: dict[str, Any]) -> list[Fault]:
        """Name the rules whose id or name another one has; works on a document that has other faults too."""
        return repeated_labels(document.get("items"), "items")


class HitsQuery(RangeQuery, PageQuery):
    """Which hits; `rule` is a rule's id."""

    rule: Name | None = None


class ReplayBody(Body):
    """A rule to be tried on what was said, of one stream or of all, in a range or ever."""

    rule: RuleBody
    stream: StreamId | None = None
    start: Annotated[Moment | None, Field(alias="from")] = None
    end: Annotated[Moment | None, Field(alias="to")] = None

    _order = field_validator("end", mode="after")(not_reversed)

"""What requests may say about a stream: the whole of it (PUT) or a part (PATCH)."""

from dataclasses import replace
from typing import Annotated, Any

from pydantic import ConfigDict, Field

from ..domain.camera_certificate import ANY
from ..domain.keywords import Match, Rule
from ..domain.streams import Recording, RecordingMode, StorePolicy, Stream, Transport
from ..keywords import LONGEST_COOLDOWN
from .fields import Anything, Body, CertificateChoice, Days, LanguageCode, Line, Name, Url
from .problems import Fault

MAX_BYTES = 2**63 - 1

type Phrase = Annotated[Line, Field(min_length=1, max_length=1000)]


class RuleBody(Body):
    """A keyword rule."""

    id: Name
    name: Name | None = None
    phrases: Annotated[list[Phrase], Field(min_length=1)]
    match: Annotated[Match, Field(strict=False)] = Match.PHRASE
    threshold: Annotated[float, Field(ge=0, le=100)] | None = None
    excluded: Annotated[list[Phrase], Field(alias="not")] = []
    min_confidence: Annotated[float, Field(ge=0, le=1)] = 0.0
    cooldown_s: Annotated[float, Field(ge=0, le=LONGEST_COOLDOWN.total_seconds())] = 0.0
    speakers: list[Name] = []
    early: bool = False

    def to_rule(self) -> Rule:
        """Return the domain's rule; its name is its id unless it has one."""
        return Rule(
            id=self.id,
            name=self.id if self.name is None else self.name,
            phrases=tuple(self.phrases),
            match=self.match,
            threshold=self.threshold,
            excluded=tuple(self.excluded),
            min_confidence=self.min_confidence,
            cooldown_s=self.cooldown_s,
            speakers=tuple(self.speakers),
            early=self.early,
        )


class RecordingBody(Body):
    """What is recorded and how long it is kept."""

    mode: Annotated[RecordingMode, Field(strict=False)] = RecordingMode.OFF
    retain_days: Days | None = None
    retain_bytes: Annotated[int, Field(ge=1, le=MAX_BYTES)] | None = None
    pre_s: Annotated[float, Field(ge=0, le=3600)] = Recording().pre_s
    post_s: Annotated[float, Field(ge=0, le=3600)] = Recording().post_s

    def applied_to(self, recording: Recording) -> Recording:
        """Return the settings with the given fields changed."""
        return replace(recording, **{name: getattr(self, name) for name in self.model_fields_set})


def _without_defaults(schema: dict[str, Any]) -> None:
    for field in schema["properties"].values():
        field.pop("default", None)


class StreamPatch(Body):
    """A change of some fields of a stream; `recording` is changed field by field, `null` resets what may be null."""

    model_config = ConfigDict(json_schema_extra=_without_defaults)

    id: Anything = None
    name: Name = ""
    url: Url = ""
    transport: Annotated[Transport, Field(strict=False)] = Transport.AUTO
    enabled: bool = True
    transcribe: bool = True
    language: LanguageCode | None = None
    keywords: list[RuleBody] = []
    store: Annotated[StorePolicy, Field(strict=False)] = StorePolicy.ALL
    retain_days: Days | None = None
    recording: RecordingBody = RecordingBody()
    certificate: CertificateChoice = ANY
    status: Anything = None

    def applied_to(self, stream: Stream) -> Stream:
        """Return the stream with the given fields changed."""
        changes: dict[str, Any] = {
            name: getattr(self, name) for name in self.model_fields_set - {"id", "status", "keywords", "recording"}
        }
        if "keywords" in self.model_fields_set:
            changes["keywords"] = tuple(rule.to_rule() for rule in self.keywords)
        if "recording" in self.model_fields_set:
            changes["recording"] = self.recording.applied_to(stream.recording)
        return replace(stream, **changes)

    @classmethod
    def faults_between_fields(cls, document: dict[str, Any]) -> list[Fault]:
        """Name the rules whose id or name another one has; works on a document that has other faults too."""
        return repeated_labels(document.get("keywords"), "keywords")


class StreamBody(StreamPatch):
    """A whole stream; what is not given has its default."""

    model_config = ConfigDict(json_schema_extra=None)

    name: Name
    url: Url

    def to_stream(self, stream_id: str) -> Stream:
        """Return the domain's stream; its address may still hold the mask."""
        return self.applied_to(Stream(id=stream_id, name=self.name, url=self.url))


def repeated_labels(rules: object, path: str) -> list[Fault]:
    """Name the rules of a list at `path` whose id or name one before has."""
    if not isinstance(rules, list):
        return []
    return [
        Fault(f"{path}[{index}].{field}", f"Another of these rules has this {field}.")
        for field in ("id", "name")
        for index in _repeated([_label(rule, field) for rule in rules])
    ]


def _label(rule: object, field: str) -> str | None:
    if not isinstance(rule, dict):
        return None
    label = rule.get(field)
    if field == "name" and label is None:
        label = rule.get("id")
    return label if isinstance(label, str) else None


def _repeated(labels: list[str | None]) -> list[int]:
    seen: set[str] = set()
    repeated = []
    for index, label in enumerate(labels):
        if label is None:
            continue
        if label in seen:
            repeated.append(index)
        seen.add(label)
    return repeated

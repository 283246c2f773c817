"""Domain values to rows and back; the only place that knows both shapes."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from ..domain.clock import from_millis, to_millis
from ..domain.keywords import Hit, HitState, Match, Rule
from ..domain.streams import Recording, RecordingMode, StorePolicy, Stream, Transport
from ..domain.transcripts import Segment, Source, Speaker, Word

type Row = Mapping[Any, Any]


def stream_to_document(stream: Stream) -> dict[str, Any]:
    """The stream as JSON, its password in clear."""
    return asdict(stream)


def stream_from_document(document: Row) -> Stream:
    """The stream of `stream_to_document`; a field that an older version did not write has its default."""
    fields = dict(document)
    recording = dict(fields.pop("recording"))
    return Stream(
        **{
            **fields,
            "transport": Transport(fields["transport"]),
            "store": StorePolicy(fields["store"]),
            "keywords": tuple(rule_from_document(rule) for rule in fields["keywords"]),
            "recording": Recording(**{**recording, "mode": RecordingMode(recording["mode"])}),
        }
    )


def segment_to_row(segment: Segment) -> dict[str, Any]:
    """A row of `segments` without its `seq`; word times are milliseconds since the segment's start."""
    start = to_millis(segment.start)
    return {
        "id": segment.id,
        "stream": segment.stream,
        "start": start,
        "end": to_millis(segment.end),
        "text": segment.text,
        "language": segment.language,
        "confidence": segment.confidence,
        **_speaker_columns(segment.speaker),
        "words": [
            [word.word, to_millis(word.start) - start, to_millis(word.end) - start, round(word.probability, 4)]
            for word in segment.words
        ],
        "source": segment.source.value,
    }


def segment_from_row(row: Row) -> Segment:
    """The segment of a row."""
    start = row["start"]
    return Segment(
        id=row["id"],
        stream=row["stream"],
        start=from_millis(start),
        end=from_millis(row["end"]),
        text=row["text"],
        language=row["language"],
        confidence=row["confidence"],
        speaker=_speaker(row),
        words=tuple(
            Word(word, from_millis(start + begin), from_millis(start + end), probability)
            for word, begin, end, probability in row["words"]
        ),
        source=Source(row["source"]),
    )


def hit_to_row(hit: Hit) -> dict[str, Any]:
    """A row of `hits`."""
    return {
        "id": hit.id,
        "segment": hit.segment,
        "stream": hit.stream,
        "rule_id": hit.rule_id,
        "rule_name": hit.rule_name,
        "phrase": hit.phrase,
        "text": hit.text,
        "start": to_millis(hit.start),
        "end": to_millis(hit.end),
        "confidence": hit.confidence,
        **_speaker_columns(hit.speaker),
        "state": hit.state.value,
        "source": hit.source.value,
    }


def hit_from_row(row: Row) -> Hit:
    """The hit of a row."""
    return Hit(
        id=row["id"],
        stream=row["stream"],
        rule_id=row["rule_id"],
        rule_name=row["rule_name"],
        phrase=row["phrase"],
        text=row["text"],
        start=from_millis(row["start"]),
        end=from_millis(row["end"]),
        confidence=row["confidence"],
        speaker=_speaker(row),
        segment=row["segment"],
        state=HitState(row["state"]),
        source=Source(row["source"]),
    )


def rule_to_document(rule: Rule) -> dict[str, Any]:
    """The rule as JSON."""
    return asdict(rule)


def rule_from_document(document: Row) -> Rule:
    """The rule of `rule_to_document`, which is how it stands in a stream's document too."""
    texts = {name: tuple(document[name]) for name in ("phrases", "excluded", "speakers")}
    return Rule(**{**document, **texts, "match": Match(document["match"])})


def _speaker_columns(speaker: Speaker | None) -> dict[str, str | None]:
    return {
        "speaker_id": None if speaker is None else speaker.id,
        "speaker_name": None if speaker is None else speaker.name,
    }


def _speaker(row: Row) -> Speaker | None:
    return None if row["speaker_id"] is None else Speaker(row["speaker_id"], row["speaker_name"])

"""Segments as a stream would bring them, one after the other."""

from datetime import UTC, datetime, timedelta

from wallflower_sidecar.domain.keywords import Hit, Match, Rule
from wallflower_sidecar.domain.transcripts import Segment, Speaker, new_id
from wallflower_sidecar.keywords import KeywordMatcher

MORNING = datetime(2026, 11, 22, 7, 0, tzinfo=UTC)


def rule(*phrases: str, match: Match = Match.PHRASE, **changes) -> Rule:
    return Rule(**{"id": "r", "name": "r", "phrases": phrases, "match": match, **changes})


def said(
    text: str,
    *,
    at_s: float = 0.0,
    lasts_s: float = 2.0,
    stream: str = "door",
    confidence: float = 0.9,
    speaker: Speaker | None = None,
    language: str | None = None,
) -> Segment:
    start = MORNING + timedelta(seconds=at_s)
    return Segment(
        id=new_id(),
        stream=stream,
        start=start,
        end=start + timedelta(seconds=lasts_s),
        text=text,
        language=language,
        confidence=confidence,
        speaker=speaker,
    )


def hits(listening: Rule, *texts: str, gap_s: float = 1.0) -> list[list[Hit]]:
    """The hits of each text, spoken one after the other with a pause between."""
    matcher = KeywordMatcher()
    matcher.set_rules("door", [listening])
    return [matcher.match(said(text, at_s=index * (2.0 + gap_s))) for index, text in enumerate(texts)]


def fires(listening: Rule, text: str, language: str | None = None) -> bool:
    matcher = KeywordMatcher()
    matcher.set_rules("door", [listening])
    return bool(matcher.match(said(text, language=language)))

"""What a recogniser is told beforehand: the language of a stream, or those heard lately, and its keywords."""

from collections.abc import Callable, Sequence
from itertools import islice

from ..domain.keywords import Match, Rule
from ..domain.streams import Stream
from ..domain.transcripts import Hints, Transcript, Utterance
from ..speech import LanguageMemory
from .capture_events import StreamBook

MAX_HOTWORDS = 100
"""More than a recogniser can be told; a stream's own rules come first."""


class HintBook:
    """Remembers the languages of the streams that have none set."""

    def __init__(self, language: Callable[[], str | None], rules_of: Callable[[Stream], Sequence[Rule]]) -> None:
        """`language` is that of streams that set none, None to have it detected; `rules_of` a stream's rules."""
        self._language = language
        self._rules_of = rules_of
        self._memories: dict[str, LanguageMemory] = {}

    def of(self, stream: Stream) -> Hints:
        """Return the hints for an utterance of a stream."""
        language = stream.language or self._language()
        rules = self._rules_of(stream)
        phrases = (phrase for rule in rules if rule.match is not Match.REGEX for phrase in rule.phrases)
        hotwords = tuple(dict.fromkeys(islice(phrases, MAX_HOTWORDS)))
        memory = None if language else self._memories.get(stream.id)
        return Hints(language, hotwords, memory.weights if memory else None)

    def heard(self, utterance: Utterance, transcript: Transcript, streams: StreamBook) -> None:
        """Take in the language that was detected in an utterance."""
        stream = streams.find(utterance.stream)
        if stream is None or stream.language or self._language():
            self._memories.pop(utterance.stream, None)
            return
        if transcript.language is None:
            return
        memory = self._memories.setdefault(stream.id, LanguageMemory())
        speech_s = (utterance.end - utterance.start).total_seconds()
        memory.hear(transcript.language, transcript.language_probability, speech_s)

"""Live text that is never stored: what is being said so far, and text that was not believed."""

from collections.abc import Callable
from dataclasses import dataclass

from ..capture.supervisor import CaptureSupervisor
from ..domain.clock import format_time
from ..domain.events import Event, EventType
from ..domain.streams import Stream
from ..domain.transcripts import Hints, Transcript, Utterance
from ..events import Broadcaster
from ..speech import Scheduler
from .early_hits import EarlyHits
from .streams import Streams, is_transcribed


@dataclass(slots=True)
class _Growth:
    """An utterance under way: whether its `speech.started` was told, and the text that was told last."""

    stream: str
    start_told: bool = False
    text: str = ""


class Partials:
    """Has drafts made where somebody listens for them or a rule is `early`, and tells their text.

    An utterance's partials come after its `speech.started` and before its final.
    """

    def __init__(
        self,
        broadcaster: Broadcaster,
        *,
        streams: Streams,
        capture: CaptureSupervisor,
        scheduler: Scheduler,
        hints: Callable[[Stream], Hints],
        early: EarlyHits,
    ) -> None:
        """Follow who listens and what is configured; `hints` are those of a stream's finals.

        `early` is told of each draft that is told.
        """
        self._broadcaster = broadcaster
        self._streams = streams
        self._capture = capture
        self._scheduler = scheduler
        self._hints = hints
        self._early = early
        self._wanted: frozenset[str] = frozenset()
        self._growing: dict[str, _Growth] = {}
        broadcaster.follow(self._decide)
        streams.follow(self._decide)

    def began(self, stream: str, utterance: str) -> None:
        """An utterance began; none of it is told yet."""
        self._growing[utterance] = _Growth(stream)

    def start_told(self, utterance: str) -> None:
        """Its `speech.started` is told."""
        if growth := self._growing.get(utterance):
            growth.start_told = True

    def grew(self, utterance: Utterance) -> None:
        """More of it was heard: have a draft made."""
        stream = self._find(utterance.stream)
        if stream is not None:
            self._scheduler.submit_draft(utterance, self._hints(stream))

    def ended(self, utterance: str) -> None:
        """It is over, or its session is: no draft of it is told any more."""
        self._growing.pop(utterance, None)
        self._early.ended(utterance)

    def drafted(self, utterance: Utterance, transcript: Transcript) -> None:
        """Tell a draft's text if it is another than before."""
        growth = self._growing.get(utterance.id)
        if growth is None or not growth.start_told or not transcript.text or transcript.text == growth.text:
            return
        if self._find(utterance.stream) is not None:
            growth.text = transcript.text
            self._tell(EventType.TRANSCRIPT_PARTIAL, utterance, text=transcript.text)
            self._early.drafted(utterance, transcript)

    def suppressed(self, utterance: Utterance, transcript: Transcript) -> None:
        """Tell the text that was not believed, with the reasons."""
        for each in transcript.suppressed:
            self._tell(EventType.TRANSCRIPT_SUPPRESSED, utterance, text=each.text, reason=each.reason)

    def _tell(self, kind: EventType, utterance: Utterance, **more: str) -> None:
        data = {
            "stream": utterance.stream,
            "utterance": utterance.id,
            "start": format_time(utterance.start),
            **more,
        }
        self._broadcaster.publish([Event(None, kind, data, utterance.stream)])

    def _decide(self) -> None:
        """Those who listen or the streams changed."""
        wanted = frozenset(stream.id for stream in self._streams.all() if self._is_wanted(stream))
        if wanted != self._wanted:
            self._wanted = wanted
            self._capture.want_drafts(wanted)
        # A stream that was removed tells no end of what was said on it.
        self._growing = {key: each for key, each in self._growing.items() if self._streams.find(each.stream)}

    def _is_wanted(self, stream: Stream) -> bool:
        if not is_transcribed(stream):
            return False
        listened_for = self._broadcaster.is_wanted(EventType.TRANSCRIPT_PARTIAL, stream.id)
        return listened_for or any(rule.early for rule in self._streams.rules_of(stream))

    def _find(self, stream_id: str) -> Stream | None:
        """The stream as configured now, if what it hears becomes text."""
        stream = self._streams.find(stream_id)
        return stream if stream is not None and is_transcribed(stream) else None

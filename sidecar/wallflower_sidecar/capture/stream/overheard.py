"""What a stream's sessions heard people say, passed on with every start of speech paired with its end."""

from collections.abc import Iterable
from datetime import UTC, datetime

from ...domain.clock import Clock
from ...domain.transcripts import Utterance
from ..messages import Growing, SpeechEdge, Spoken
from .attempt import Attempt
from .ear import LAG_S, Ear, Held, Passing, Span
from .telling import GuardedListener


class Overheard:
    """Passes one stream's speech on."""

    def __init__(self, stream: str, listener: GuardedListener, clock: Clock) -> None:
        """Tell `listener` of the stream's speech."""
        self._stream = stream
        self._listener = listener
        self._clock = clock
        self._told = Span()
        self._before: Ear | None = None
        self._voice: Ear | None = None

    def take(self, attempt: Attempt, report: SpeechEdge | Spoken | Growing) -> None:
        """A session heard speech begin, go on or end, or hands over the whole."""
        match report:
            case SpeechEdge():
                self._edge(attempt.ear, report)
            case Spoken():
                self._whole(attempt.ear, report)
            case Growing():
                self._growing(attempt.ear, report)

    def hand_over(self, before: Attempt | None, after: Attempt) -> None:
        """From now on `after` is the voice; `before` only finishes what it began."""
        if before is not None:
            before.ear.passing = Passing.IGNORED
        if after.ear.passing is Passing.HELD:
            after.ear.passing = Passing.TOLD
            after.ear.compared_until_s = self._clock.monotonic() + LAG_S
            self._before, self._voice = before.ear if before else None, after.ear
            if before is not None:
                after.ear.forget_old(before.last_packet_s or float("-inf"))
                self._settle(before.ear)
            self._settle(after.ear)

    def ignore(self, attempts: Iterable[Attempt]) -> None:
        """Tell nothing of what these hear or heard; what was told to have begun ends now."""
        self._before = self._voice = None
        for attempt in attempts:
            attempt.ear.passing = Passing.IGNORED
            self.broken_off(attempt)

    def broken_off(self, attempt: Attempt) -> None:
        """Pair what a session that broke off left unpaired."""
        for utterance in sorted(attempt.ear.open):
            if attempt.ear.open[utterance]:
                self._listener.speech_ended(self._stream, utterance, self._clock.now())
        attempt.ear.open.clear()
        attempt.ear.held.clear()
        self._finished(attempt.ear)

    def _edge(self, ear: Ear, edge: SpeechEdge) -> None:
        if not edge.started:
            self._end(ear, edge.utterance, edge.at)
        elif ear.compares(self._clock.monotonic()):
            ear.held[edge.utterance] = Held(edge.at, self._clock.monotonic())
            self._settle(ear)
        elif ear.passing is Passing.TOLD:
            self._start(ear, edge.utterance, edge.at)

    def _whole(self, ear: Ear, spoken: Spoken) -> None:
        if held := ear.held.get(spoken.utterance):
            held.spoken, held.at_s = spoken, self._clock.monotonic()
            self._settle(ear)
        elif spoken.utterance in ear.open or ear.passing is Passing.TOLD:
            self._tell(ear, spoken)

    def _growing(self, ear: Ear, growing: Growing) -> None:
        if growing.utterance in ear.open or (ear.passing is Passing.TOLD and growing.utterance not in ear.held):
            self._listener.utterance_growing(self._utterance(growing))

    def _settle(self, ear: Ear) -> None:
        """Tell what was held back, or drop it, as soon as it is clear which."""
        if ear.passing is Passing.HELD:
            return
        if ear is self._voice and self._before is not None and self._before.open:
            return
        for utterance, held in tuple(ear.held.items()):
            if held.spoken is not None:
                del ear.held[utterance]
                if rest := self._told.beyond(held.spoken):
                    self._start(ear, utterance, rest.start)
                    self._end(ear, utterance, held.ended or rest.end)
                    self._tell(ear, rest)
            elif held.ended is None and self._told.is_over_before(held.start):
                del ear.held[utterance]
                self._start(ear, utterance, held.start)

    def _start(self, ear: Ear, utterance: str, at: float) -> None:
        ear.open = {one: goes_on for one, goes_on in ear.open.items() if goes_on}
        ear.open[utterance] = True
        self._listener.speech_started(self._stream, utterance, _utc(at))

    def _end(self, ear: Ear, utterance: str, at: float) -> None:
        if ear.open.get(utterance):
            ear.open[utterance] = False
            self._listener.speech_ended(self._stream, utterance, _utc(at))
        elif held := ear.held.get(utterance):
            held.ended = at

    def _tell(self, ear: Ear, spoken: Spoken) -> None:
        ear.open.pop(spoken.utterance, None)
        self._told = Span(spoken.start, spoken.end)
        self._listener.utterance_ready(self._utterance(spoken))
        self._finished(ear)

    def _finished(self, ear: Ear) -> None:
        """Once the old voice has told what it had begun, the new one's words can be judged."""
        if ear is self._before and not ear.open and self._voice is not None:
            self._before = None
            self._settle(self._voice)

    def _utterance(self, heard: Spoken | Growing) -> Utterance:
        return Utterance(
            heard.utterance, self._stream, _utc(heard.start), _utc(heard.end), _utc(heard.pcm_start), heard.pcm
        )


def _utc(at: float) -> datetime:
    return datetime.fromtimestamp(at, UTC)

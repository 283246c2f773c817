"""What a stream's sessions heard people say, passed on with every start of speech paired with its end."""

from datetime import UTC, datetime

from ..domain.clock import Clock
from ..domain.transcripts import Utterance
from .attempt import Attempt
from .messages import Growing, SpeechEdge, Spoken
from .telling import GuardedListener


class Overheard:
    """Passes one stream's speech on."""

    def __init__(self, stream: str, listener: GuardedListener, clock: Clock) -> None:
        """Tell `listener` of the stream's speech."""
        self._stream = stream
        self._listener = listener
        self._clock = clock

    def edge(self, attempt: Attempt, edge: SpeechEdge) -> None:
        """Somebody began or ceased to speak in this session."""
        at = datetime.fromtimestamp(edge.at, UTC)
        if edge.started:
            attempt.speaking.add(edge.utterance)
            self._listener.speech_started(self._stream, edge.utterance, at)
        elif edge.utterance in attempt.speaking:
            attempt.speaking.discard(edge.utterance)
            self._listener.speech_ended(self._stream, edge.utterance, at)

    def whole(self, spoken: Spoken) -> None:
        """An utterance is over."""
        self._listener.utterance_ready(self._utterance(spoken))

    def growing(self, growing: Growing) -> None:
        """An utterance goes on."""
        self._listener.utterance_growing(self._utterance(growing))

    def broken_off(self, attempt: Attempt) -> None:
        """Pair what a session that broke off left unpaired."""
        for utterance in sorted(attempt.speaking):
            self._listener.speech_ended(self._stream, utterance, self._clock.now())
        attempt.speaking.clear()

    def _utterance(self, heard: Spoken | Growing) -> Utterance:
        start, end, pcm_start = (datetime.fromtimestamp(at, UTC) for at in (heard.start, heard.end, heard.pcm_start))
        return Utterance(heard.utterance, self._stream, start, end, pcm_start, heard.pcm)

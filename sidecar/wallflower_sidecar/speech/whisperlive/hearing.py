"""One stretch of sound in one session: sent whole, with silence behind it, until its text is there."""

from array import array
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
import sys
import wave

from wallflower_sidecar.domain.clock import Clock
from wallflower_sidecar.domain.transcripts import SAMPLE_RATE

from .faults import MixedError, NoAnswerError, NoLanguageError, SessionEndedError
from .limits import Limits
from .pieces import Pieces
from .session import Session
from .wire import LARGEST_FRAME_S, Piece

SILENCE_S = 1.2
"""Behind each utterance: with less than a second of new sound the server does nothing."""

KNOWN_SPEECH = Path(__file__).with_name("known_speech.wav")
"""A spoken sentence: a server that works has text for it."""

KNOWN_LANGUAGE = "en"


@dataclass(frozen=True, slots=True)
class Sound:
    """Sound for one session: int16 mono 16 kHz, at most 25 s, and where in it the speech ends (seconds)."""

    pcm: bytes
    speech_end_s: float

    @property
    def duration_s(self) -> float:
        """Seconds of sound."""
        return len(self.pcm) / 2 / SAMPLE_RATE


@dataclass(frozen=True, slots=True)
class Heard:
    """What a server told of a sound; times of `pieces` are seconds from its first sample, `began` in session time."""

    pieces: tuple[Piece, ...]
    began: float
    language: str | None
    answer_s: float | None
    """Until the first word; None without one."""
    proof_s: float | None = None
    """Until the known speech behind it was answered; None without any."""


class Hearing:
    """Sends one sound through a session and waits for its text."""

    def __init__(self, session: Session, sound: Sound, limits: Limits, clock: Clock) -> None:
        """The session must be free; it is not fit for another sound before it is quiet."""
        self._session = session
        self._sound = sound
        self._limits = limits
        self._clock = clock
        self._begin = session.sent_s
        self._pieces = Pieces(self._begin, self._begin + sound.speech_end_s, self._begin + sound.duration_s)
        self._one_frame = sound.duration_s + SILENCE_S <= LARGEST_FRAME_S
        self._messages_at_ack: int | None = None

    async def hear(self, patience_s: float, *, prove: bool = True) -> Heard:
        """Return what was said, nothing if nobody spoke.

        After `patience_s` without a word known speech is sent behind the sound: text for it shows that the server
        works and that this sound holds none. Raises NoAnswerError if there is none, NoLanguageError where that shows
        nothing, SessionEndedError.
        """
        self._session.listener = self._pieces.take
        try:
            for frame in _frames(self._sound.pcm):
                await self._session.send(frame)
            await self._session.ping()
            sent_at = self._clock.monotonic()
            language, answer_s, proof_s = self._session.language, None, None
            if not await self._first_word(patience_s) and prove:
                language = self._session.language
                proof_s = await self._prove()
            if self._pieces.told:
                answer_s = self._clock.monotonic() - sent_at
                await self._last_word(answer_s)
                language = self._session.language
        finally:
            self._session.listener = None
        if self._pieces.mixed:
            raise MixedError("its text cannot be told from the known speech behind it")
        return Heard(tuple(self._pieces.joined()), self._begin, language, answer_s, proof_s)

    async def _first_word(self, patience_s: float) -> bool:
        """Whether a word comes within `patience_s` of the arrival of the sound."""
        until = self._clock.monotonic() + self._limits.send_s
        arrived = False
        while not self._pieces.told:
            if self._session.acked and not arrived:
                arrived = True
                until = self._clock.monotonic() + patience_s
            if not await self._session.changed(until - self._clock.monotonic()):
                if not arrived:
                    raise SessionEndedError("what is sent does not arrive")
                return False
        return True

    async def _last_word(self, answer_s: float) -> None:
        """Wait until what is told will not change, or for as long as the limits allow."""
        now = self._clock.monotonic()
        until = now + self._limits.text_s
        quiet_s = max(self._limits.quiet_s, 2 * answer_s)
        while not self._is_final() and (left_s := min(until - self._clock.monotonic(), quiet_s)) > 0:
            if not await self._session.changed(left_s):
                return

    def _is_final(self) -> bool:
        """Whether the last message was made from the whole sound and reaches its end, or was said twice.

        The server decodes again and again what is not completed. It hears a frame as a whole: the first text of a
        sound in one frame is that of every later decode. Of several frames the first message after they arrived may
        have been under way before, the second was not.
        """
        if not self._one_frame:
            if self._session.acked and self._messages_at_ack is None:
                self._messages_at_ack = self._pieces.messages
            if self._messages_at_ack is None or self._pieces.messages < self._messages_at_ack + 2:
                return False
        return self._pieces.covers_the_end or self._pieces.repeated > 1

    async def _prove(self) -> float:
        """Seconds until the server answered known speech."""
        self._pieces.proof_begin = self._session.sent_s
        for frame in _frames(known_speech()):
            await self._session.send(frame)
        since = self._clock.monotonic()
        until = since + self._limits.proof_s
        while not self._pieces.proven:
            if not await self._session.changed(until - self._clock.monotonic()):
                raise NoAnswerError if self._session.language is not None else NoLanguageError
        return self._clock.monotonic() - since


def known_speech() -> bytes:
    """A spoken sentence, int16 mono 16 kHz."""
    with wave.open(str(KNOWN_SPEECH)) as file:
        pcm: bytes = file.readframes(file.getnframes())
    return pcm


def _frames(pcm: bytes) -> Iterator[bytes]:
    """The sound and the silence behind it as float32 little-endian, the one format that all servers know."""
    whole = pcm + bytes(2 * round(SILENCE_S * SAMPLE_RATE))
    step = 2 * round(LARGEST_FRAME_S * SAMPLE_RATE)
    for at in range(0, len(whole), step):
        samples = array("h", whole[at : at + step])
        if sys.byteorder == "big":
            samples.byteswap()
        frame = array("f", (sample / 32768 for sample in samples))
        if sys.byteorder == "big":
            frame.byteswap()
        yield frame.tobytes()

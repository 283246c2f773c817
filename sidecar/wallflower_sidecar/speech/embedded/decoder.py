"""Sound in, text and word times out: one utterance at a time. Blocks; only the engine process uses it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
import logging
import math
from pathlib import Path
from typing import Any

from faster_whisper.tokenizer import Tokenizer
import numpy as np

from ..filters import Decoded, Phantom, phantom, runaway, unheard
from ..language_memory import weigh
from ..models.find import ModelError
from ..prompt import BOOST, hotword_prompt, may_be_missed, mentioned
from .voice import Voice, listen
from .whisper import HeardWord, Spelled, Whisper
from .windows import DRAFT_MARGIN, FULL_WINDOW, MARGIN, Samples, pieces, window_frames

_LOGGER = logging.getLogger(__name__)

BEAM = 5
DRAFT_BEAM = 1


@dataclass(frozen=True, slots=True)
class Heard:
    """What was heard. Confidence is the mean of the words' probabilities, a draft's that of its tokens.

    `phantoms` tells why text was left out, `suppressed` which text that was, as (text, reason).
    """

    text: str = ""
    language: str | None = None
    confidence: float = 0.0
    words: tuple[HeardWord, ...] = ()
    phantoms: tuple[Phantom, ...] = ()
    suppressed: tuple[tuple[str, Phantom], ...] = ()
    language_probability: float = 1.0
    """How sure the language is, where it was detected."""


@dataclass(frozen=True, slots=True)
class _Piece:
    """Sound that fits the window, with the encoder's output for the last window that was decoded."""

    features: np.ndarray
    voice: Voice
    encoded: Any
    window: int


@dataclass(frozen=True, slots=True)
class _Attempt:
    """One decode of one piece."""

    piece: _Piece
    spelled: Spelled

    @property
    def decoded(self) -> Decoded:
        """Its figures, as the filters want them."""
        return Decoded(
            text=self.spelled.text,
            mean_log_probability=self.spelled.mean_log_probability,
            no_speech_probability=self.spelled.no_speech_probability,
            complete=self.spelled.complete,
            sound_s=self.piece.voice.sound_s,
            speech_s=self.piece.voice.speech_s,
            peak=self.piece.voice.peak,
        )


class WhisperDecoder:
    """Decodes one piece of sound at a time with one loaded model."""

    def __init__(self, folder: Path, threads: int) -> None:
        """Load a CTranslate2 folder and try it on silence; raises ModelError when it does not work."""
        try:
            self._whisper = Whisper(folder, threads)
            listen(np.zeros(1, dtype=np.float32))
        except Exception as error:  # whatever four libraries raise for bytes that are no model
            _LOGGER.warning("the model does not work", exc_info=True)
            raise ModelError(
                "bad_model",
                f"The model {folder.name} cannot be loaded ({type(error).__name__}). It is damaged, incomplete "
                "or no Whisper model for CTranslate2. Fetch it again, or give another.",
            ) from error
        self._unsupported: set[str] = set()

    @property
    def multilingual(self) -> bool:
        """Whether the model knows more than English."""
        return self._whisper.multilingual

    def decode(
        self,
        pcm: bytes,
        language: str | None,
        hotwords: Sequence[str] = (),
        *,
        draft: bool = False,
        languages: Mapping[str, float] | None = None,
    ) -> Heard:
        """Turn int16 little-endian mono 16 kHz into text; without a `language` the model detects it.

        A `draft` is quick text without words, of sound that goes on. `languages` are a LanguageMemory's weights,
        which a detection takes in.
        """
        samples: Samples = np.frombuffer(pcm, dtype="<i2").astype(np.float32) / 32768.0
        heard = Heard()
        language, sure, confidences = self._usable(language), 1.0, []
        for offset_s, sound in pieces(samples):
            voice = listen(sound)
            if not voice.speech_s:
                heard = _without(heard, "", Phantom.NO_SPEECH)
                continue
            piece = self._encode(sound, voice, DRAFT_MARGIN if draft else MARGIN)
            if language is None:
                language, sure = weigh(self._whisper.languages_of(piece.encoded), languages or {})
            tokenizer = self._whisper.tokenizer(language)
            attempt = self._draft(piece, tokenizer) if draft else self._final(piece, tokenizer, hotwords)
            text = attempt.spelled.text
            if reason := phantom(attempt.decoded):
                heard = _without(heard, text, reason)
                continue
            words = [] if draft else self._words(attempt, tokenizer, offset_s)
            if unheard([word.probability for word in words]):
                heard = _without(heard, text, Phantom.UNHEARD_WORD)
                continue
            confidences += (
                [math.exp(attempt.spelled.mean_log_probability)] if draft else [word.probability for word in words]
            )
            heard = replace(heard, text=f"{heard.text} {text}".strip(), words=(*heard.words, *words))
        if not heard.text:
            return heard
        confidence = math.fsum(confidences) / len(confidences) if confidences else 0.0
        return replace(heard, language=language, language_probability=sure, confidence=confidence)

    def _usable(self, language: str | None) -> str | None:
        if language is None or language in self._whisper.languages:
            return language
        if language not in self._unsupported:
            self._unsupported.add(language)
            _LOGGER.warning(
                "this model does not know the language %s; it %s instead",
                language,
                "detects it" if self.multilingual else "hears English",
            )
        return None

    def _encode(self, sound: Samples, voice: Voice, margin: int) -> _Piece:
        features = self._whisper.features(sound)
        window = window_frames(features.shape[1], margin)
        return _Piece(features, voice, self._whisper.encode(features, window), window)

    def _draft(self, piece: _Piece, tokenizer: Tokenizer) -> _Attempt:
        return _Attempt(piece, self._spell(piece, tokenizer, beam=DRAFT_BEAM))

    def _final(self, piece: _Piece, tokenizer: Tokenizer, hotwords: Sequence[str]) -> _Attempt:
        attempt = _Attempt(piece, self._spell(piece, tokenizer))
        if piece.window < FULL_WINDOW and runaway(attempt.decoded) is not None:
            encoded = self._whisper.encode(piece.features, FULL_WINDOW)
            piece = replace(piece, encoded=encoded, window=FULL_WINDOW)
            attempt = _Attempt(piece, self._spell(piece, tokenizer))
        believed, spelled = phantom(attempt.decoded) is None, attempt.spelled
        if hotwords and believed and may_be_missed(spelled.text, spelled.mean_log_probability, hotwords):
            return self._guided(attempt, tokenizer, hotwords)
        return attempt

    def _guided(self, plain: _Attempt, tokenizer: Tokenizer, hotwords: Sequence[str]) -> _Attempt:
        """The text with the hotwords in mind, if it has one more of them and the sound alone speaks for it."""
        spelled = self._spell(plain.piece, tokenizer, hotwords=hotword_prompt(hotwords))
        spelled = replace(spelled, no_speech_probability=plain.spelled.no_speech_probability)
        guided = replace(plain, spelled=spelled)
        there = mentioned(plain.spelled.text, hotwords)
        if not there < mentioned(spelled.text, hotwords) or runaway(guided.decoded) or phantom(guided.decoded):
            return plain
        likelier = self._log_probability(plain, tokenizer) - self._log_probability(guided, tokenizer)
        return guided if likelier <= BOOST else plain

    def _spell(self, piece: _Piece, tokenizer: Tokenizer, *, beam: int = BEAM, hotwords: str | None = None) -> Spelled:
        return self._whisper.spell(piece.encoded, tokenizer, piece.voice.sound_s, beam=beam, hotwords=hotwords)

    def _log_probability(self, attempt: _Attempt, tokenizer: Tokenizer) -> float:
        piece = attempt.piece
        return self._whisper.log_probability(piece.encoded, tokenizer, attempt.spelled.tokens, piece.voice.sound_s)

    def _words(self, attempt: _Attempt, tokenizer: Tokenizer, offset_s: float) -> list[HeardWord]:
        piece = attempt.piece
        words = self._whisper.words(piece.encoded, tokenizer, attempt.spelled.tokens, piece.voice.sound_s)
        return [replace(word, start=offset_s + word.start, end=offset_s + word.end) for word in words]


def _without(heard: Heard, text: str, reason: Phantom) -> Heard:
    suppressed = (*heard.suppressed, (text, reason)) if text else heard.suppressed
    return replace(heard, phantoms=(*heard.phantoms, reason), suppressed=suppressed)

"""One Whisper model on the processor: sound in, text and word times out. Blocks; only the engine process uses it."""

from collections.abc import Sequence
from dataclasses import dataclass
import logging
import math
from pathlib import Path
from typing import Any

from faster_whisper import WhisperModel
from faster_whisper.tokenizer import Tokenizer
from faster_whisper.transcribe import get_suppressed_tokens
from faster_whisper.vad import VadOptions, get_speech_timestamps
import numpy as np

from wallflower_sidecar.domain.transcripts import SAMPLE_RATE

from .filters import Decoded, Phantom, misled, phantom, runaway
from .models import ModelError
from .prompt import hotword_prompt
from .windows import FRAME_RATE, FULL_WINDOW, Samples, pieces, window_frames

_LOGGER = logging.getLogger(__name__)

BEAM = 5
TOKENS_A_SECOND = 25
"""Enough for the scripts that Whisper spells with several tokens a letter; a loop is ended by it."""

MOST_TOKENS = 224
"""Whisper's own bound on one decode."""

_SPEECH = VadOptions(threshold=0.35, min_speech_duration_ms=64, min_silence_duration_ms=100, speech_pad_ms=0)
_PREPENDED = "\"'“¿([{-"
_APPENDED = "\"'.。,，!！?？:：”)]}、"


@dataclass(frozen=True, slots=True)
class HeardWord:
    """A word; times in seconds from the first sample, probability 0–1."""

    word: str
    start: float
    end: float
    probability: float


@dataclass(frozen=True, slots=True)
class Heard:
    """What was heard. Confidence is the mean of the words' probabilities; `phantoms` tells why text was left out."""

    text: str = ""
    language: str | None = None
    confidence: float = 0.0
    words: tuple[HeardWord, ...] = ()
    phantoms: tuple[Phantom, ...] = ()


@dataclass(frozen=True, slots=True)
class _Attempt:
    """One decode of one piece, and the encoder's output that its words are timed with."""

    decoded: Decoded
    tokens: list[int]
    encoded: Any


class WhisperDecoder:
    """Decodes one piece of sound at a time with one loaded model."""

    def __init__(self, folder: Path, threads: int) -> None:
        """Load a CTranslate2 folder and try it on silence; raises ModelError when it does not work."""
        try:
            self._model = WhisperModel(str(folder), device="cpu", compute_type="int8", cpu_threads=threads)
            self._decode_piece(np.zeros(SAMPLE_RATE, dtype=np.float32), "en", ())
            get_speech_timestamps(np.zeros(SAMPLE_RATE, dtype=np.float32), _SPEECH)
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
        return bool(self._model.model.is_multilingual)

    def decode(self, pcm: bytes, language: str | None, hotwords: Sequence[str] = ()) -> Heard:
        """Turn int16 little-endian mono 16 kHz into text; without a `language` the model detects it."""
        samples: Samples = np.frombuffer(pcm, dtype="<i2").astype(np.float32) / 32768.0
        if not get_speech_timestamps(samples, _SPEECH):
            return Heard(phantoms=(Phantom.NO_SPEECH,))
        texts: list[str] = []
        words: list[HeardWord] = []
        phantoms: list[Phantom] = []
        language = self._usable(language)
        for offset_s, piece in pieces(samples):
            attempt, tokenizer = self._decode_piece(piece, language, hotwords)
            language = tokenizer.language_code
            reason = phantom(attempt.decoded)
            if reason is not None:
                phantoms.append(reason)
            else:
                texts.append(attempt.decoded.text)
                words += self._words(attempt, tokenizer, offset_s)
        confidence = math.fsum(word.probability for word in words) / len(words) if words else 0.0
        return Heard(" ".join(texts), language if texts else None, confidence, tuple(words), tuple(phantoms))

    def _usable(self, language: str | None) -> str | None:
        if language is None or language in self._model.supported_languages:
            return language
        if language not in self._unsupported:
            self._unsupported.add(language)
            _LOGGER.warning(
                "this model does not know the language %s; it %s instead",
                language,
                "detects it" if self.multilingual else "hears English",
            )
        return None

    def _decode_piece(
        self, samples: Samples, language: str | None, hotwords: Sequence[str]
    ) -> tuple[_Attempt, Tokenizer]:
        features = self._model.feature_extractor(samples)[:, :-1]
        sound_s = len(samples) / SAMPLE_RATE
        window = window_frames(features.shape[1])
        encoded = self._encode(features, window)
        tokenizer = self._tokenizer(language or self._detect(encoded))
        attempt = self._attempt(encoded, tokenizer, sound_s, hotwords)
        doubted = runaway(attempt.decoded) is not None or (hotwords and misled(attempt.decoded))
        if doubted and (hotwords or window < FULL_WINDOW):
            attempt = self._attempt(self._encode(features, FULL_WINDOW), tokenizer, sound_s, ())
        return attempt, tokenizer

    def _encode(self, features: np.ndarray, frames: int) -> Any:
        window = np.zeros((features.shape[0], frames), dtype=np.float32)
        window[:, : features.shape[1]] = features
        return self._model.encode(window)

    def _detect(self, encoded: Any) -> str:
        if not self.multilingual:
            return "en"
        token, _ = self._model.model.detect_language(encoded)[0][0]
        return str(token)[2:-2]

    def _tokenizer(self, language: str) -> Tokenizer:
        return Tokenizer(self._model.hf_tokenizer, self.multilingual, task="transcribe", language=language)

    def _attempt(self, encoded: Any, tokenizer: Tokenizer, sound_s: float, hotwords: Sequence[str]) -> _Attempt:
        plain = self._model.get_prompt(tokenizer, [], without_timestamps=True)
        prompt = self._model.get_prompt(tokenizer, [], without_timestamps=True, hotwords=hotword_prompt(hotwords))
        most = min(MOST_TOKENS, int(TOKENS_A_SECOND * (1 + sound_s)))
        result = self._generate(encoded, tokenizer, prompt, most, beam=BEAM)
        ids = result.sequences_ids[0]
        no_speech = result.no_speech_prob
        if prompt != plain:  # a prompt hides from Whisper that nobody speaks, so it is asked again without
            no_speech = self._generate(encoded, tokenizer, plain, 1, beam=1).no_speech_prob
        tokens = [token for token in ids if token < tokenizer.eot]
        decoded = Decoded(
            text=tokenizer.decode(tokens).strip(),
            mean_log_probability=result.scores[0] * len(ids) / (len(ids) + 1),
            no_speech_probability=no_speech,
            complete=len(ids) < most,
            sound_s=sound_s,
        )
        return _Attempt(decoded, tokens, encoded)

    def _generate(self, encoded: Any, tokenizer: Tokenizer, prompt: list[int], most: int, *, beam: int) -> Any:
        return self._model.model.generate(
            encoded,
            [prompt],
            beam_size=beam,
            max_length=max(2 * most, len(prompt) + most),  # CTranslate2 allows half of it for new tokens
            return_scores=True,
            return_no_speech_prob=True,
            suppress_tokens=get_suppressed_tokens(tokenizer, [-1]),
        )[0]

    def _words(self, attempt: _Attempt, tokenizer: Tokenizer, offset_s: float) -> list[HeardWord]:
        sound_s = attempt.decoded.sound_s
        segment: dict[str, Any] = {"seek": 0, "start": 0.0, "end": sound_s, "tokens": attempt.tokens}
        self._model.add_word_timestamps(
            [[segment]], tokenizer, attempt.encoded, int(sound_s * FRAME_RATE), _PREPENDED, _APPENDED, 0.0
        )
        return [
            HeardWord(
                word=str(word["word"]).strip(),
                start=offset_s + min(float(word["start"]), sound_s),
                end=offset_s + min(float(word["end"]), sound_s),
                probability=float(word["probability"]),
            )
            for word in segment["words"]
            if str(word["word"]).strip()
        ]

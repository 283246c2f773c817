"""One Whisper model in memory: spectrogram windows in, tokens and word times out."""

from collections.abc import Sequence
from dataclasses import dataclass
import logging
import math
from pathlib import Path
from typing import Any

from faster_whisper import WhisperModel
from faster_whisper.tokenizer import Tokenizer
from faster_whisper.transcribe import get_suppressed_tokens
import numpy as np

from wallflower_sidecar.domain.transcripts import SAMPLE_RATE

from .devices import Device, devices_here
from .windows import FRAME_RATE, Samples

_LOGGER = logging.getLogger(__name__)

TOKENS_A_SECOND = 25
"""Enough for the scripts that Whisper spells with several tokens a letter; a loop is ended by it."""

MOST_TOKENS = 224
"""Whisper's own bound on one decode."""

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
class Spelled:
    """The tokens of one decode: their mean log probability, and whether the decoder ended by itself."""

    text: str
    tokens: list[int]
    mean_log_probability: float
    no_speech_probability: float
    complete: bool


class Whisper:
    """One loaded model; blocks."""

    def __init__(self, folder: Path, threads: int) -> None:
        """Load a CTranslate2 folder on the best device that decodes a second of silence with it.

        Raises whatever the libraries raise when it does not even work on the processor.
        """
        for device in devices_here(threads):
            try:
                self._load(folder, device)
            except RuntimeError, ValueError:
                if device.name == "cpu":
                    raise
                _LOGGER.warning("the graphics card does not decode, so the processor does", exc_info=True)
            else:
                self.device = device
                return

    def _load(self, folder: Path, device: Device) -> None:
        self._model = WhisperModel(
            str(folder), device=device.name, compute_type=device.compute_type, cpu_threads=device.threads
        )
        features = self.features(np.zeros(SAMPLE_RATE, dtype=np.float32))
        tokenizer = self.tokenizer("en")
        self.spell(self.encode(features, features.shape[1]), tokenizer, 1.0, beam=1)

    @property
    def multilingual(self) -> bool:
        """Whether the model knows more than English."""
        return bool(self._model.model.is_multilingual)

    @property
    def languages(self) -> Sequence[str]:
        """Codes of the languages that the model knows."""
        return list(self._model.supported_languages)

    def tokenizer(self, language: str) -> Tokenizer:
        """The tokens of a language; `language_code` tells which it is."""
        return Tokenizer(self._model.hf_tokenizer, self.multilingual, task="transcribe", language=language)

    def features(self, samples: Samples) -> np.ndarray:
        """The spectrogram: mel bands by frames, 100 a second."""
        spectrogram: np.ndarray = self._model.feature_extractor(samples)[:, :-1]
        return spectrogram

    def encode(self, features: np.ndarray, frames: int) -> Any:
        """The encoder's output for a window of so many frames, silent after the sound."""
        window = np.zeros((features.shape[0], frames + frames % 2), dtype=np.float32)
        window[:, : features.shape[1]] = features
        return self._model.encode(window)

    def languages_of(self, encoded: Any) -> dict[str, float]:
        """The probability of each language."""
        if not self.multilingual:
            return {"en": 1.0}
        return {token[2:-2]: probability for token, probability in self._model.model.detect_language(encoded)[0]}

    def spell(
        self, encoded: Any, tokenizer: Tokenizer, sound_s: float, *, beam: int, hotwords: str | None = None
    ) -> Spelled:
        """Decode a window, with these sentences as what was said before."""
        prompt = self._model.get_prompt(tokenizer, [], without_timestamps=True, hotwords=hotwords)
        most = min(MOST_TOKENS, int(TOKENS_A_SECOND * (1 + sound_s)))
        result = self._model.model.generate(
            encoded,
            [prompt],
            beam_size=beam,
            max_length=max(2 * most, len(prompt) + most),  # CTranslate2 allows half of it for new tokens
            return_scores=True,
            return_no_speech_prob=True,
            suppress_tokens=get_suppressed_tokens(tokenizer, [-1]),
        )[0]
        ids = result.sequences_ids[0]
        tokens = [token for token in ids if token < tokenizer.eot]
        return Spelled(
            text=tokenizer.decode(tokens).strip(),
            tokens=tokens,
            mean_log_probability=result.scores[0] * len(ids) / (len(ids) + 1),
            no_speech_probability=result.no_speech_prob,
            complete=len(ids) < most,
        )

    def log_probability(self, encoded: Any, tokenizer: Tokenizer, tokens: list[int], sound_s: float) -> float:
        """The log probability of a whole text, given the sound alone and no words to expect."""
        frames = int(sound_s * FRAME_RATE)
        aligned = self._model.model.align(encoded, tokenizer.sot_sequence, [tokens], frames)[0]
        return math.fsum(math.log(max(probability, 1e-10)) for probability in aligned.text_token_probs)

    def words(self, encoded: Any, tokenizer: Tokenizer, tokens: list[int], sound_s: float) -> list[HeardWord]:
        """When each word was said, and how probable it is."""
        segment: dict[str, Any] = {"seek": 0, "start": 0.0, "end": sound_s, "tokens": tokens}
        self._model.add_word_timestamps(
            [[segment]], tokenizer, encoded, int(sound_s * FRAME_RATE), _PREPENDED, _APPENDED, 0.0
        )
        return [
            HeardWord(
                word=str(word["word"]).strip(),
                start=min(float(word["start"]), sound_s),
                end=min(float(word["end"]), sound_s),
                probability=float(word["probability"]),
            )
            for word in segment["words"]
            if str(word["word"]).strip()
        ]

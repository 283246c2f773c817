"""The engine's memory does not grow with all that it ever decoded."""

import numpy as np
import pytest

from tests.support.memory import memory_of
from tests.support.sentences import DOOR
from tests.support.speech import SAMPLE_RATE, synthesise
from tests.unit.speech.running import ready, running
from tests.unit.speech.utterances import utterance_of
from wallflower_sidecar.domain.clock import SystemClock
from wallflower_sidecar.domain.transcripts import Hints
from wallflower_sidecar.speech import EmbeddedTranscriber

pytestmark = pytest.mark.faults

STEP = SAMPLE_RATE // 50
"""Two frames of the spectrogram: the smallest difference that makes another window."""

WARM_UP, LENGTHS = 10, 60
MOST_GROWTH = 0.05


async def test_utterances_of_ever_new_lengths_take_no_more_memory(tmp_path):
    async with running(EmbeddedTranscriber(None, models_dir=tmp_path, clock=SystemClock())) as transcriber:
        await ready(transcriber)
        speech = synthesise(DOOR)
        for number in range(WARM_UP + LENGTHS):
            if number == WARM_UP:
                warm = memory_of(transcriber.pid).own
            longer = utterance_of(np.pad(speech, (0, number * STEP)))
            assert (await transcriber.draft(longer, Hints("en"))).text
        assert memory_of(transcriber.pid).own < warm * (1 + MOST_GROWTH)

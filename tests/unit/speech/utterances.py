"""Utterances as the gate cuts them: 300 ms of pre-roll, the speech, 600 ms of hangover."""

from datetime import UTC, datetime, timedelta

import numpy as np

from tests.support.speech import SAMPLE_RATE
from wallflower_sidecar.domain.transcripts import Utterance, new_id

SAID_AT = datetime(2026, 11, 22, 7, 20, 42, tzinfo=UTC)
PRE_ROLL_S = 0.3
HANGOVER_S = 0.6


def utterance_of(speech, stream="porch", at=SAID_AT):
    """The utterance of int16 mono 16 kHz speech whose first sample was heard `at`, in a quiet room."""
    length = round((PRE_ROLL_S + HANGOVER_S) * SAMPLE_RATE) + len(speech)
    sound = np.round(np.random.default_rng(1).normal(0, 20, length)).astype(np.int16)
    begin = round(PRE_ROLL_S * SAMPLE_RATE)
    sound[begin : begin + len(speech)] += speech
    return Utterance(
        id=new_id(),
        stream=stream,
        start=at,
        end=at + timedelta(seconds=len(speech) / SAMPLE_RATE),
        pcm_start=at - timedelta(seconds=PRE_ROLL_S),
        pcm=sound.astype("<i2").tobytes(),
    )


def silent_utterance(duration_s, stream="porch", first_sample=0):
    """An utterance without pre-roll and hangover, all zero but its first sample."""
    pcm = np.zeros(round(duration_s * SAMPLE_RATE), "<i2")
    pcm[0] = first_sample
    end = SAID_AT + timedelta(seconds=duration_s)
    return Utterance(new_id(), stream, SAID_AT, end, SAID_AT, pcm.tobytes())

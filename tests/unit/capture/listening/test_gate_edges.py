"""Where the gate says that speech begins and ends: in rooms with noise, in which WebRTC's detector errs."""

import numpy as np
import pytest

from tests.support.noises import coloured
from tests.support.sentences import SENTENCES
from tests.support.speech import SAMPLE_RATE, compose
from wallflower_sidecar.capture.listening.gate import Gate, Heard, SpeechEnded, SpeechStarted

TOLERANCE_S = 0.3
BLOCK = 2000


@pytest.fixture(scope="module")
def track():
    return compose(SENTENCES, pause_s=2.0, room_dbfs=None)


def in_noise(track, power, dbfs):
    noise = coloured(len(track.samples), np.random.default_rng(1), power)
    loud = noise * (32_768 * 10 ** (dbfs / 20) / noise.std())
    return np.clip(track.samples + loud, -32_768, 32_767).astype(np.int16)


def heard(samples):
    gate = Gate()
    blocks = [samples[at : at + BLOCK] for at in range(0, len(samples), BLOCK)]
    events = [event for block in blocks for event in gate.push(block)] + gate.flush()
    return events, [event for event in events if isinstance(event, Heard)]


@pytest.mark.parametrize("power", [0, 1, 2], ids=["white", "pink", "brown"])
@pytest.mark.parametrize("dbfs", [-70, -60, -50, -40, -35])
def test_each_sentence_begins_and_ends_where_it_is_heard_to(track, power, dbfs):
    events, utterances = heard(in_noise(track, power, dbfs))
    assert len(utterances) == len(track.sentences)
    for utterance, sentence in zip(utterances, track.sentences, strict=True):
        assert utterance.start / SAMPLE_RATE == pytest.approx(sentence.start_s, abs=TOLERANCE_S)
        assert utterance.end / SAMPLE_RATE == pytest.approx(sentence.end_s, abs=TOLERANCE_S)
    started = [(event.utterance, event.at) for event in events if isinstance(event, SpeechStarted)]
    ended = [(event.utterance, event.at) for event in events if isinstance(event, SpeechEnded)]
    assert started == [(each.utterance, each.start) for each in utterances]
    assert ended == [(each.utterance, each.end) for each in utterances]


def test_the_errors_do_not_lean_to_one_side(track):
    errors = []
    for dbfs in (-70, -60, -50, -40):
        _, utterances = heard(in_noise(track, 1, dbfs))
        for utterance, sentence in zip(utterances, track.sentences, strict=True):
            errors.append(
                (utterance.start / SAMPLE_RATE - sentence.start_s, utterance.end / SAMPLE_RATE - sentence.end_s)
            )
    assert np.abs(np.mean(errors, axis=0)).max() < 0.03


def test_all_the_sound_of_a_talk_is_kept_although_its_end_is_told_sooner(track):
    _, utterances = heard(in_noise(track, 1, -50))
    assert all(each.end < each.pcm_start + len(each.pcm) // 2 for each in utterances)


def test_a_noise_that_is_louder_than_what_was_said_before_it_takes_nothing_of_it(track):
    sentence = track.sentences[0]
    end = round(sentence.end_s * SAMPLE_RATE)
    samples = track.samples[: end + 2 * SAMPLE_RATE].copy()
    noise = coloured(2 * SAMPLE_RATE, np.random.default_rng(1), 0)
    samples[end:] = (noise * 20_000).astype(np.int16)
    _, utterances = heard(samples)
    assert utterances[0].end / SAMPLE_RATE >= sentence.end_s - TOLERANCE_S


@pytest.mark.parametrize("power", [0, 1, 2], ids=["white", "pink", "brown"])
def test_a_noise_that_begins_with_the_talk_does_not_keep_it_going(power):
    """The floor has had no time to learn it: a fan that starts while somebody speaks."""
    said = compose(SENTENCES[:3], pause_s=1.3, lead_s=4.0, duration_s=20.0)
    noise = in_noise(said, power, -33) - said.samples
    begins = round((said.sentences[0].start_s - 0.2) * SAMPLE_RATE)
    noise[:begins] = 0
    _, utterances = heard(said.samples + noise)
    speech = [each for each in utterances if each.start / SAMPLE_RATE < said.sentences[-1].end_s]
    assert len(speech) == 3
    for utterance, sentence in zip(speech, said.sentences, strict=True):
        assert utterance.end / SAMPLE_RATE == pytest.approx(sentence.end_s, abs=TOLERANCE_S)

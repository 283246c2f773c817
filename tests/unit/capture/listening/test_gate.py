"""The gate: synthesised speech, noise and silence in, utterances with exact sample positions out."""

from dataclasses import dataclass
import itertools

import numpy as np
import pytest

from tests.support.speech import compose, silence
from tests.support.voices import Voice
from wallflower_sidecar.capture.listening.floor import FRAME
from wallflower_sidecar.capture.listening.gate import Gate, Heard, SpeechEnded, SpeechStarted

RATE = 16_000
TOLERANCE_S = 0.15
SENTENCES = ("Please open the front door.", "Help!", "There is somebody standing at the garden gate tonight.")


def make_gate():
    numbers = itertools.count(1)
    return Gate(make_id=lambda: f"u{next(numbers)}")


@dataclass
class Run:
    events: list
    noticed_at: dict

    @property
    def heard(self):
        return [event for event in self.events if isinstance(event, Heard)]


def run(samples, *, block_s=0.3, flush=True):
    gate = make_gate()
    events, noticed_at = [], {}
    step = round(block_s * RATE)
    for begin in range(0, len(samples), step):
        for event in gate.push(samples[begin : begin + step]):
            events.append(event)
            noticed_at[id(event)] = begin + step
    if flush:
        events += gate.flush()
    return Run(events, noticed_at)


def noise(seconds, dbfs, seed=5):
    sound = np.random.default_rng(seed).normal(0, 32768 * 10 ** (dbfs / 20), round(seconds * RATE))
    return np.clip(sound, -32768, 32767).astype(np.int16)


def assert_paired(events):
    started = [event.utterance for event in events if isinstance(event, SpeechStarted)]
    ended = [event.utterance for event in events if isinstance(event, SpeechEnded)]
    heard = [event.utterance for event in events if isinstance(event, Heard)]
    assert started == ended == heard
    assert len(set(started)) == len(started)


@pytest.mark.parametrize("voice", ["en-us", "en-us+f3", "de"])
@pytest.mark.parametrize("room_dbfs", [None, -60.0, -45.0])
def test_each_sentence_is_one_utterance_with_the_times_of_its_first_and_last_sound(voice, room_dbfs):
    track = compose(SENTENCES, pause_s=1.5, room_dbfs=room_dbfs, voices=[Voice(voice)])
    heard = run(track.samples).heard
    assert len(heard) == len(SENTENCES)
    for event, sentence in zip(heard, track.sentences, strict=True):
        assert event.start / RATE == pytest.approx(sentence.start_s, abs=TOLERANCE_S)
        assert event.end / RATE == pytest.approx(sentence.end_s, abs=TOLERANCE_S)


def test_the_sound_has_a_pre_roll_and_a_tail_and_is_what_went_in():
    track = compose(SENTENCES[:1], lead_s=2.0, pause_s=2.0)
    (event,) = run(track.samples).heard
    assert event.start - event.pcm_start == pytest.approx(0.3 * RATE, abs=FRAME)
    assert event.pcm_start + len(event.pcm) / 2 - event.end == pytest.approx(0.3 * RATE, abs=FRAME)
    expected = track.samples[event.pcm_start : event.pcm_start + len(event.pcm) // 2]
    assert np.array_equal(np.frombuffer(event.pcm, np.int16), expected)


@pytest.mark.parametrize("block_s", [0.02, 0.064, 0.1, 0.3, 0.5, 2.0])
def test_the_result_does_not_depend_on_the_size_of_the_blocks(block_s):
    track = compose(SENTENCES, pause_s=1.0, room_dbfs=None)
    reference = [(event.start, event.end, event.pcm) for event in run(track.samples, block_s=0.03).heard]
    assert [(event.start, event.end, event.pcm) for event in run(track.samples, block_s=block_s).heard] == reference


def test_the_end_of_speech_is_noticed_within_a_block_of_the_hangover():
    track = compose(SENTENCES[:1], pause_s=3.0)
    result = run(track.samples, block_s=0.12)
    ended = next(event for event in result.events if isinstance(event, SpeechEnded))
    assert (result.noticed_at[id(ended)] - ended.at) / RATE <= 0.6 + 0.3


def test_speech_is_noticed_while_it_goes_on():
    track = compose(SENTENCES[2:], pause_s=1.0)
    result = run(track.samples)
    assert isinstance(result.events[0], SpeechStarted)
    assert result.noticed_at[id(result.events[0])] / RATE < track.sentences[0].end_s


@pytest.mark.parametrize(
    "samples", [silence(10).samples, np.zeros(10 * RATE, np.int16), noise(10, -50), noise(10, -35)]
)
def test_nobody_speaks_in_silence_or_steady_noise(samples):
    assert run(samples).events == []


@pytest.mark.parametrize("room_dbfs", [-60.0, -45.0, -35.0])
def test_a_single_short_word_is_not_too_short(room_dbfs):
    words = compose(["Help!", "No!", "Stop!", "Fire!", "Go!"], lead_s=12.0, pause_s=1.5, room_dbfs=room_dbfs)
    assert len(run(words.samples).heard) == 5


def test_a_sound_shorter_than_a_word_is_none():
    samples = silence(20).samples.copy()
    word = compose(["Stop!"], lead_s=0.0, pause_s=0.0, room_dbfs=None).samples
    samples[13 * RATE : 13 * RATE + 1600] = word[3000:4600]
    assert run(samples).events == []


def test_clicks_are_not_speech():
    samples = silence(10).samples.copy()
    for at in range(RATE, 9 * RATE, 12_000):
        samples[at : at + 80] = 20_000
    assert run(samples).events == []


def test_a_loud_noise_that_stays_is_given_up_after_seconds():
    samples = np.concatenate([silence(5).samples, noise(60, -18)])
    result = run(samples)
    assert_paired(result.events)
    assert all(event.end / RATE < 20 for event in result.heard)


def test_speech_over_a_steady_noise_is_still_found():
    track = compose(SENTENCES, lead_s=15.0, pause_s=2.0, room_dbfs=-38.0)
    heard = run(track.samples).heard
    for sentence in track.sentences:
        assert any(event.start / RATE <= sentence.end_s and event.end / RATE >= sentence.start_s for event in heard)


def test_speech_from_the_first_sample_on_is_heard():
    track = compose(SENTENCES[2:], lead_s=0.0)
    (event,) = run(track.samples).heard
    assert event.start / RATE < 0.3
    assert event.pcm_start == 0


def test_a_short_pause_does_not_split_and_a_long_one_does():
    assert len(run(compose(SENTENCES[:2], pause_s=0.35).samples).heard) == 1
    assert len(run(compose(SENTENCES[:2], pause_s=0.9).samples).heard) == 2


def test_a_talk_without_end_is_cut_at_its_quietest_point():
    words = compose(["one two three four five six seven"] * 14, pause_s=0.25, lead_s=1.0, room_dbfs=None)
    assert words.duration_s > 30
    result = run(words.samples)
    assert_paired(result.events)
    first, second = result.heard[:2]
    assert 15 <= len(first.pcm) / 2 / RATE <= 25
    cut = second.pcm_start
    assert not words.samples[cut - 240 : cut + 240].any(), "the cut is in a pause, where this track is silent"
    assert all(len(event.pcm) / 2 / RATE <= 25.1 for event in result.heard)
    for earlier, later in itertools.pairwise(result.heard):
        assert later.pcm_start >= earlier.pcm_start + len(earlier.pcm) // 2 - 1
        assert earlier.end <= later.start
    for sentence in words.sentences:
        assert any(e.start / RATE <= sentence.end_s and e.end / RATE >= sentence.start_s for e in result.heard)


def test_a_session_that_breaks_off_gives_out_what_was_said_so_far():
    track = compose(SENTENCES[2:], lead_s=1.0)
    middle = round((track.sentences[0].start_s + 1.2) * RATE)
    result = run(track.samples[:middle])
    assert_paired(result.events)
    (event,) = result.heard
    assert event.end / RATE == pytest.approx(middle / RATE, abs=0.3)


def test_nothing_is_given_out_twice_when_flushed_twice():
    gate = make_gate()
    track = compose(SENTENCES[:1], lead_s=0.5)
    gate.push(track.samples[: 2 * RATE])
    assert len(gate.flush()) == 2
    assert gate.flush() == []


def test_positions_go_on_after_a_flush():
    gate = make_gate()
    track = compose(SENTENCES[:1], lead_s=1.0, pause_s=2.0)
    gate.push(np.zeros(RATE, np.int16))
    gate.flush()
    offset = gate.position
    events = gate.push(track.samples)
    (event,) = [event for event in events if isinstance(event, Heard)]
    assert (event.start - offset) / RATE == pytest.approx(track.sentences[0].start_s, abs=TOLERANCE_S)


@pytest.mark.parametrize("seed", range(6))
def test_every_start_has_exactly_one_end_whatever_is_heard(seed):
    rng = np.random.default_rng(seed)
    spoken = compose(SENTENCES, pause_s=0.5, room_dbfs=None).samples
    parts = []
    for _ in range(12):
        begin = int(rng.integers(0, len(spoken) - RATE))
        parts.append(spoken[begin : begin + int(rng.integers(100, RATE))])
        parts.append(noise(float(rng.uniform(0.01, 1.5)), float(rng.uniform(-80, -20)), seed))
    sound = np.concatenate(parts)
    gate, events, at = make_gate(), [], 0
    while at < len(sound):
        step = int(rng.integers(1, 9000))
        events += gate.push(sound[at : at + step])
        at += step
        if rng.random() < 0.02:
            events += gate.flush()
    events += gate.flush()
    assert_paired(events)
    for event in events:
        if isinstance(event, Heard):
            assert event.pcm_start <= event.start < event.end <= event.pcm_start + len(event.pcm) // 2
            assert event.end - event.start >= 0.18 * RATE

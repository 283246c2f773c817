"""Speech handed over while it goes on: when, which sound, at which times, and only where it is wanted."""

from datetime import UTC, datetime
import itertools

import numpy as np
import pytest

from tests.support.speech import compose
from tests.unit.capture.listening.test_gate import RATE, assert_paired, make_gate
from tests.unit.capture.listening.test_hearing import Played, seconds
from tests.unit.capture.stream.test_stream_capture import World
from wallflower_sidecar.capture.listening.floor import FRAME
from wallflower_sidecar.capture.listening.gate import Growing as GateDraft, Heard, SpeechStarted
from wallflower_sidecar.capture.messages import Ended, Growing, SpeechEdge, Spoken, WantDrafts

LONG = "There is somebody standing at the garden gate tonight and he has been there for quite a while."
STORY = f"{LONG} He looks at the house, he walks up and down, {LONG} {LONG}"


def grown(samples, block_s=0.12):
    """Every event and draft of a gate that is asked after each block."""
    gate, events = make_gate(), []
    step = round(block_s * RATE)
    for begin in range(0, len(samples), step):
        events += gate.push(samples[begin : begin + step])
        draft = gate.draft()
        if draft is not None:
            events.append(draft)
    return [*events, *gate.flush()]


def drafts_of(events):
    return [event for event in events if isinstance(event, GateDraft)]


def test_speech_under_way_is_handed_over_about_every_second_of_it():
    track = compose([LONG], pause_s=2.0)
    events = grown(track.samples)
    drafts = drafts_of(events)
    spoken = [(draft.end - draft.start) / RATE for draft in drafts]
    assert 0.8 <= spoken[0] <= 1.0
    assert all(1.0 <= later - earlier <= 1.5 for earlier, later in itertools.pairwise(spoken))
    assert len(drafts) >= 3
    assert_paired([event for event in events if not isinstance(event, GateDraft)])


def test_a_draft_is_the_beginning_of_what_is_handed_over_in_the_end():
    track = compose([LONG], pause_s=2.0)
    events = grown(track.samples)
    (whole,) = [event for event in events if isinstance(event, Heard)]
    for draft in drafts_of(events):
        assert (draft.utterance, draft.start, draft.pcm_start) == (whole.utterance, whole.start, whole.pcm_start)
        assert whole.pcm.startswith(draft.pcm)
        assert draft.end <= whole.end
        tail = draft.pcm_start + len(draft.pcm) // 2 - draft.end
        assert 0 <= tail <= 0.3 * RATE + FRAME


def test_all_drafts_lie_between_the_start_and_the_end_of_their_speech():
    events = grown(compose([LONG, LONG], pause_s=1.0).samples)
    under_way = None
    for event in events:
        if isinstance(event, SpeechStarted):
            under_way = event.utterance
        elif isinstance(event, GateDraft):
            assert event.utterance == under_way
        else:
            under_way = None


def test_the_longer_the_speech_the_longer_the_next_draft_waits():
    drafts = drafts_of(grown(compose([STORY], room_dbfs=None).samples))
    spoken = [(draft.end - draft.start) / RATE for draft in drafts]
    late = [later - earlier for earlier, later in itertools.pairwise(spoken) if earlier > 12]
    assert late
    assert min(late) >= 0.15 * 12


@pytest.mark.parametrize("sentence", ["Help!", "No!"])
def test_a_short_word_is_not_drafted(sentence):
    assert drafts_of(grown(compose([sentence], pause_s=2.0).samples)) == []


def test_silence_after_the_last_draft_brings_no_other():
    gate = make_gate()
    track = compose([LONG], pause_s=0.0, lead_s=1.0, room_dbfs=None)
    gate.push(track.samples)
    gate.draft()
    for _ in range(4):
        gate.push(np.zeros(FRAME, np.int16))
        assert gate.draft() is None


def test_speech_that_is_asked_for_when_it_has_long_begun_is_handed_over_at_once():
    gate = make_gate()
    track = compose([LONG], pause_s=2.0)
    gate.push(track.samples[: 4 * RATE])
    draft = gate.draft()
    assert (draft.end - draft.start) / RATE > 2


def growing(played):
    return [report for report in played.reports if isinstance(report, Growing)]


def test_a_session_hands_over_only_while_it_is_wanted_and_with_the_times_of_the_whole():
    track = compose([LONG], lead_s=2.0, pause_s=2.0)
    played = Played(track)
    played.hearing.drafts_wanted = True
    (whole,) = played.play()
    drafts = growing(played)
    assert len(drafts) >= 3
    for draft in drafts:
        assert draft.start == pytest.approx(whole.start, abs=0.01)
        assert draft.pcm_start == pytest.approx(whole.pcm_start, abs=0.01)
        assert draft.start < draft.end <= whole.end + 0.01
    kinds = [type(report) for report in played.reports if isinstance(report, (Growing, Spoken, SpeechEdge))]
    assert kinds == [SpeechEdge, *[Growing] * len(drafts), SpeechEdge, Spoken]
    assert seconds(drafts[0].end) == pytest.approx(track.sentences[0].start_s + 0.9, abs=0.3)


def test_a_session_copies_nothing_while_nobody_wants_it(monkeypatch):
    played = Played(compose([LONG], lead_s=2.0, pause_s=2.0))
    monkeypatch.setattr(played.hearing._gate, "draft", lambda: pytest.fail("nobody wants it"))
    assert len(played.play()) == 1
    assert growing(played) == []


@pytest.fixture
def world():
    return World()


def commands(world):
    return [command for command in world.line.sent if isinstance(command, WantDrafts)]


def test_a_session_is_told_at_once_who_wants_drafts_and_goes_on(world):
    world.connect()
    for wanted in (True, True, False):
        world.capture.want_drafts(wanted=wanted)
    assert commands(world) == [WantDrafts(1, wanted=True), WantDrafts(1, wanted=False)]
    assert world.session == 1


def test_a_new_session_knows_at_once(world):
    world.capture.want_drafts(wanted=True)
    world.connect()
    world.end("eof")
    world.tick(2)
    world.connect()
    world.capture.worker_died(world.line)
    world.tick(2)
    assert commands(world) == [WantDrafts(session, wanted=True) for session in (1, 2, 3)]


def test_drafts_are_told_in_utc_while_they_are_wanted(world):
    got = []
    world.listener.utterance_growing = got.append
    world.capture.want_drafts(wanted=True)
    world.connect()
    draft = Growing(1, "a", 1_000_000.5, 1_000_001.5, 1_000_000.2, b"\1\0")
    world.report(draft)
    (utterance,) = got
    assert (utterance.id, utterance.stream, utterance.pcm) == ("a", "porch", b"\1\0")
    assert utterance.end == datetime.fromtimestamp(1_000_001.5, UTC)
    world.capture.want_drafts(wanted=False)
    world.report(draft)  # was under way when nobody wanted it any more
    assert len(got) == 1
    world.report(Ended(1, None))
    world.report(draft)
    assert len(got) == 1

"""A stream that is paused: what is asked of its camera, what is told, and when it rests."""

from dataclasses import replace

import pytest

from tests.unit.capture.recording.test_orders import CONTINUOUS, KEYWORD, ROOT
from tests.unit.capture.stream.test_handover import Scene
from tests.unit.capture.stream.test_stream_capture import AUDIO, STREAM, VIDEO, World
from wallflower_sidecar.capture.messages import Alive, Close, Connecting, Listen, Opened, Record, Shut, StopRecording
from wallflower_sidecar.capture.stream.stream_capture import CaptureOptions
from wallflower_sidecar.domain.streams import StreamState

PAUSED = replace(STREAM, transcribe=False)
STREAMING, IDLE = StreamState.STREAMING, StreamState.IDLE


@pytest.fixture
def scene():
    scene = Scene()
    scene.listener.changes.clear()
    return scene


def open_picture(world, session=None):
    """The newest session is open with its picture alone, which comes."""
    session = session or world.session
    world.report(Connecting(session))
    world.report(Opened(session, "tcp", VIDEO, None, "picture"))
    world.report(Alive(session, video=True, audio=False, level_dbfs=None))


def paused_whole(scene):
    """Pause a scene; its camera gives its picture alone."""
    scene.capture.change(PAUSED)
    scene.end(None, session=1)
    open_picture(scene)


def test_a_pause_closes_what_brings_sound_at_once_and_opens_the_picture_once_it_has_left(scene):
    scene.capture.change(PAUSED)
    assert scene.line.sent == [Listen(1, wanted=False), Close(1)]
    assert scene.session == 1
    scene.end(None, session=1)
    assert scene.line.pulls == ["all", "picture"]
    open_picture(scene)
    scene.pass_time(100, audio=False)
    assert (scene.status.state, scene.status.error, scene.status.reconnects) == (STREAMING, None, 0)
    assert {state for state, _, _ in scene.listener.changes} == {STREAMING}
    assert scene.session == 2


def test_sound_alone_gives_way_too(scene):
    scene.switch_to_sound()
    scene.capture.change(PAUSED)
    scene.end(None)
    assert scene.line.pulls == ["all", "sound", "picture"]


def test_the_sound_is_not_shown_any_more_and_that_is_told_once(scene):
    scene.capture.change(PAUSED)
    assert scene.status.audio is None
    assert scene.listener.changes == [(STREAMING, None, False)]
    scene.end(None, session=1)
    open_picture(scene)
    assert (scene.status.audio, scene.status.video) == (None, VIDEO)
    assert len(scene.listener.changes) == 1


def test_who_is_speaking_is_told_to_have_ended_and_nothing_more_of_it(scene):
    scene.start(1, "a", 1)
    scene.capture.change(PAUSED)
    assert scene.listener.told == [("started", "a"), ("ended", "a")]
    scene.finish(1, "a", 1, 3)
    scene.say(1, "b", 4, 6)
    scene.end(None, session=1)
    assert scene.listener.told == [("started", "a"), ("ended", "a")]
    assert not scene.status.speaking


def test_a_pause_in_mid_switch_ends_both_sessions_and_what_the_next_one_held_back(scene):
    scene.lapse()
    scene.open_successor()
    scene.pass_time(1, 1, 2)
    scene.say(2, "a", 70, 72)
    scene.capture.change(PAUSED)
    assert [command for command in scene.line.sent if isinstance(command, Close)] == [Close(1), Close(2)]
    scene.end(None, session=1)
    scene.end(None, session=2)
    assert scene.line.pulls == ["all", "sound", "picture"]
    assert scene.listener.told == []


def test_what_a_session_says_just_after_it_became_the_voice_and_was_paused_is_told_to_nobody(scene):
    scene.switch_to_sound()
    scene.capture.change(PAUSED)
    scene.listener.told.clear()
    scene.say(2, "late", 80, 82)
    scene.pass_time(3)
    assert scene.listener.told == []


def test_a_session_that_still_waits_for_the_camera_is_cut_off():
    world = World()
    world.capture.tick()
    world.capture.change(PAUSED)
    assert world.line.sent == [Listen(1, wanted=False), Shut(1), Close(1)]
    world.end(None)
    assert world.line.pulls == ["all", "picture"]
    open_picture(world)
    assert (world.status.state, world.status.reconnects) == (STREAMING, 0)


def test_going_on_closes_the_picture_and_asks_for_what_is_needed(scene):
    scene.switch_to_sound()
    scene.capture.change(PAUSED)
    scene.end(None)
    open_picture(scene)
    scene.line.sent.clear()
    scene.capture.change(STREAM)
    assert scene.line.sent == [Listen(3, wanted=True), Close(3)]
    scene.end(None)
    assert scene.line.pulls == ["all", "sound", "picture", "sound"]
    scene.open_successor()
    scene.say(4, "a", 100, 102)
    assert scene.listener.told == [("started", "a"), ("ended", "a"), ("heard", "a")]


def test_one_paused_from_the_start_is_asked_for_everything_first_when_it_goes_on():
    world = World(PAUSED)
    world.capture.tick()
    open_picture(world)
    world.capture.change(STREAM)
    world.end(None)
    assert world.line.pulls == ["picture", "all"]


def test_a_change_that_has_nothing_to_do_with_it_leaves_a_paused_session_alone(scene):
    paused_whole(scene)
    scene.line.sent.clear()
    scene.capture.change(replace(PAUSED, name="Gate", language="de"))
    scene.pass_time(5, audio=False)
    assert (scene.line.sent, scene.session) == ([], 2)


def test_a_restart_and_a_dead_worker_leave_what_is_paused_paused(scene):
    paused_whole(scene)
    scene.capture.worker_died(scene.line)
    scene.tick(1)
    open_picture(scene)
    scene.capture.restart()
    scene.end(None)
    assert scene.line.pulls == ["all", "picture", "picture", "picture"]


def test_a_picture_that_ceases_is_a_stall_and_asked_for_again(scene):
    paused_whole(scene)
    scene.tick(5.4)
    assert scene.status.error.code == "stalled"
    scene.end(None)
    scene.tick(1.2)
    assert scene.line.pulls[-1] == "picture"


@pytest.mark.parametrize("code", ["eof", "connection_refused", "not_found", "connect_timeout"])
def test_a_camera_that_fails_is_never_asked_for_sound_while_it_is_paused(code):
    world = World(PAUSED)
    for _ in range(6):
        world.tick(61)
        world.end(code)
    assert set(world.line.pulls) == {"picture"}


def test_one_that_sends_nothing_of_its_picture_alone_twice_but_everything_is_pulled_whole_and_heard_by_nobody():
    world = World(PAUSED)
    for _ in range(2):
        world.tick(1)
        world.end("stalled")
        world.tick(5)
        world.connect()
        world.tick()
        if world.capture.session is None:
            world.end(None)
    assert world.line.pulls == ["picture", "all", "picture", "all"]
    world.stream_for(100)
    assert world.session == 4
    assert (world.status.state, world.status.audio) == (STREAMING, None)


def test_one_that_sends_nothing_at_all_is_asked_for_its_picture_again():
    world = World(PAUSED)
    world.tick(1)
    for pull in ("picture", "all", "picture", "all"):
        assert world.line.pulls[-1] == pull
        world.end("stalled")
        world.tick(20)


def test_one_that_gives_everything_instead_of_its_picture_stays_so_and_is_heard_when_it_goes_on():
    world = World(PAUSED)
    world.connect()
    world.stream_for(100)
    assert world.line.pulls == ["picture"]
    assert (world.status.state, world.status.audio) == (STREAMING, None)
    world.capture.change(STREAM)
    assert (world.line.sent, world.status.audio) == ([Listen(1, wanted=True)], AUDIO)


def test_a_camera_without_a_picture_comes_to_rest_without_an_error_and_is_opened_when_it_goes_on():
    world = World()
    world.connect(video=None)
    world.capture.change(PAUSED)
    assert world.status.state is StreamState.STOPPING
    world.end(None)
    world.tick(600)
    assert (world.status.state, world.status.error, world.status.next_retry_at) == (IDLE, None, None)
    assert (world.session, world.capture.is_blind, world.capture.settled) == (1, True, True)
    world.capture.change(STREAM)
    assert (world.session, world.status.state) == (2, StreamState.RESOLVING)


def test_one_of_which_nothing_is_known_is_asked_once_and_again_only_by_retry_now():
    world = World(PAUSED)
    world.capture.tick()
    world.end("no_video")
    assert (world.status.state, world.status.error) == (IDLE, None)
    world.tick(600)
    world.capture.worker_died(world.line)
    world.tick(5)
    assert world.session == 1
    world.capture.restart()
    assert world.line.pulls == ["picture", "picture"]
    world.end("no_video")
    world.tick(600)
    assert (world.status.state, world.session) == (IDLE, 2)
    assert not any(code for _, code, _ in world.listener.changes)


def test_a_blind_camera_that_is_away_when_it_is_paused_comes_to_rest_too():
    world = World()
    world.connect(video=None)
    world.end("eof")
    world.capture.change(PAUSED)
    assert (world.status.state, world.status.error) == (IDLE, None)
    world.tick(100)
    assert world.session == 1


def test_one_that_rests_and_is_switched_off_and_on_is_asked_again():
    world = World(PAUSED)
    world.capture.tick()
    world.end("no_video")
    world.capture.change(replace(PAUSED, enabled=False))
    world.tick(10)
    assert world.session == 1
    world.capture.change(PAUSED)
    assert world.line.pulls == ["picture", "picture"]


def recorded(stream, recording=CONTINUOUS):
    world = World(replace(stream, recording=recording), CaptureOptions(recordings_dir=ROOT))
    world.connect()
    return world


def test_what_is_recorded_goes_on_with_its_sound_and_nobody_hears_it():
    world = recorded(STREAM)
    world.capture.change(replace(PAUSED, recording=CONTINUOUS))
    assert world.line.sent[-1] == Listen(1, wanted=False)
    world.capture.hold_recording(on=True)
    world.capture.hold_recording(on=False)
    world.stream_for(10)
    assert (world.session, world.status.state, world.status.audio.codec) == (1, STREAMING, "aac")
    world.stream_for(10, audio=False)
    assert world.status.error is None, "nobody listens for it"
    world.capture.change(PAUSED)
    world.tick()
    world.end(None)
    assert world.line.pulls == ["all", "picture"]


def test_what_is_recorded_by_hand_is_fetched_whole_so_long_and_still_heard_by_nobody():
    world = World(PAUSED, CaptureOptions(recordings_dir=ROOT))
    world.capture.tick()
    open_picture(world)
    world.capture.record_by_hand(on=True)
    world.tick()
    world.end(None)
    assert world.line.pulls == ["picture", "all"]
    world.connect()
    world.capture.record_by_hand(on=False)
    world.tick()
    world.end(None)
    assert world.line.pulls == ["picture", "all", "picture"]
    assert world.listener.told == []


def test_what_is_recorded_around_keywords_is_not_while_nobody_hears_one():
    world = recorded(STREAM, KEYWORD)
    world.line.sent.clear()
    world.capture.change(replace(PAUSED, recording=KEYWORD))
    assert StopRecording(1) in world.line.sent
    world.end(None)
    open_picture(world)
    assert world.line.pulls == ["all", "picture"]
    world.line.sent.clear()
    world.capture.change(replace(STREAM, recording=KEYWORD))
    world.end(None)
    world.connect()
    assert any(isinstance(command, Record) for command in world.line.sent)

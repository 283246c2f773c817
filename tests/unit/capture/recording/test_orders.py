"""Which session is told to record what, and what is known of it; settings change without a new session."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from tests.unit.capture.stream.test_stream_capture import AUDIO, STREAM, VIDEO, Line, World
from wallflower_sidecar.capture.messages import Close, Keep, Opened, Record, Recorded, StopRecording, Writing
from wallflower_sidecar.capture.recording.orders import KEY_FRAMES_S, MARGIN_S, SEGMENT_S, mode_of
from wallflower_sidecar.capture.stream.handover import LEAD_S
from wallflower_sidecar.capture.stream.stream_capture import CaptureOptions
from wallflower_sidecar.domain.errors import ConflictError
from wallflower_sidecar.domain.streams import Recording, RecordingMode, StorePolicy, StreamState

ROOT = Path("/recordings")
OFF = Recording()
CONTINUOUS = Recording(RecordingMode.CONTINUOUS)
KEYWORD = Recording(RecordingMode.KEYWORD, pre_s=5.0)


def stream(recording=OFF, store=StorePolicy.ALL, **more):
    return replace(STREAM, recording=recording, store=store, **more)


def recording(stream, **options):
    return World(stream, CaptureOptions(recordings_dir=ROOT, **options))


def orders(world):
    return [command for command in world.line.sent if isinstance(command, Record | StopRecording | Keep)]


def record(session, mode="continuous", pre_s=10.0):
    return Record(session, str(ROOT), "porch", mode, pre_s, SEGMENT_S)


def errors(world):
    return [code for _, code, _ in world.listener.changes if code]


@pytest.mark.parametrize(
    ("store", "mode", "by_hand", "expected"),
    [
        ("all", "off", False, None),
        ("all", "continuous", False, "continuous"),
        ("all", "keyword", False, "keyword"),
        ("all", "off", True, "continuous"),
        ("all", "keyword", True, "continuous"),
        ("keywords", "off", False, None),
        ("keywords", "continuous", False, "keyword"),
        ("keywords", "keyword", False, "keyword"),
        ("keywords", "off", True, "continuous"),
        ("text", "continuous", False, None),
        ("text", "keyword", True, None),
        ("nothing", "continuous", True, None),
    ],
)
def test_what_is_stored_bounds_what_is_recorded(store, mode, by_hand, expected):
    configured = stream(Recording(RecordingMode(mode)), StorePolicy(store))
    assert mode_of(configured, by_hand=by_hand) == expected
    assert mode_of(replace(configured, enabled=False), by_hand=by_hand) is None
    paused = mode_of(replace(configured, transcribe=False), by_hand=by_hand)
    assert paused == (None if expected == "keyword" else expected), "nobody hears a keyword then"


def test_each_new_session_is_told_and_the_picture_stays():
    world = recording(stream(CONTINUOUS))
    world.connect()
    world.stream_for(200)
    world.end("eof")
    world.tick(1.2)
    assert orders(world) == [record(1), record(2)]
    assert world.line.pulls == ["all", "all"]


def test_a_camera_without_picture_is_recorded_too():
    world = recording(stream(CONTINUOUS))
    world.connect(video=None)
    assert orders(world) == [record(1)]


def test_without_a_folder_nothing_is_recorded():
    world = World(stream(CONTINUOUS))
    world.connect()
    assert orders(world) == []
    with pytest.raises(ConflictError):
        world.capture.record_by_hand(on=True)


def test_a_change_of_settings_reaches_the_session_that_runs():
    world = recording(stream())
    world.connect()
    for settings in (CONTINUOUS, KEYWORD, KEYWORD, Recording()):
        world.capture.change(stream(settings))
    assert orders(world) == [record(1), record(1, "keyword", 5.0), StopRecording(1)]
    assert world.session == 1


def test_a_session_of_sound_alone_is_not_recorded_but_the_one_that_brings_the_picture():
    world = recording(stream(), picture_lingers_s=1.0)
    world.connect()
    world.stream_for(2)
    world.report(Opened(2, "tcp", None, AUDIO, "sound"))
    for _ in range(6):
        world.alive(session=1)
        world.alive(session=2, video=False)
        world.tick(0.5, 0.25)
    assert world.capture.session == 2
    world.end(None, session=1)
    world.capture.change(stream(CONTINUOUS))
    assert orders(world) == []
    world.alive(video=False)
    world.tick(0.5, 0.25)
    assert world.line.pulls == ["all", "sound", "all"]
    assert orders(world) == [record(3)]


def test_a_camera_that_answers_with_everything_is_recorded_though_sound_alone_was_asked_for():
    world = recording(stream(), picture_lingers_s=1.0)
    world.connect()
    world.stream_for(2)
    world.capture.record_by_hand(on=True)
    world.report(Opened(2, "tcp", VIDEO, AUDIO, "all"))
    world.end("eof", session=1)
    assert [order for order in orders(world) if isinstance(order, Record)] == [
        record(1),
        record(2, "keyword"),
        record(2),
    ]


def test_by_hand_it_is_recorded_until_told_otherwise_or_nothing_may_be_kept():
    world = recording(stream())
    world.connect()
    world.capture.record_by_hand(on=True)
    world.capture.record_by_hand(on=True)
    world.capture.record_by_hand(on=False)
    world.capture.record_by_hand(on=True)
    world.capture.change(stream(store=StorePolicy.TEXT))
    assert orders(world) == [record(1), StopRecording(1)] * 2
    with pytest.raises(ConflictError):
        world.capture.record_by_hand(on=True)
    world.capture.record_by_hand(on=False)
    world.capture.change(stream())
    assert len(orders(world)) == 4, "by hand is over"


def test_what_is_to_be_kept_is_told_also_to_the_session_that_follows():
    world = recording(stream(KEYWORD))
    world.connect()
    start, end = world.clock.now() - timedelta(seconds=5), world.clock.now() + timedelta(seconds=20)
    world.capture.keep(start, end)
    span = start.timestamp(), end.timestamp()
    assert orders(world)[-1] == Keep(1, *span)
    world.end("eof")
    world.tick(1.2)
    assert orders(world)[-2:] == [record(2, "keyword", 5.0), Keep(2, *span)]
    world.connect()
    world.stream_for(20)
    world.end("eof")
    world.tick(2.2)
    assert orders(world)[-1] == record(3, "keyword", 5.0), "it is past"


@pytest.mark.parametrize("hit_first", [True, False])
def test_what_is_to_be_kept_is_told_again_after_it_was_recorded_by_hand_for_a_while(hit_first):
    world = recording(stream(KEYWORD))
    world.connect()
    start, end = world.clock.now() - timedelta(seconds=5), world.clock.now() + timedelta(seconds=20)
    if hit_first:
        world.capture.keep(start, end)
    world.capture.record_by_hand(on=True)
    if not hit_first:
        world.capture.keep(start, end)
    world.capture.record_by_hand(on=False)
    assert orders(world)[-2:] == [record(1, "keyword", 5.0), Keep(1, start.timestamp(), end.timestamp())]


def test_only_keyword_mode_has_anything_to_keep():
    world = recording(stream(CONTINUOUS))
    world.connect()
    world.capture.keep(world.clock.now(), world.clock.now())
    assert orders(world) == [record(1)]


def test_whether_a_file_is_written_shows_and_ends_with_its_session():
    world = recording(stream(CONTINUOUS))
    world.connect()
    assert not world.status.recording
    told = len(world.listener.changes)
    world.report(Writing(1, writing=True, code=None))
    world.report(Writing(1, writing=True, code=None))
    assert world.status.recording
    assert len(world.listener.changes) == told + 1
    world.end("eof")
    assert not world.status.recording


@pytest.mark.parametrize("code", ["disk_full", "disk_error"])
def test_a_disk_that_takes_nothing_is_told_while_the_stream_goes_on_and_wins_over_what_is_missing(code):
    world = recording(stream(CONTINUOUS))
    world.connect(video=None)
    assert errors(world) == ["no_video"]
    world.report(Writing(1, writing=False, code=code))
    assert (world.status.state, world.status.error.code) == (StreamState.DEGRADED, code)
    assert "listening goes on" in world.status.error.message
    world.stream_for(5, video=False)
    world.report(Writing(1, writing=True, code=None))
    assert (world.status.state, world.status.error.code) == (StreamState.DEGRADED, "no_video")
    assert errors(world) == ["no_video", code, "no_video"]


def test_a_disk_fault_stays_over_a_reconnect_and_goes_with_the_recording():
    world = recording(stream(CONTINUOUS))
    world.connect()
    world.report(Writing(1, writing=False, code="disk_full"))
    world.end("eof")
    world.tick(1.2)
    world.connect()
    assert world.status.error.code == "disk_full"
    world.capture.change(stream())
    assert (world.status.state, world.status.error) == (StreamState.STREAMING, None)


def test_a_file_is_told_also_when_its_session_has_ended():
    world = recording(stream(CONTINUOUS))
    world.connect()
    world.report(Recorded(1, "/recordings/porch/a.mp4", 1.0, 2.0, 3))
    world.end(None)
    world.report(Recorded(1, "/recordings/porch/b.mp4", 2.0, 3.0, 3))
    assert world.listener.told == [("saved", "a.mp4"), ("saved", "b.mp4")]


def moving(recording_mode):
    """A stream that is recorded and moves to another worker; the new session has just told what it offers."""
    world = recording(stream(recording_mode))
    world.connect()
    world.report(Writing(1, writing=True, code=None))
    other = Line()
    other.opened = [None] * 10
    world.capture.move_to(other)
    world.tick()
    world.report(Opened(11, "tcp", VIDEO, AUDIO))
    return world, other


def stream_both(world, seconds):
    for _ in range(round(seconds / 0.25)):
        world.alive(session=1)
        world.alive(session=11)
        world.tick(0.25, 0.25)


@pytest.mark.parametrize(("pre_s", "hold_s"), [(0.0, KEY_FRAMES_S), (5.0, KEY_FRAMES_S), (15.0, 15.0)])
def test_a_session_takes_over_when_it_holds_what_a_hit_looks_back_to_and_a_key_frame(pre_s, hold_s):
    world, other = moving(Recording(RecordingMode.KEYWORD, pre_s=pre_s))
    stream_both(world, LEAD_S + hold_s - 0.5)
    assert world.capture.session == 1
    stream_both(world, 1)
    assert world.capture.session == 11
    assert other.sent == [record(11, "keyword", pre_s)]


def test_of_two_sessions_one_writes_and_the_next_goes_on_from_shortly_before_its_end():
    world, other = moving(CONTINUOUS)
    assert other.sent == [record(11, "keyword")], "it only holds in memory"
    told = len(world.listener.changes)
    stream_both(world, LEAD_S + KEY_FRAMES_S + 0.5)
    assert world.line.sent[-1] == Close(1)
    _, keep, going_on = other.sent
    assert 0 <= world.clock.now().timestamp() - keep.start - MARGIN_S < 1
    assert going_on == record(11)
    world.report(Writing(1, writing=False, code=None))
    world.end(None, session=1)
    assert len(world.listener.changes) == told, "recording never ceased"


def test_one_that_takes_over_from_a_session_that_froze_goes_on_from_its_last_packet():
    world, other = moving(CONTINUOUS)
    stream_both(world, 3)
    last = world.clock.now()
    for _ in range(22):
        world.alive(session=11)
        world.tick(0.25, 0.25)
    assert world.capture.session == 11
    _, keep, going_on = other.sent
    assert abs(last.timestamp() - MARGIN_S - keep.start) < 0.5
    assert going_on == record(11)


def test_a_hit_is_written_by_one_session_and_its_rest_by_the_next():
    world, other = moving(KEYWORD)
    stream_both(world, LEAD_S + KEY_FRAMES_S - 0.5)
    start, end = world.clock.now() - timedelta(seconds=5), world.clock.now() + timedelta(seconds=20)
    world.capture.keep(start, end)
    assert (world.line.sent[-1], other.sent[1:]) == (Keep(1, start.timestamp(), end.timestamp()), [])
    stream_both(world, 1)
    (rest,) = other.sent[1:]
    assert (rest.session, rest.end) == (11, end.timestamp())
    assert 0 <= world.clock.now().timestamp() - rest.start - MARGIN_S < 1.5


def test_a_successor_of_one_that_is_not_recorded_writes_at_once():
    world = recording(stream(), picture_lingers_s=1.0)
    world.connect()
    world.stream_for(2)
    world.report(Opened(2, "tcp", None, AUDIO, "sound"))
    for _ in range(12):
        world.alive(session=1)
        world.alive(session=2, video=False)
        world.tick(0.25, 0.25)
    world.end(None, session=1)
    world.capture.record_by_hand(on=True)
    world.capture.tick()
    world.report(Opened(3, "tcp", VIDEO, AUDIO))
    assert orders(world) == [record(3)]

"""The life of one stream: sessions, stalls, retries and pairing, with a fake worker line and a clock moved by hand."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from tests.unit.capture.hand_clock import HandClock
from wallflower_sidecar.capture.messages import Alive, Close, Connecting, Ended, Opened, Shut, SpeechEdge, Spoken
from wallflower_sidecar.capture.stream.retry import Retry
from wallflower_sidecar.capture.stream.stream_capture import StreamCapture
from wallflower_sidecar.capture.stream.telling import GuardedListener
from wallflower_sidecar.domain.streams import AudioInfo, Stream, StreamState, Transport, VideoInfo

VIDEO = VideoInfo("h264", 1280, 720, 15.0)
AUDIO = AudioInfo("aac", 16_000)
STREAM = Stream("porch", "Porch", "rtsp://user:secret@camera/one")


class Line:
    """Stands in for the worker: keeps what was asked."""

    def __init__(self):
        self.up = True
        self.opened = []
        self.pulls = []
        self.sent = []
        self.killed = []

    def open(self, owner, url, transports, pull="all"):
        if not self.up:
            return None
        self.opened.append((url, transports))
        self.pulls.append(pull)
        return len(self.opened)

    def send(self, command):
        self.sent.append(command)
        return self.up

    def kill(self, reason):
        self.killed.append(reason)


class Listener:
    def __init__(self):
        self.told = []
        self.changes = []

    def capture_changed(self, stream, status, *, error_raised, recovered):
        self.changes.append((status.state, error_raised.code if error_raised else None, recovered))

    def speech_started(self, stream, utterance, at):
        self.told.append(("started", utterance))

    def speech_ended(self, stream, utterance, at):
        self.told.append(("ended", utterance))

    def utterance_growing(self, utterance):
        self.told.append(("grew", utterance.id))

    def utterance_ready(self, utterance):
        self.told.append(("heard", utterance.id))

    def recording_saved(self, stream, file):
        self.told.append(("saved", file.path.name))


class World:
    def __init__(self, stream=STREAM, options=None):
        self.clock, self.line, self.listener = HandClock(), Line(), Listener()
        retry = Retry(self.clock, uniform=lambda low, high: high)
        listener = GuardedListener(self.listener)
        self.capture = StreamCapture(stream, self.line, listener, self.clock, retry, options=options)

    @property
    def session(self):
        return len(self.line.opened)

    @property
    def status(self):
        return self.capture.status

    def tick(self, seconds=0.2, step=0.2):
        for _ in range(round(seconds / step)):
            self.clock.advance(step)
            self.capture.tick()

    def stream_for(self, seconds, **alive):
        for _ in range(round(seconds / 0.5)):
            self.alive(**alive)
            self.tick(0.5, 0.25)

    def connect(self, video=VIDEO, audio=AUDIO, transport="tcp"):
        self.capture.tick()
        self.report(Connecting(self.session))
        self.report(Opened(self.session, transport, video, audio))
        self.alive(video=video is not None, audio=audio is not None)

    def alive(self, *, video=True, audio=True, session=None):
        self.report(Alive(session or self.session, video, audio, -40.04))

    def end(self, code, session=None):
        self.report(Ended(session or self.session, code))

    def report(self, report):
        self.capture.report(report)


@pytest.fixture
def world():
    return World()


def test_an_enabled_stream_is_opened_at_once_and_goes_through_its_states(world):
    world.connect()
    states = [state for state, _, _ in world.listener.changes]
    assert states == [StreamState.RESOLVING, StreamState.CONNECTING, StreamState.STREAMING]
    assert world.line.opened == [(STREAM.url, ("tcp", "udp"))]
    assert (world.status.video, world.status.audio.level_dbfs) == (VIDEO, -40.0)
    assert world.status.error is None
    assert world.status.last_packet == world.clock.now()


def test_a_disabled_stream_is_idle_and_never_opened():
    world = World(Stream("porch", "Porch", STREAM.url, enabled=False))
    world.tick(60)
    assert world.status.state is StreamState.IDLE
    assert world.line.opened == []


def test_a_stream_waits_for_its_worker(world):
    world.line.up = False
    world.tick(3)
    assert world.status.state is StreamState.IDLE
    world.line.up = True
    world.tick()
    assert world.status.state is StreamState.RESOLVING


def test_levels_and_packets_change_the_status_but_tell_nobody(world):
    world.connect()
    told = len(world.listener.changes)
    world.stream_for(30)
    assert len(world.listener.changes) == told


@pytest.mark.parametrize(
    ("video", "audio", "code"), [(VIDEO, None, "no_audio"), (None, AUDIO, "no_video")], ids=["no sound", "no picture"]
)
def test_half_a_camera_works_degraded_and_says_what_is_missing(world, video, audio, code):
    world.connect(video, audio)
    assert world.status.state is StreamState.DEGRADED
    assert world.status.error.code == code
    world.stream_for(30, video=video is not None, audio=audio is not None)
    assert [raised for _, raised, _ in world.listener.changes if raised] == [code]


def test_sound_that_stops_while_the_picture_goes_on_is_no_audio_until_it_is_back(world):
    world.connect()
    world.stream_for(11, audio=False)
    assert (world.status.state, world.status.error.code) == (StreamState.DEGRADED, "no_audio")
    world.alive()
    assert (world.status.state, world.status.error) == (StreamState.STREAMING, None)
    assert world.listener.changes[-1] == (StreamState.STREAMING, None, True)


def test_the_picture_stays_as_last_seen(world):
    world.connect()
    world.end("eof")
    world.tick(2)
    world.connect(video=VideoInfo("h264", 0, 0, None))
    assert world.status.video == VIDEO


def test_a_session_that_ends_is_opened_again_after_its_wait_and_counted(world):
    world.connect()
    world.end("eof")
    assert world.status.state is StreamState.BACKOFF
    assert world.status.error.code == "eof"
    assert (world.status.next_retry_at - world.clock.now()).total_seconds() == 1.0
    assert world.status.reconnects == 0
    world.tick(1.0)
    assert world.session == 2
    assert world.status.error.code == "eof", "it is wrong until packets come"
    world.connect()
    assert world.status.reconnects == 1
    assert (world.status.error, world.status.next_retry_at) == (None, None)


def test_attempts_that_fail_the_same_way_raise_one_error_and_open_the_breaker(world):
    for _ in range(5):
        world.capture.tick()
        world.end("connection_refused")
        world.clock.advance(0 if world.status.state is StreamState.OPEN else 60)
    assert world.status.state is StreamState.OPEN
    assert [raised for _, raised, _ in world.listener.changes if raised] == ["connection_refused"]
    opened = world.session
    world.tick(59)
    assert world.session == opened
    world.tick(1.2)
    assert world.session == opened + 1
    world.connect()
    assert world.status.state is StreamState.STREAMING
    assert world.status.reconnects == 0, "it had never delivered before"


def test_a_wrong_password_waits(world):
    world.capture.tick()
    world.end("auth_failed")
    assert world.status.state is StreamState.AUTH_FAILED
    world.tick(59)
    assert world.session == 1
    world.tick(1.2)
    assert world.session == 2


def test_silence_of_five_seconds_is_a_stall_and_is_escalated_step_by_step(world):
    world.connect()
    world.tick(4.8)
    assert world.status.state is StreamState.STREAMING
    world.tick(0.4)
    assert (world.status.state, world.status.error.code) == (StreamState.STALLED, "stalled")
    assert world.line.sent == [Close(1)]
    world.tick(9.4)
    assert world.line.sent == [Close(1)]
    world.tick(0.8)
    assert world.line.sent == [Close(1), Shut(1)]
    assert world.line.killed == []
    world.tick(10)
    assert len(world.line.killed) == 1
    world.capture.worker_died(world.line)
    assert (world.status.state, world.status.error.code) == (StreamState.BACKOFF, "worker_died")
    world.tick()
    assert world.session == 1, "it hung, and would cost the others their worker again"
    world.tick(1)
    assert world.session == 2


def test_a_camera_whose_sessions_hang_again_and_again_is_tried_ever_later_as_it_costs_the_others_their_worker(world):
    waits = []
    for killed in range(1, 4):
        world.connect()
        while len(world.line.killed) < killed:
            world.tick()
        world.capture.worker_died(world.line)
        waits.append((world.status.next_retry_at - world.clock.now()).total_seconds())
        world.clock.advance(waits[-1])
    assert waits == [1, 2, 4]


def test_a_stalled_session_that_ends_is_tried_again_and_its_late_packets_do_not_count(world):
    world.connect()
    world.tick(6)
    world.alive()
    assert world.status.state is StreamState.STALLED
    world.end(None)
    assert (world.status.state, world.status.error.code) == (StreamState.BACKOFF, "stalled")
    world.tick(1.2)
    world.connect()
    assert world.status.reconnects == 1


def test_an_end_by_stall_passes_through_the_state_stalled(world):
    world.connect()
    world.end("stalled")
    assert [state for state, _, _ in world.listener.changes[-2:]] == [StreamState.STALLED, StreamState.BACKOFF]


def test_an_opening_that_never_ends_is_ended(world):
    world.tick(31)
    assert (world.status.state, world.status.error.code) == (StreamState.STALLED, "connect_timeout")
    assert world.line.sent == [Close(1)]


def test_a_dead_worker_shows_and_its_streams_are_back_as_soon_as_it_is(world):
    world.connect()
    world.line.up = False
    world.capture.worker_died(world.line)
    assert (world.status.state, world.status.error.code) == (StreamState.BACKOFF, "worker_died")
    world.tick(3)
    world.line.up = True
    world.tick()
    world.connect()
    assert (world.status.state, world.status.reconnects) == (StreamState.STREAMING, 1)


def test_a_dead_worker_does_not_shorten_a_wait(world):
    world.capture.tick()
    world.end("auth_failed")
    world.capture.worker_died(world.line)
    assert world.status.state is StreamState.AUTH_FAILED
    world.tick(50)
    assert world.session == 1


def test_restart_clears_breaker_and_wait_and_is_no_reconnect(world):
    for _ in range(5):
        world.capture.tick()
        world.end("not_found")
        world.clock.advance(30)
    assert world.status.state is StreamState.OPEN
    opened = world.session
    world.capture.restart()
    assert world.session == opened + 1
    assert world.status.next_retry_at is None
    world.connect()
    assert world.status.reconnects == 0


def test_restart_of_a_running_session_waits_until_the_camera_is_free(world):
    world.connect()
    world.capture.restart()
    assert world.status.state is StreamState.STOPPING
    assert (world.session, world.line.sent) == (1, [Close(1)])
    world.end(None)
    assert (world.session, world.status.state) == (2, StreamState.RESOLVING)
    world.connect()
    assert world.status.reconnects == 0


def test_restart_waits_a_second_at_most_for_a_session_that_does_not_end(world):
    world.connect()
    world.capture.restart()
    world.tick(1.2)
    assert world.session == 2
    world.connect()
    world.end(None, session=1)
    assert world.status.state is StreamState.STREAMING


def test_a_stuck_session_that_was_restarted_is_no_failure_when_it_ends_at_last(world):
    world.connect()
    world.tick(6)
    assert world.status.state is StreamState.STALLED
    world.capture.restart()
    world.tick(1.2)
    world.end("connection_refused")
    shown = world.status
    world.end(None, session=1)
    assert world.status == shown


def test_a_worker_that_dies_of_a_stuck_session_that_was_restarted_is_no_failure_of_the_new_one(world):
    world.connect()
    world.tick(6)
    world.capture.restart()
    world.tick(1.2)
    for _ in range(60):
        world.alive()
        world.tick(0.4)
    assert len(world.line.killed) == 1
    world.capture.worker_died(world.line)
    world.tick()
    assert world.session == 3, "at once"


def test_only_a_change_that_needs_it_touches_the_session(world):
    world.connect()
    world.capture.change(Stream("porch", "New name", STREAM.url, language="de"))
    assert world.line.sent == []
    world.capture.change(Stream("porch", "New name", "rtsp://camera/two", Transport.UDP))
    world.end(None)
    assert world.line.opened[-1] == ("rtsp://camera/two", ("udp",))


def test_disabling_ends_the_session_and_clears_what_was_wrong(world):
    world.capture.tick()
    world.end("not_found")
    world.capture.change(Stream("porch", "Porch", STREAM.url, enabled=False))
    assert (world.status.state, world.status.error, world.status.next_retry_at) == (StreamState.IDLE, None, None)
    world.tick(120)
    assert world.session == 1


def test_the_transport_that_worked_is_tried_first_next_time(world):
    world.connect(transport="udp")
    world.end("eof")
    world.tick(1.2)
    assert world.line.opened[-1][1] == ("udp", "tcp")


def test_every_start_of_speech_is_paired_even_when_the_worker_dies(world):
    world.connect()
    world.report(SpeechEdge(1, "a", started=True, at=1.0))
    assert world.status.speaking
    world.report(SpeechEdge(1, "a", started=False, at=2.0))
    world.report(Spoken(1, "a", 1.0, 2.0, 0.7, b"\0\0"))
    world.report(SpeechEdge(1, "b", started=True, at=3.0))
    world.capture.worker_died(world.line)
    assert world.listener.told == [("started", "a"), ("ended", "a"), ("heard", "a"), ("started", "b"), ("ended", "b")]
    assert not world.status.speaking


def test_what_a_closing_session_still_heard_is_told(world):
    world.connect()
    world.report(SpeechEdge(1, "a", started=True, at=1.0))
    world.capture.restart()
    world.report(SpeechEdge(1, "a", started=False, at=2.0))
    world.report(Spoken(1, "a", 1.0, 2.0, 0.7, b"\0\0"))
    world.end(None)
    assert world.listener.told == [("started", "a"), ("ended", "a"), ("heard", "a")]


def test_an_utterance_has_its_times_in_utc(world):
    got = []
    world.listener.utterance_ready = got.append
    world.connect()
    world.report(Spoken(1, "a", 1_000_000.5, 1_000_001.5, 1_000_000.2, b"\1\0"))
    (utterance,) = got
    assert utterance.start == datetime.fromtimestamp(1_000_000.5, UTC)
    assert (utterance.stream, utterance.pcm) == ("porch", b"\1\0")


def test_a_worker_told_to_stop_is_no_error(world):
    world.connect()
    world.end(None)
    assert world.status.error is None
    world.tick(60)
    assert world.session == 1


def test_stop_sets_quiet_once_the_session_has_ended(world):
    world.connect()
    world.capture.stop()
    assert not world.capture.quiet.is_set()
    world.end(None)
    assert world.capture.quiet.is_set()
    assert world.status.state is StreamState.IDLE


def test_a_listener_that_raises_harms_nothing(world):
    world.listener.capture_changed = lambda *args, **kwargs: 1 / 0
    world.connect()
    assert world.status.state is StreamState.STREAMING


def test_no_status_ever_holds_the_password(world):
    for code in ("auth_failed", "internal", "eof", "corrupt_stream"):
        world.capture.restart()
        world.end(code)
        assert "secret" not in repr(world.status)


@pytest.mark.parametrize("leave", ["disable", "remove"])
def test_a_worker_that_dies_of_a_stuck_session_opens_no_camera_that_was_given_up(world, leave):
    world.connect()
    world.tick(6)
    assert world.status.state is StreamState.STALLED
    if leave == "disable":
        world.capture.change(replace(STREAM, enabled=False))
    else:
        world.capture.stop()
    opened = len(world.line.opened)
    world.capture.worker_died(world.line)
    world.tick(120)
    assert len(world.line.opened) == opened
    assert world.status.state is StreamState.IDLE

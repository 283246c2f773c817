"""From one session to another, without the picture or with it, or in another worker: each word is told once."""

import pytest

from tests.unit.capture.stream.test_stream_capture import AUDIO, STREAM, VIDEO, Line, World
from wallflower_sidecar.capture.messages import Alive, Close, Connecting, Ended, Opened, SpeechEdge, Spoken
from wallflower_sidecar.capture.stream.handover import ASK_AGAIN_S, LEAD_S, PATIENCE_S, RETRY_S
from wallflower_sidecar.capture.stream.picture_need import PICTURE_LINGERS_S
from wallflower_sidecar.capture.stream.turns import TURNS_PER_S
from wallflower_sidecar.domain.streams import Stream, StreamState

SECOND = b"\1\0" * 16_000


class Scene(World):
    """A stream that was whole for a minute, and the verbs of two sessions."""

    def __init__(self):
        super().__init__()
        self.connect()
        self.wall = 1_000_000.0

    def pass_time(self, seconds, *sessions, audio=True):
        """Let packets come in these sessions (or the newest) for so long."""
        for _ in range(round(seconds / 0.25)):
            for session in sessions or (self.session,):
                self.report(Alive(session, video=True, audio=audio, level_dbfs=-40.0))
            self.clock.advance(0.25)
            self.capture.tick()

    def look_for(self, seconds, session):
        """Somebody looks for so long, while packets come in this session."""
        for _ in range(round(seconds)):
            self.capture.use_picture()
            self.pass_time(1, session)

    def lapse(self):
        """Let the picture be needed no more; a successor is opened."""
        self.pass_time(PICTURE_LINGERS_S + 1, self.session)

    def open_successor(self, pull="sound", video=None):
        self.report(Connecting(self.session))
        self.report(Opened(self.session, "tcp", video, AUDIO, pull))

    def switch_to_sound(self):
        self.lapse()
        self.open_successor()
        self.pass_time(LEAD_S + 0.5, self.session - 1, self.session)
        self.end(None, session=self.session - 1)
        self.listener.changes.clear()

    def start(self, session, utterance, at):
        self.report(SpeechEdge(session, utterance, started=True, at=self.wall + at))

    def finish(self, session, utterance, start, end):
        self.report(SpeechEdge(session, utterance, started=False, at=self.wall + end))
        pcm = b"".join(bytes([second + 1, 0]) * 16_000 for second in range(round(end - start)))
        self.report(Spoken(session, utterance, self.wall + start, self.wall + end, self.wall + start, pcm))

    def say(self, session, utterance, start, end):
        self.start(session, utterance, start)
        self.finish(session, utterance, start, end)

    @property
    def current(self):
        return self.capture.session


@pytest.fixture
def scene():
    return Scene()


def told(scene):
    return [f"{kind} {utterance}" for kind, utterance in scene.listener.told]


def test_the_first_session_is_whole_and_sound_alone_follows_when_nobody_looks_any_more(scene):
    assert scene.line.pulls == ["all"]
    scene.pass_time(PICTURE_LINGERS_S - 1)
    assert scene.session == 1
    scene.pass_time(2)
    assert scene.line.pulls == ["all", "sound"]
    assert scene.current == 1, "until the other has heard enough"


def test_the_switch_is_no_error_no_reconnect_and_told_to_nobody(scene):
    scene.listener.changes.clear()
    scene.lapse()
    scene.open_successor()
    scene.pass_time(LEAD_S - 0.5, 1, 2)
    assert scene.current == 1
    scene.pass_time(1, 1, 2)
    assert scene.current == 2
    assert scene.line.sent == [Close(1)]
    scene.end(None, session=1)
    scene.pass_time(30)
    assert scene.listener.changes == []
    assert (scene.status.state, scene.status.error, scene.status.reconnects) == (StreamState.STREAMING, None, 0)
    assert scene.status.video == VIDEO, "what was last seen"


def test_sound_alone_is_never_without_picture_and_not_blind(scene):
    scene.switch_to_sound()
    for _ in range(100):
        scene.report(Alive(2, video=False, audio=True, level_dbfs=-40.0))
        scene.clock.advance(0.25)
        scene.capture.tick()
    assert scene.status.state is StreamState.STREAMING
    assert not scene.capture.is_blind
    assert scene.capture.picture_session is None


def test_a_look_opens_a_whole_session_at_once_and_its_picture_is_there_before_its_voice(scene):
    scene.switch_to_sound()
    scene.capture.use_picture()
    scene.capture.tick()
    assert scene.line.pulls == ["all", "sound", "all"]
    assert scene.capture.picture_session is None
    scene.open_successor("all", VIDEO)
    assert (scene.current, scene.capture.picture_session) == (2, 3)
    assert scene.capture.line_of(3) is scene.line
    scene.pass_time(LEAD_S + 0.5, 2, 3)
    assert (scene.current, scene.capture.picture_session) == (3, 3)


def test_a_look_during_the_switch_to_sound_calls_it_off(scene):
    scene.lapse()
    scene.open_successor()
    scene.pass_time(1, 1, 2)
    scene.capture.use_picture()
    scene.pass_time(3, 1)
    assert (scene.current, scene.line.sent) == (1, [Close(2)])
    scene.end(None, session=2)
    scene.pass_time(10)
    assert scene.session == 2


def test_the_voice_changes_only_between_utterances(scene):
    scene.lapse()
    scene.open_successor()
    scene.pass_time(1, 1, 2)
    scene.start(1, "a", 10)
    scene.start(2, "a'", 10.1)
    scene.pass_time(5, 1, 2)
    assert scene.current == 1
    scene.finish(1, "a", 10, 15)
    scene.capture.tick()
    assert scene.current == 2
    scene.finish(2, "a'", 10.1, 15.1)
    scene.say(1, "b'", 16, 17)
    scene.say(2, "b", 16, 17)
    assert told(scene) == ["started a", "ended a", "heard a", "started b", "ended b", "heard b"]


def test_what_the_successor_began_before_it_was_the_voice_is_told_if_the_old_one_did_not(scene):
    scene.lapse()
    scene.open_successor()
    scene.say(1, "a", 1, 3)
    scene.pass_time(1, 1, 2)
    scene.start(2, "b", 5)
    assert told(scene)[-1] == "heard a"
    scene.pass_time(LEAD_S, 1, 2)
    assert scene.current == 2
    assert told(scene)[-1] == "started b"
    assert scene.status.speaking
    scene.say(1, "b'", 5, 7)
    scene.finish(2, "b", 5, 7)
    assert told(scene)[-2:] == ["ended b", "heard b"]


def test_an_utterance_over_both_loses_what_was_told_already(scene):
    heard = []
    scene.lapse()
    scene.open_successor()
    scene.pass_time(1, 1, 2)
    scene.say(1, "a", 10, 13)
    scene.start(2, "long", 10.05)
    scene.pass_time(LEAD_S, 1, 2)
    scene.listener.utterance_ready = heard.append
    scene.finish(2, "long", 10, 18)
    (utterance,) = heard
    assert utterance.start.timestamp() == scene.wall + 13
    assert utterance.pcm_start == utterance.start
    assert [utterance.pcm[second * 32_000] for second in range(5)] == [4, 5, 6, 7, 8]
    assert told(scene)[-2:] == ["started long", "ended long"]


@pytest.mark.parametrize(("start", "end"), [(1.0, 1.25), (1.2, 1.45), (0.8, 1.05)])
def test_a_short_word_is_told_once_however_its_times_differ(scene, start, end):
    scene.lapse()
    scene.open_successor()
    scene.pass_time(LEAD_S - 0.25, 1, 2)
    scene.say(1, "help", 1, 1.25)
    scene.start(2, "help'", start)
    scene.pass_time(0.5, 1, 2)
    assert scene.current == 2
    scene.finish(2, "help'", start, end)
    assert told(scene) == ["started help", "ended help", "heard help"]


@pytest.mark.parametrize("late_s", [0.0, LEAD_S])
def test_the_last_words_of_a_sentence_that_the_successor_heard_alone_are_not_told_again(scene, late_s):
    scene.lapse()
    scene.open_successor()
    scene.pass_time(1, 1, 2)
    scene.start(1, "a", 10)
    scene.start(2, "end of a", 11.16)
    scene.finish(1, "a", 10, 11.53)
    scene.pass_time(late_s, 1, 2)
    scene.finish(2, "end of a", 11.16, 11.52)
    scene.pass_time(LEAD_S, 1, 2)
    assert scene.current == 2
    assert told(scene) == ["started a", "ended a", "heard a"]


def test_what_the_old_voice_was_too_late_for_is_told_by_the_new_one(scene):
    scene.lapse()
    scene.open_successor()
    scene.pass_time(LEAD_S - 0.25, 1, 2)
    scene.say(2, "quick", 5, 6)
    assert told(scene) == []
    scene.pass_time(0.5, 1, 2)
    scene.say(1, "late", 5, 6)
    assert told(scene) == ["started quick", "ended quick", "heard quick"]


def test_a_clock_that_is_set_back_silences_the_new_voice_for_no_longer_than_a_moment(scene):
    scene.say(1, "a", 5000, 5001)
    scene.switch_to_sound()
    scene.pass_time(2)
    scene.say(2, "b", 1, 2)
    assert told(scene)[-1] == "heard b"


def test_who_talks_without_end_is_cut_after_the_longest_utterance(scene):
    scene.lapse()
    scene.open_successor()
    scene.start(1, "a", 0)
    scene.start(2, "a'", 0)
    scene.pass_time(PATIENCE_S + LEAD_S - 1, 1, 2)
    assert scene.current == 1
    scene.pass_time(2, 1, 2)
    assert scene.current == 2
    scene.finish(1, "a", 0, 20)
    scene.end(None, session=1)
    scene.finish(2, "a'", 0, 24)
    assert told(scene) == ["started a", "ended a", "heard a", "started a'", "ended a'", "heard a'"]


@pytest.mark.parametrize("how", ["ends", "stalls", "worker dies"])
def test_an_old_session_that_is_lost_in_mid_switch_is_taken_over_at_once(scene, how):
    other = Line()
    other.opened = [None] * 10
    if how == "worker dies":
        scene.capture.move_to(other)
        scene.pass_time(0.5, 1)
        successor = 11
    else:
        scene.lapse()
        successor = 2
    scene.report(
        Opened(successor, "tcp", None if successor == 2 else VIDEO, AUDIO, "sound" if successor == 2 else "all")
    )
    scene.listener.changes.clear()
    scene.pass_time(1, 1, successor)
    scene.start(1, "a", 5)
    scene.start(successor, "a'", 5)
    match how:
        case "ends":
            scene.end("eof", session=1)
        case "stalls":
            scene.pass_time(5.5, successor)
        case _:
            scene.capture.worker_died(scene.line)
    assert scene.current == successor
    scene.finish(successor, "a'", 5, 6)
    if how == "stalls":
        scene.end(None, session=1)
    assert told(scene)[-3:] == ["started a'", "ended a'", "heard a'"] or how == "stalls"
    assert sorted(told(scene)) == sorted(["started a", "ended a", "started a'", "ended a'", "heard a'"])
    assert (scene.status.state, scene.status.reconnects) == (StreamState.STREAMING, 0)
    scene.pass_time(60, successor)
    assert scene.listener.changes == []


@pytest.fixture
def frozen(scene):
    """Somebody speaks in mid-switch; then the old session freezes, and the new one hears what is said to its end."""
    scene.lapse()
    scene.open_successor()
    scene.pass_time(1, 1, 2)
    scene.start(1, "a", 10)
    scene.start(2, "a'", 10)
    scene.pass_time(1, 1, 2)
    scene.pass_time(0.5, 2)
    scene.finish(2, "a'", 10, 12)
    scene.pass_time(5, 2)
    assert scene.current == 2
    return scene


def test_what_the_old_session_froze_over_is_told_by_the_new_one(frozen):
    frozen.end(None, session=1)
    assert told(frozen) == ["started a", "ended a", "started a'", "ended a'", "heard a'"]


@pytest.mark.parametrize("end", [11, 10.375])
def test_what_the_frozen_session_heard_still_is_told_and_only_the_rest_by_the_new_one(frozen, end):
    heard = []
    frozen.listener.utterance_ready = heard.append
    frozen.finish(1, "a", 10, end)
    frozen.end(None, session=1)
    assert told(frozen) == ["started a", "ended a", "started a'", "ended a'"]
    assert [(one.id, one.start.timestamp() - frozen.wall) for one in heard] == [("a", 10), ("a'", end)]


def test_what_is_said_after_that_does_not_wait_for_a_session_that_hangs(frozen):
    frozen.pass_time(2, 2)
    frozen.say(2, "b", 20, 22)
    assert told(frozen)[-3:] == ["started b", "ended b", "heard b"]


def test_what_waits_for_a_session_that_hangs_is_told_when_the_voice_changes_again(frozen):
    frozen.capture.use_picture()
    frozen.capture.tick()
    frozen.open_successor("all", VIDEO)
    frozen.pass_time(LEAD_S + 0.5, 2, 3)
    assert frozen.current == 3
    assert told(frozen) == ["started a", "started a'", "ended a'", "heard a'"]


def test_a_camera_that_is_lost_while_the_successor_opens_is_an_error_and_a_reconnect(scene):
    scene.lapse()
    scene.end("eof", session=1)
    assert (scene.status.state, scene.status.error.code) == (StreamState.CONNECTING, "eof")
    scene.end("connection_refused", session=2)
    assert (scene.status.state, scene.status.error.code) == (StreamState.BACKOFF, "connection_refused")
    assert scene.status.next_retry_at is not None
    scene.tick(1.2)
    scene.connect()
    assert (scene.status.state, scene.status.reconnects) == (StreamState.STREAMING, 1)


def fail_successor(scene):
    """A second session is refused as often as it takes, while the first goes on."""
    scene.lapse()
    scene.end("connection_refused")
    scene.pass_time(RETRY_S + 1, 1)
    scene.end("connection_refused")
    scene.pass_time(3, 1)


def test_a_switch_that_fails_harms_nothing_and_is_tried_again_after_a_minute(scene):
    scene.lapse()
    scene.listener.changes.clear()
    scene.end("connection_refused")
    scene.pass_time(RETRY_S - 1, 1)
    assert scene.session == 2
    assert scene.listener.changes == []
    scene.pass_time(2, 1)
    assert (scene.session, scene.line.sent) == (3, []), "once may be chance"
    scene.end("connection_refused")
    scene.pass_time(RETRY_S + 1, 1)
    assert scene.line.sent == [Close(1)], "it refuses a second session: the first is closed before"


def test_failures_between_which_a_second_session_worked_are_chance(scene):
    scene.lapse()
    scene.end("connection_refused")
    scene.pass_time(RETRY_S + 1, 1)
    scene.open_successor()
    scene.pass_time(LEAD_S + 0.5, 1, 3)
    scene.end(None, session=1)
    scene.look_for(1, 3)
    scene.end("eof", session=4)
    scene.look_for(RETRY_S + 1, 3)
    assert (scene.current, scene.session, scene.line.sent) == (3, 5, [Close(1)])


def test_a_camera_that_refused_a_second_session_is_asked_again_after_hours(scene):
    fail_successor(scene)
    scene.pass_time(RETRY_S, 1)
    scene.end(None, session=1)
    scene.open_successor()
    scene.pass_time(ASK_AGAIN_S, 4)
    scene.line.sent.clear()
    scene.look_for(1, 4)
    assert (scene.session, scene.line.sent) == (5, []), "beside the first"
    scene.end("connection_refused")
    scene.look_for(RETRY_S + 1, 4)
    assert scene.line.sent == [Close(4)], "once is enough for what was known"


def test_a_password_that_is_refused_only_now_costs_neither_the_session_nor_more_attempts(scene):
    scene.lapse()
    scene.end("auth_failed")
    scene.pass_time(850, 1)
    assert (scene.session, scene.current, scene.line.sent) == (2, 1, [])


@pytest.mark.parametrize("code", ["dns_failed", "internal", None])
def test_ends_that_say_nothing_of_the_camera_leave_it_trusted(scene, code):
    scene.lapse()
    scene.end(code)
    scene.pass_time(RETRY_S + 1, 1)
    assert (scene.session, scene.line.sent) == (3, []), "another beside the first"


def test_where_a_second_session_is_refused_the_old_one_is_closed_first_and_no_state_changes(scene):
    fail_successor(scene)
    scene.listener.changes.clear()
    scene.pass_time(RETRY_S, 1)
    assert (scene.line.sent, scene.session) == ([Close(1)], 3)
    scene.end(None, session=1)
    assert scene.line.pulls == ["all", "sound", "sound", "sound"]
    scene.open_successor()
    scene.pass_time(1)
    assert scene.current == 4
    assert scene.listener.changes == []
    assert scene.status.reconnects == 0


def test_there_silence_is_waited_for_at_most_five_seconds(scene):
    fail_successor(scene)
    scene.pass_time(RETRY_S - 4, 1)
    scene.start(1, "a", 5)
    scene.pass_time(5, 1)
    assert scene.line.sent == []
    scene.pass_time(3, 1)
    assert scene.line.sent == [Close(1)]


def test_a_session_that_does_not_come_back_from_such_a_switch_is_a_failure_like_any(scene):
    fail_successor(scene)
    scene.pass_time(RETRY_S, 1)
    scene.end(None, session=1)
    scene.tick(6)
    assert scene.status.state is StreamState.CONNECTING
    scene.end("connection_refused")
    assert (scene.status.state, scene.status.error.code) == (StreamState.BACKOFF, "connection_refused")
    scene.tick(1.2)
    assert scene.line.pulls[-1] == "all", "sound alone may have been too much to ask"
    scene.connect()
    assert scene.status.reconnects == 1


def test_a_worker_that_dies_while_the_old_session_is_closed_for_a_switch_shows(scene):
    fail_successor(scene)
    scene.pass_time(RETRY_S, 1)
    assert scene.line.sent == [Close(1)]
    scene.line.up = False
    scene.capture.worker_died(scene.line)
    assert (scene.status.state, scene.status.error.code) == (StreamState.BACKOFF, "worker_died")
    scene.line.up = True
    scene.tick()
    scene.connect()
    assert (scene.status.state, scene.status.reconnects) == (StreamState.STREAMING, 1)


def test_a_session_that_cannot_be_opened_after_such_a_switch_shows_after_five_seconds(scene):
    fail_successor(scene)
    while not scene.line.sent:
        scene.pass_time(0.25, 1)
    scene.line.up = False
    scene.end(None, session=1)
    scene.tick(4)
    assert scene.status.state is StreamState.STREAMING
    scene.tick(2)
    assert scene.status.state is StreamState.CONNECTING
    scene.line.up = True
    scene.tick()
    scene.connect()
    assert (scene.status.state, scene.status.reconnects) == (StreamState.STREAMING, 1)


def test_a_camera_that_fails_twice_when_asked_for_its_sound_alone_is_not_asked_again(scene):
    fail_successor(scene)
    scene.pass_time(RETRY_S, 1)
    scene.end(None, session=1)
    scene.end("not_found")
    scene.tick(1.2)
    scene.connect()
    scene.pass_time(300)
    assert scene.line.pulls[-1] == "all"
    assert scene.status.state is StreamState.STREAMING


def test_a_camera_that_gives_no_sound_alone_is_left_as_it_is(scene):
    scene.lapse()
    scene.open_successor("all", VIDEO)
    scene.pass_time(1, 1, 2)
    assert (scene.current, scene.line.sent) == (1, [Close(2)])
    scene.end(None, session=2)
    scene.pass_time(300, 1)
    assert scene.session == 2
    scene.end("eof", session=1)
    scene.tick(1.2)
    assert scene.line.pulls == ["all", "sound", "all"]


def test_what_was_learned_of_a_camera_is_forgotten_with_its_address(scene):
    scene.lapse()
    scene.open_successor("all", VIDEO)
    scene.pass_time(1, 1, 2)
    scene.end(None, session=2)
    scene.capture.change(Stream("porch", "Porch", "rtsp://camera/two"))
    scene.end(None, session=1)
    scene.connect()
    scene.lapse()
    assert scene.line.pulls == ["all", "sound", "all", "sound"]


@pytest.mark.parametrize(("video", "audio"), [(None, AUDIO), (VIDEO, None)], ids=["no picture", "no sound"])
def test_half_a_camera_is_not_switched(video, audio):
    world = World()
    world.connect(video, audio)
    for _ in range(500):
        world.alive(video=video is not None, audio=audio is not None)
        world.tick(0.25, 0.25)
    assert world.line.pulls == ["all"]


def test_sound_that_ceases_in_a_session_of_sound_alone_is_looked_for_with_the_picture(scene):
    scene.switch_to_sound()
    scene.tick(5.4)
    assert scene.status.error.code == "stalled"
    scene.end(None)
    scene.tick(1.2)
    assert scene.line.pulls[-1] == "all"
    scene.connect()
    scene.pass_time(200, audio=False)
    assert (scene.status.state, scene.status.error.code) == (StreamState.DEGRADED, "no_audio")
    assert scene.line.pulls[-1] == "all"


def test_a_successor_without_the_sound_that_the_old_one_has_does_not_take_over(scene):
    scene.switch_to_sound()
    scene.capture.use_picture()
    scene.capture.tick()
    scene.open_successor("all", VIDEO)
    for _ in range(45):
        scene.report(Alive(2, video=False, audio=True, level_dbfs=-40.0))
        scene.report(Alive(3, video=True, audio=False, level_dbfs=None))
        scene.clock.advance(0.25)
        scene.capture.tick()
    assert scene.current == 2
    assert Close(3) in scene.line.sent


def test_a_move_to_another_worker_is_a_switch_without_a_gap(scene):
    other = Line()
    other.opened = [None] * 10
    scene.capture.move_to(other)
    scene.pass_time(0.5, 1)
    assert other.opened[-1][0] == STREAM.url
    assert other.pulls == ["all"]
    scene.report(Opened(11, "tcp", VIDEO, AUDIO))
    scene.pass_time(LEAD_S + 0.5, 1, 11)
    assert scene.current == 11
    assert (scene.line.sent, other.sent) == ([Close(1)], [])
    assert scene.capture.uses(scene.line)
    scene.end(None, session=1)
    assert not scene.capture.uses(scene.line)
    scene.capture.worker_died(scene.line)
    assert (scene.current, scene.status.error) == (11, None)


def test_many_streams_do_not_switch_in_the_same_moment():
    scenes = [Scene() for _ in range(30)]
    clock, turns = scenes[0].clock, scenes[0].capture._life._handover._take_turn
    opened = []
    for scene in scenes[1:]:
        scene.capture._life._handover._take_turn = turns
    for _ in range(round((PICTURE_LINGERS_S + 10) / 0.25)):
        for scene in scenes:
            scene.report(Alive(1, video=True, audio=True, level_dbfs=-40.0))
            if scene is not scenes[0]:
                scene.clock.advance(0.25)
        clock.advance(0.25)
        for scene in scenes:
            scene.capture.tick()
        opened.append(sum(scene.session == 2 for scene in scenes))
    assert opened[-1] == 30
    assert max(later - earlier for earlier, later in zip(opened, opened[4:], strict=False)) == TURNS_PER_S


def test_a_restart_in_mid_switch_ends_both(scene):
    scene.lapse()
    scene.open_successor()
    scene.pass_time(1, 1, 2)
    scene.capture.restart()
    assert scene.line.sent == [Close(2), Close(1)] or scene.line.sent == [Close(1), Close(2)]
    scene.report(Ended(1, None))
    assert scene.session == 2
    scene.report(Ended(2, None))
    assert scene.session == 3
    scene.connect()
    assert (scene.status.state, scene.status.reconnects) == (StreamState.STREAMING, 0)

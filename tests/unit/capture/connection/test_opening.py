"""When an attempt to open a camera is in vain, by what came and what was asked."""

from dataclasses import dataclass, field, replace

import pytest

from wallflower_sidecar.capture.connection.flowing import Flowing
from wallflower_sidecar.capture.connection.opening import ANSWER_S, Opening
from wallflower_sidecar.capture.connection.traffic import Connected
from wallflower_sidecar.domain.errors import CaptureCode

ESTABLISHED, SYN_SENT = 1, 2
ASKED = Connected(ESTABLISHED, sent_ago_ms=4000, received_ago_ms=9000, acknowledged=80, received=0)
ANSWERED = replace(ASKED, received_ago_ms=3990, received=400)
HALF_WAY = replace(ASKED, received=200)


@dataclass
class Flow:
    """Traffic as a test tells it."""

    connected: Connected | None = None
    flows: bool = False
    looks: list[bool] = field(default_factory=list)

    def look(self):
        self.looks.append(self.flows)

    def flowed(self, looks):
        return len(self.looks) >= looks and all(self.looks[-looks:])


class Watched:
    """An attempt under way, looked at twice a second."""

    def __init__(self):
        self.now_s = 0.0
        self.flow = Flow()
        self.opening = Opening(lambda _: self.flow, lambda: self.now_s)
        self.opening.begin()

    def passes(self, seconds, connected, *, flows=False):
        self.flow.connected, self.flow.flows = connected, flows
        for _ in range(round(seconds * 2)):
            self.now_s += 0.5
            self.opening.look()
        return self.opening.fault


@pytest.mark.parametrize(
    ("connected", "code"),
    [
        (replace(ASKED, state=SYN_SENT, acknowledged=0), CaptureCode.CONNECT_TIMEOUT),
        (ASKED, CaptureCode.CONNECT_TIMEOUT),
        (HALF_WAY, CaptureCode.CONNECT_TIMEOUT),
        (ANSWERED, CaptureCode.STALLED),
    ],
)
def test_who_answers_no_more_is_given_up(connected, code):
    watched = Watched()
    assert watched.passes(ANSWER_S, connected) is None
    assert watched.passes(0.5, connected) is code


@pytest.mark.parametrize(
    ("seconds", "connected", "code", "why"),
    [
        (4.5, ASKED, CaptureCode.CONNECT_TIMEOUT, CaptureCode.CONNECT_TIMEOUT),
        (4.5, ASKED, CaptureCode.NOT_RTSP, CaptureCode.CONNECT_TIMEOUT),
        (4.5, ASKED, CaptureCode.EOF, None),
        (4.5, HALF_WAY, CaptureCode.NOT_RTSP, None),
        (4.5, None, CaptureCode.CONNECT_TIMEOUT, None),
        (3.0, ASKED, CaptureCode.NOT_RTSP, None),
    ],
)
def test_who_never_answered_need_not_be_asked_again_where_libav_gives_up_first(seconds, connected, code, why):
    watched = Watched()
    assert watched.passes(seconds, connected) is None
    assert watched.opening.failed(code) is why


def test_who_answers_slowly_is_waited_for():
    watched = Watched()
    for request in range(8):
        assert watched.passes(2.0, replace(HALF_WAY, acknowledged=80 * request)) is None


def test_media_that_open_nothing_are_garbage():
    watched = Watched()
    assert watched.passes(2.5, ANSWERED, flows=True) is None
    assert watched.passes(1.0, ANSWERED, flows=True) is CaptureCode.CORRUPT_STREAM


def test_the_next_attempt_begins_anew_and_nothing_is_looked_at_between_two():
    watched = Watched()
    watched.passes(5.0, ASKED)
    watched.opening.begin()
    assert watched.opening.fault is None
    watched.opening.end()
    assert watched.passes(9.0, ASKED) is None


class Playing:
    """An open camera whose sound comes at some pace."""

    def __init__(self):
        self.now_s = self.heard_s = 0.0
        self.flow = Flow()
        self.flowing = Flowing(lambda: self.heard_s, lambda _: self.flow)

    def passes(self, seconds, *, pace, flows):
        self.flow.flows = flows
        codes = set()
        for _ in range(round(seconds * 2)):
            self.now_s += 0.5
            self.heard_s += pace / 2
            codes.add(self.flowing.look(self.now_s))
        return codes


def test_bytes_without_sound_are_garbage_also_where_a_packet_passes_now_and_then():
    playing = Playing()
    assert playing.passes(5.0, pace=1.0, flows=True) == {None}
    assert not playing.flow.looks, "the kernel is asked only while little comes out"
    assert CaptureCode.CORRUPT_STREAM in playing.passes(4.0, pace=0.1, flows=True)


@pytest.mark.parametrize(
    ("wrong", "still", "code"),
    [
        (True, 10, CaptureCode.CORRUPT_STREAM),
        (False, 10, CaptureCode.NO_AUDIO),
        (False, 1, CaptureCode.CORRUPT_STREAM),
    ],
)
def test_sound_that_ends_beside_pictures_that_look_wrong_or_are_rare_is_garbage(wrong, still, code):
    flowing = Flowing(lambda: 0.0, lambda _: Flow(), looks_wrong=lambda: wrong)
    codes = []
    for tenth in range(180):
        if tenth < 120:
            flowing.audio.note(tenth / 10)
        if tenth < 120 or tenth % 10 < still:
            flowing.video.note(tenth / 10)
        if tenth % 5 == 0:
            codes.append(flowing.look(tenth / 10))
    assert next(filter(None, codes)) is code


def test_silence_is_no_garbage():
    playing = Playing()
    playing.passes(5.0, pace=1.0, flows=True)
    assert playing.passes(20.0, pace=0.0, flows=False) == {None}

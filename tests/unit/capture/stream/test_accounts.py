"""What streams with the same credentials learn from each other, by a clock moved by hand."""

from dataclasses import replace
import gc

import pytest

from tests.unit.capture.hand_clock import HandClock
from tests.unit.capture.stream.test_stream_capture import AUDIO, STREAM, VIDEO, Line, Listener
from wallflower_sidecar.capture.messages import Alive, Answered, Ended, Opened
from wallflower_sidecar.capture.stream.accounts import Accounts
from wallflower_sidecar.capture.stream.retry import Retry
from wallflower_sidecar.capture.stream.stream_capture import StreamCapture
from wallflower_sidecar.capture.stream.telling import GuardedListener
from wallflower_sidecar.domain.errors import CaptureCode, CaptureError
from wallflower_sidecar.domain.streams import StreamState


class Recorder:
    """The channels of one recorder: each has a line of its own, which tells what was asked of it."""

    def __init__(self, channels=4, url="rtsp://user:secret@recorder/channel={}"):
        self.clock = HandClock()
        self.accounts = Accounts(self.clock)
        self.lines = [Line() for _ in range(channels)]
        self.channels = [self.channel(number, url.format(number)) for number in range(channels)]

    def channel(self, number, url):
        return StreamCapture(
            replace(STREAM, id=f"channel-{number}", url=url),
            self.lines[number],
            GuardedListener(Listener()),
            self.clock,
            Retry(self.clock, uniform=lambda low, high: high),
            accounts=self.accounts,
        )

    @property
    def asked(self):
        return [len(line.opened) for line in self.lines]

    @property
    def states(self):
        return [channel.status.state for channel in self.channels]

    def tick(self, seconds=0.2, step=0.2):
        for _ in range(round(seconds / step)):
            self.clock.advance(step)
            for channel in self.channels:
                channel.tick()

    def answer(self, number, code="auth_failed"):
        self.channels[number].report(Ended(self.asked[number], code))

    def let_in(self, number):
        self.channels[number].report(Opened(self.asked[number], "tcp", VIDEO, AUDIO))
        self.alive(number)

    def alive(self, number):
        self.channels[number].report(Alive(self.asked[number], True, True, -40.0))


@pytest.fixture
def recorder():
    return Recorder()


def test_one_channel_asks_and_its_refusal_holds_for_all(recorder):
    recorder.tick()
    assert recorder.asked == [1, 0, 0, 0], "the others see first how it gets on"
    recorder.answer(0)
    recorder.tick(59)
    assert recorder.asked == [1, 0, 0, 0]
    assert recorder.states == [StreamState.AUTH_FAILED] * 4
    assert {channel.status.error.code for channel in recorder.channels} == {"auth_failed"}
    retries = [channel.status.next_retry_at for channel in recorder.channels]
    assert max(retries) == min(retries)
    assert 0 < (retries[0] - recorder.clock.now()).total_seconds() <= 1


def test_each_later_refusal_holds_for_a_quarter_of_an_hour_and_another_channel_asks_each_time(recorder):
    recorder.tick()
    recorder.answer(0)
    recorder.tick(61)
    assert recorder.asked == [1, 1, 0, 0], "the first may have asked for what is forbidden to it alone"
    recorder.answer(1)
    recorder.tick(899, step=1)
    assert sum(recorder.asked) == 2
    recorder.tick(2)
    assert sum(recorder.asked) == 3


def test_credentials_that_work_let_all_in_at_once(recorder):
    recorder.tick()
    recorder.let_in(0)
    recorder.tick()
    assert recorder.asked == [1, 1, 1, 1]


def test_a_channel_that_is_forbidden_holds_up_none_of_those_that_are_let_in(recorder):
    recorder.tick()
    recorder.let_in(0)
    recorder.tick()
    for number in (1, 2):
        recorder.let_in(number)
    recorder.answer(3)
    assert recorder.states[3] is StreamState.AUTH_FAILED
    recorder.answer(1, "eof")
    recorder.alive(0)
    recorder.tick(1.2)
    assert recorder.asked == [1, 2, 1, 1]


def test_a_password_that_was_changed_holds_also_those_that_lose_their_session_later(recorder):
    recorder.tick()
    recorder.let_in(0)
    recorder.tick()
    for number in (1, 2, 3):
        recorder.let_in(number)
    recorder.answer(1, "eof")
    recorder.tick(1.2)
    recorder.answer(1)
    recorder.alive(0)
    recorder.answer(2, "eof")
    for _ in range(20):
        recorder.tick(0.4)
        recorder.alive(0)
        recorder.alive(3)
    assert recorder.asked == [1, 2, 1, 1]
    assert recorder.states[1:3] == [StreamState.AUTH_FAILED] * 2


def test_retry_now_asks_once_and_a_success_is_everybodys(recorder):
    recorder.tick()
    recorder.answer(0)
    recorder.tick(5)
    recorder.channels[2].restart()
    assert recorder.asked == [1, 0, 1, 0]
    recorder.answer(2)
    recorder.tick(5)
    assert recorder.asked == [1, 0, 1, 0]
    recorder.channels[3].restart()
    recorder.tick(1)
    assert recorder.asked == [1, 0, 1, 1]
    recorder.let_in(3)
    recorder.tick()
    assert recorder.asked == [2, 1, 2, 1]


def test_another_password_is_another_account(recorder):
    recorder.tick()
    recorder.answer(0)
    recorder.tick()
    recorder.channels[1].change(replace(recorder.channels[1].stream, url="rtsp://user:right@recorder/channel=1"))
    assert recorder.asked == [1, 1, 0, 0]
    recorder.let_in(1)
    recorder.tick(5)
    assert recorder.asked == [1, 1, 0, 0], "the others have the wrong one still"


def test_neither_a_failure_of_our_own_nor_a_dead_worker_nor_a_removal_shortens_the_wait(recorder):
    recorder.tick()
    recorder.answer(0)
    recorder.tick(60)
    recorder.answer(1)
    recorder.channels[1].crashed(ZeroDivisionError())
    recorder.channels[0].worker_died(recorder.lines[0])
    recorder.channels[2].stop()
    recorder.tick(800, step=1)
    assert sum(recorder.asked) == 2
    assert [recorder.states[number] for number in (0, 1, 3)] == [StreamState.AUTH_FAILED] * 3


def test_a_recorder_that_does_not_answer_holds_up_none_of_its_channels(recorder):
    recorder.tick(11)
    assert recorder.asked == [1, 1, 1, 1]


def test_once_one_channel_got_no_answer_all_others_ask_at_the_same_time(recorder):
    recorder.tick(1.4)
    assert recorder.asked == [1, 0, 0, 0]
    recorder.tick(0.4)
    assert recorder.asked == [1, 1, 1, 1]


def test_a_recorder_that_answers_slowly_is_asked_once_as_well(recorder):
    recorder.tick(1.0)
    for _ in range(6):
        recorder.channels[0].report(Answered(1))
        recorder.tick(1.2)
    assert recorder.asked == [1, 0, 0, 0]
    recorder.answer(0)
    recorder.tick(30)
    assert recorder.asked == [1, 0, 0, 0]
    assert recorder.states == [StreamState.AUTH_FAILED] * 4


def test_a_recorder_that_answers_and_then_hangs_holds_up_none_of_its_channels(recorder):
    recorder.tick(1.0)
    recorder.channels[0].report(Answered(1))
    recorder.tick(1.2)
    assert recorder.asked == [1, 0, 0, 0]
    recorder.tick(0.6)
    assert recorder.asked == [1, 1, 1, 1]


def test_a_recorder_that_answers_without_end_holds_up_none_of_its_channels(recorder):
    for _ in range(10):
        recorder.tick(1.2)
        recorder.channels[0].report(Answered(1))
    assert recorder.asked == [1, 1, 1, 1]


def test_a_recorder_that_is_off_is_asked_by_one_after_the_other(recorder):
    for number in range(4):
        recorder.tick()
        recorder.answer(number, "connection_refused")
    assert recorder.asked == [1, 1, 1, 1]


def test_a_password_in_path_or_query_is_shared_as_well_and_what_needs_none_is_not():
    inner = Recorder(url="rtsp://recorder/user=a_password=b_channel={}.sdp")
    inner.tick()
    inner.answer(0)
    inner.tick()
    assert inner.asked == [1, 0, 0, 0]
    open_to_all = Recorder(url="rtsp://recorder/channel={}")
    open_to_all.tick()
    assert open_to_all.asked == [1, 1, 1, 1]


async def refuse_probe(account):
    with pytest.raises(CaptureError) as refused:
        async with account.probing():
            raise CaptureError(CaptureCode.AUTH_FAILED)
    return str(refused.value)


async def test_a_probe_is_answered_from_memory_for_ever_longer():
    clock = HandClock()
    account = Accounts(clock).of("rtsp://user:secret@camera/")
    asked = []
    for _ in range(900):
        sentence = await refuse_probe(account)
        if "just refused" not in sentence:
            asked.append(clock.monotonic())
        clock.advance(1)
    assert [round(later - asked[0]) for later in asked] == [0, 10, 40, 130, 400]
    account.clear()
    async with account.probing():
        pass


async def test_a_probe_that_is_refused_holds_streams_and_one_that_is_not_releases_them(recorder):
    await refuse_probe(recorder.accounts.of("rtsp://user:secret@recorder/"))
    recorder.tick(5)
    assert recorder.asked == [0, 0, 0, 0]
    recorder.tick(6)
    async with recorder.accounts.of("rtsp://user:secret@recorder/").probing():
        pass
    recorder.tick()
    assert sum(recorder.asked) == 1


def test_an_account_is_known_while_it_is_used_or_was_lately_and_holds_no_password():
    accounts = Accounts(HandClock())
    first = accounts.of("rtsp://user:secret@camera/one?token=inner")
    assert accounts.of("RTSP://user:s%65cret@CAMERA:554/two?token=inner") is first
    assert accounts.of("rtsp://user:secret@camera:8554/one?token=inner") is not first
    assert accounts.of("rtsp://user:secret@camera/one?token=other") is not first
    for number in range(100):
        accounts.of(f"rtsp://user:{number}@camera/")
    del first
    gc.collect()
    assert len(accounts._known) == 64
    assert "secret" not in repr(vars(accounts))

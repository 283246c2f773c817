"""One transcriber takes over from another: what was in hand comes back, nothing of the last one is left."""

import asyncio

import pytest

from tests.support.waiting import eventually
from tests.unit.speech.running import running
from tests.unit.speech.utterances import silent_utterance
from wallflower_sidecar.domain.errors import TranscriberUnavailableError
from wallflower_sidecar.domain.health import TranscriberInfo
from wallflower_sidecar.domain.transcripts import Hints, Transcript
from wallflower_sidecar.speech.switch import SwitchableTranscriber
from wallflower_sidecar.speech.transcriber import InfoBoard


class Scripted:
    """A transcriber whose text is its name, once it is told to answer."""

    parallel = 1

    def __init__(self, name, *, ends_slowly_s=0.0):
        self.name = name
        self.answers = asyncio.Event()
        self.at_work = False
        self.restarted = 0
        self.cancelled = 0
        self.board = InfoBoard(TranscriberInfo(name, None, "starting"))
        self.subscribe = self.board.subscribe
        self.ends_slowly_s = ends_slowly_s

    @property
    def info(self):
        return self.board.info

    def become(self, state):
        self.board.tell(TranscriberInfo(self.name, None, state))

    def restart(self):
        self.restarted += 1

    async def run(self):
        self.at_work = True
        try:
            await asyncio.get_running_loop().create_future()
        finally:
            await asyncio.sleep(self.ends_slowly_s)
            self.at_work = False

    async def transcribe(self, utterance, hints):
        try:
            await self.answers.wait()
        except asyncio.CancelledError:
            self.cancelled += 1
            raise
        return Transcript(self.name, hints.language, 1.0)

    draft = transcribe


@pytest.mark.parametrize("work", ["transcribe", "draft"])
async def test_what_was_in_hand_comes_back_and_the_next_one_does_it(work):
    first, second = Scripted("first"), Scripted("second")
    second.answers.set()
    switch = SwitchableTranscriber(first)
    async with running(switch):
        in_hand = asyncio.create_task(getattr(switch, work)(silent_utterance(1.0), Hints()))
        await asyncio.sleep(0)
        switch.switch_to(second)
        with pytest.raises(TranscriberUnavailableError):
            await asyncio.wait_for(in_hand, 5)
        assert (await getattr(switch, work)(silent_utterance(1.0), Hints())).text == "second"
        assert first.cancelled == 1


async def test_only_one_of_them_is_at_work_at_any_time():
    first, second = Scripted("first", ends_slowly_s=0.05), Scripted("second")
    switch = SwitchableTranscriber(first)
    async with running(switch):
        await eventually(lambda: first.at_work)
        switch.switch_to(second)
        while first.at_work:
            assert not second.at_work
            await asyncio.sleep(0)
        await eventually(lambda: second.at_work)
    assert not second.at_work


async def test_two_changes_at_once_leave_the_last_one_at_work():
    first, second, third = Scripted("first"), Scripted("second"), Scripted("third")
    switch = SwitchableTranscriber(first)
    async with running(switch):
        await eventually(lambda: first.at_work)
        switch.switch_to(second)
        switch.switch_to(third)
        await eventually(lambda: third.at_work)
        assert not first.at_work
        assert not second.at_work
        assert switch.info.engine == "third"


async def test_who_follows_it_hears_of_the_change_and_then_of_the_new_one_alone():
    first, second = Scripted("first"), Scripted("second")
    switch = SwitchableTranscriber(first)
    told = []
    unsubscribe = switch.subscribe(lambda info: told.append((info.engine, info.state)))
    first.become("ready")
    switch.switch_to(second)
    first.become("failed")
    second.become("ready")
    unsubscribe()
    second.become("failed")
    assert told == [("first", "ready"), ("second", "starting"), ("second", "ready")]


async def test_a_restart_is_for_the_one_of_now():
    first, second = Scripted("first"), Scripted("second")
    switch = SwitchableTranscriber(first)
    switch.switch_to(second)
    switch.restart()
    assert (first.restarted, second.restarted) == (0, 1)


async def test_who_gives_up_waiting_takes_his_utterance_back():
    first = Scripted("first")
    switch = SwitchableTranscriber(first)
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.05):
            await switch.transcribe(silent_utterance(1.0), Hints())
    assert first.cancelled == 1

"""Drafts: after the finals, the newest of each stream, left out when there is no time and never told too late."""

import asyncio
from dataclasses import replace

import pytest

from tests.support.waiting import eventually
from wallflower_sidecar.domain.errors import TranscriberUnavailableError
from wallflower_sidecar.domain.transcripts import Hints
from wallflower_sidecar.speech import UtteranceRefusedError

from .desk import READY, STARTING, desk, turns
from .utterances import silent_utterance


class Speech:
    """An utterance that goes on: what was heard of it after so many seconds."""

    def __init__(self, at, stream):
        self.at = at
        self.whole = silent_utterance(9.0, stream)

    def grow(self, seconds):
        part = replace(self.whole, pcm=self.whole.pcm[: round(seconds * 32_000)])
        self.at.scheduler.submit_draft(part, Hints())
        self.at.clock.seconds += 0.01
        return f"{part.id} {seconds:g}"

    def end(self):
        self.at.scheduler.submit(self.whole, Hints())
        return self.whole


def dropped(at, *streams):
    return [at.scheduler.status(stream).dropped_drafts for stream in streams]


async def test_finals_are_decoded_before_drafts():
    async with desk() as at:
        busy = at.say("pool")
        await eventually(lambda: at.transcriber.in_hand == [busy])
        text = Speech(at, "porch").grow(1)
        later = at.say("pool")
        at.let()
        await eventually(lambda: at.transcriber.in_hand == [later])
        assert at.transcriber.drafted == []
        at.let()
        at.let_drafts()
        await eventually(lambda: at.drafts == [text])
        assert at.heard == [busy, later]
        assert dropped(at, "porch", "pool") == [0, 0]


async def test_a_newer_draft_takes_the_place_of_its_streams_older_one():
    async with desk() as at:
        busy = at.say("pool")
        await eventually(lambda: at.transcriber.in_hand == [busy])
        porch, gate = Speech(at, "porch"), Speech(at, "gate")
        porch.grow(1)
        other = gate.grow(1)
        newest = [porch.grow(2), porch.grow(3)][-1]
        at.let()
        at.let_drafts(2)
        await eventually(lambda: at.drafts == [newest, other])
        assert dropped(at, "porch", "gate") == [2, 0]


async def test_over_the_bound_the_oldest_draft_of_all_goes_first():
    async with desk(drafts=2) as at:
        busy = at.say("pool")
        await eventually(lambda: at.transcriber.in_hand == [busy])
        first, second, third = (Speech(at, name) for name in ("a", "b", "c"))
        first.grow(1)
        second.grow(1)
        newer = first.grow(2)
        last = third.grow(1)
        at.let()
        at.let_drafts(2)
        await eventually(lambda: at.drafts == [newer, last])
        assert dropped(at, "a", "b", "c") == [1, 1, 0]


async def test_a_draft_whose_final_was_handed_in_is_not_made():
    async with desk() as at:
        busy = at.say("pool")
        await eventually(lambda: at.transcriber.in_hand == [busy])
        porch = Speech(at, "porch")
        porch.grow(1)
        whole = porch.end()
        porch.grow(2)
        at.let(2)
        await asyncio.wait_for(at.scheduler.drain(), 5)
        await turns()
        assert at.heard == [busy, whole]
        assert at.transcriber.drafted == []
        assert dropped(at, "porch") == [2]


async def test_a_draft_that_is_made_when_the_final_is_handed_in_is_not_told():
    async with desk() as at:
        porch = Speech(at, "porch")
        porch.grow(1)
        await eventually(lambda: len(at.transcriber.drafted) == 1)
        whole = porch.end()
        at.let_drafts()
        at.let()
        await eventually(lambda: at.heard == [whole])
        assert at.drafts == []
        assert dropped(at, "porch") == [1]


async def test_the_final_of_one_utterance_does_not_silence_the_next_ones_draft():
    async with desk(parallel=2) as at:
        first, second = Speech(at, "porch"), Speech(at, "porch")
        first.end()
        text = second.grow(1)
        at.let_drafts()
        await eventually(lambda: at.drafts == [text])


async def test_drafts_never_take_the_last_free_place_while_a_final_waits():
    async with desk(parallel=2) as at:
        first = at.say("porch")
        at.say("porch")  # waits for the first one, as one stream's are decoded in order
        await eventually(lambda: at.transcriber.in_hand == [first])
        Speech(at, "gate").grow(1)
        await turns()
        assert at.transcriber.drafted == []
        at.transcriber.parallel = 3
        at.transcriber.become(READY)
        await eventually(lambda: len(at.transcriber.drafted) == 1)


async def test_of_a_stream_one_draft_is_made_at_a_time():
    async with desk(parallel=4) as at:
        porch = Speech(at, "porch")
        texts = [porch.grow(1)]
        await eventually(lambda: len(at.transcriber.drafted) == 1)
        porch.grow(2)
        texts.append(porch.grow(3))
        await turns()
        assert len(at.transcriber.drafted) == 1
        at.let_drafts(2)
        await eventually(lambda: at.drafts == texts)
        assert dropped(at, "porch") == [1]


@pytest.mark.parametrize(
    ("error", "faults"),
    [
        (TranscriberUnavailableError("died", "It is gone."), 0),
        (UtteranceRefusedError("Too short."), 0),
        (ValueError("x"), 1),
    ],
)
async def test_a_draft_that_fails_is_counted_and_not_tried_again(error, faults):
    async with desk() as at:

        def fail(_):
            raise error

        at.transcriber.script = fail
        porch = Speech(at, "porch")
        porch.grow(1)
        at.let_drafts()
        await eventually(lambda: dropped(at, "porch") == [1])
        at.transcriber.script = lambda utterance: None
        text = porch.grow(2)
        at.let_drafts()
        await eventually(lambda: at.drafts == [text])
        assert len(at.transcriber.drafted) == 2
        assert at.scheduler.faults == faults


async def test_a_listener_that_fails_harms_nothing_and_is_counted():
    async with desk() as at:
        at.keep = lambda utterance: 1 / 0
        Speech(at, "porch").grow(1)
        at.let_drafts()
        await eventually(lambda: at.scheduler.faults == 1)
        at.keep = lambda utterance: None
        said = at.say("porch")
        at.let()
        await eventually(lambda: at.heard == [said])


async def test_while_nothing_can_be_decoded_only_the_newest_drafts_wait():
    async with desk(STARTING) as at:
        porch = Speech(at, "porch")
        text = [porch.grow(seconds) for seconds in (1, 2, 3)][-1]
        at.transcriber.become(READY)
        at.let_drafts(3)
        await eventually(lambda: at.drafts == [text])
        assert dropped(at, "porch") == [2]


async def test_a_slow_transcriber_loses_drafts_and_no_final():
    """Four streams speak at once, each with eight drafts before its final, and one thing is decoded at a time."""
    async with desk() as at:
        speeches = [Speech(at, name) for name in ("a", "b", "c", "d")]
        for seconds in range(1, 9):
            for speech in speeches:
                speech.grow(seconds)
            at.let_drafts()
            await turns()
        wholes = [speech.end() for speech in speeches]
        at.let(4)
        at.let_drafts(40)
        await asyncio.wait_for(at.scheduler.drain(), 5)
        assert at.heard == wholes
        assert at.scheduler.dropped_s == 0
        assert len(at.drafts) + sum(dropped(at, "a", "b", "c", "d")) == 32
        assert sum(dropped(at, "a", "b", "c", "d")) >= 20
        assert len({text.split()[0] for text in at.drafts}) == 4, "every stream had drafts in turn"


async def test_a_forgotten_streams_drafts_are_neither_made_nor_told():
    async with desk() as at:
        gone, stays = Speech(at, "gone"), Speech(at, "stays")
        gone.grow(1)
        await eventually(lambda: len(at.transcriber.drafted) == 1)
        gone.grow(2)
        text = stays.grow(1)
        at.scheduler.forget("gone")
        at.let_drafts(3)
        await eventually(lambda: at.drafts == [text])
        assert len(at.transcriber.drafted) == 2
        assert dropped(at, "gone") == [0]

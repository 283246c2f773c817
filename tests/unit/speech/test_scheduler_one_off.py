"""Sound that belongs to no stream: in turn with the streams, and nobody is left waiting for nothing."""

import asyncio

import pytest

from tests.support.waiting import eventually
from wallflower_sidecar.domain.errors import TranscriberUnavailableError
from wallflower_sidecar.domain.health import TranscriberInfo
from wallflower_sidecar.domain.transcripts import Hints
from wallflower_sidecar.speech import UtteranceRefusedError

from .desk import READY, STARTING, desk, turns
from .utterances import silent_utterance

NO_MODEL = TranscriberInfo("scripted", None, "no_model", detail="There is no model.")


async def ask(at):
    """Begin to ask for a text; comes back when it stands in line."""
    utterance = silent_utterance(2.0, "file")
    task = asyncio.create_task(at.scheduler.transcribe(utterance, Hints()))
    await asyncio.sleep(0)
    return utterance, task


async def test_it_has_a_turn_of_its_own_behind_the_streams():
    async with desk() as at:
        busy = at.say("door")
        await eventually(lambda: at.transcriber.in_hand == [busy])
        file, task = await ask(at)
        loud = [at.say("loud") for _ in range(3)]
        quiet = at.say("quiet")
        at.let(6)
        assert (await asyncio.wait_for(task, 5)).text == file.id
        await asyncio.wait_for(at.scheduler.drain(), 5)
        assert at.transcriber.asked == [busy, loud[0], quiet, file, loud[1], loud[2]]
        assert file not in at.heard


async def test_files_and_drafts_take_turns():
    async with desk() as at:
        busy = at.say("door")
        await eventually(lambda: at.transcriber.in_hand == [busy])
        files = [await ask(at) for _ in range(3)]
        draft = silent_utterance(1.0, "porch")
        at.scheduler.submit_draft(draft, Hints())
        at.let(2)
        await eventually(lambda: at.transcriber.drafted == [draft])
        assert at.transcriber.asked == [busy, files[0][0]]
        at.let_drafts()
        at.let(2)
        for _, task in files:
            await asyncio.wait_for(task, 5)


async def test_who_does_not_wait_any_more_leaves_the_line():
    async with desk() as at:
        busy = at.say("door")
        await eventually(lambda: at.transcriber.in_hand == [busy])
        (first, cancelled), (second, task) = await ask(at), await ask(at)
        cancelled.cancel()
        await asyncio.wait([cancelled])
        at.let(2)
        assert (await asyncio.wait_for(task, 5)).text == second.id
        assert first not in at.transcriber.asked


async def test_who_goes_while_it_is_decoded_harms_nothing():
    async with desk() as at:
        file, task = await ask(at)
        await eventually(lambda: at.transcriber.in_hand == [file])
        task.cancel()
        await asyncio.wait([task])
        at.let()
        said = at.say("door")
        at.let()
        await eventually(lambda: at.heard == [said])
        assert at.scheduler.faults == 0


@pytest.mark.parametrize("error", [UtteranceRefusedError("It cannot be decoded."), ValueError("unexpected")])
async def test_what_cannot_be_decoded_is_refused(error):
    async with desk() as at:

        def fail(_):
            raise error

        at.transcriber.script = fail
        _, task = await ask(at)
        at.let()
        with pytest.raises(UtteranceRefusedError):
            await asyncio.wait_for(task, 5)
        assert at.scheduler.dropped_s == 0


async def test_it_waits_for_a_transcriber_that_starts_and_survives_another_taking_over():
    async with desk(STARTING) as at:
        file, task = await ask(at)
        failures = iter([TranscriberUnavailableError("switched", "Another takes over.")])

        def switch_once(_):
            for failure in failures:
                at.transcriber.become(STARTING)
                raise failure

        at.transcriber.script = switch_once
        at.transcriber.become(READY)
        at.let()
        await eventually(lambda: at.transcriber.info is STARTING)
        await turns()
        at.transcriber.become(READY)
        at.let()
        assert (await asyncio.wait_for(task, 5)).text == file.id


async def test_it_is_not_tried_for_ever():
    async with desk(retry_s=0.01) as at:

        def fail(_):
            raise TranscriberUnavailableError("timeout", "No answer.")

        at.transcriber.script = fail
        _, task = await ask(at)
        at.let(10)
        with pytest.raises(TranscriberUnavailableError, match="No answer"):
            await asyncio.wait_for(task, 5)
        assert len(at.transcriber.asked) == 3


async def test_without_a_model_it_is_refused_at_once_also_while_it_waits_or_is_decoded():
    async with desk(parallel=2) as at:
        decoded, decoding = await ask(at)
        await eventually(lambda: at.transcriber.in_hand == [decoded])
        _, waiting = await ask(at)

        def gone(_):
            raise TranscriberUnavailableError("no_model", "It was removed.")

        at.transcriber.script = gone
        at.transcriber.become(NO_MODEL)
        at.let()
        for task in (waiting, decoding, (await ask(at))[1]):
            with pytest.raises(TranscriberUnavailableError):
                await asyncio.wait_for(task, 5)


async def test_too_many_are_refused():
    async with desk(STARTING, one_off=2) as at:
        tasks = [(await ask(at))[1] for _ in range(2)]
        with pytest.raises(TranscriberUnavailableError, match="Too much"):
            await (await ask(at))[1]
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)


async def test_a_stop_leaves_nobody_waiting():
    async with desk() as at:
        tasks = [(await ask(at))[1] for _ in range(2)]
        await eventually(lambda: len(at.transcriber.in_hand) == 1)
    for task in tasks:
        with pytest.raises(TranscriberUnavailableError):
            await asyncio.wait_for(task, 5)

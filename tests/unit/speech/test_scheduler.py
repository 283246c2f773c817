"""Order, fairness, bounds and counts of finals in front of a scripted transcriber."""

import asyncio

import pytest

from tests.support.waiting import eventually
from wallflower_sidecar.domain.errors import TranscriberUnavailableError
from wallflower_sidecar.domain.streams import TranscriptionState, TranscriptionStatus
from wallflower_sidecar.domain.transcripts import Suppressed
from wallflower_sidecar.speech import UtteranceRefusedError

from .desk import READY, STARTING, desk, turns


async def test_every_utterance_is_handed_on_fairly_and_in_its_streams_order():
    async with desk() as at:
        loud = [at.say("loud") for _ in range(4)]
        quiet = [at.say("quiet") for _ in range(2)]
        at.let(6)
        await asyncio.wait_for(at.scheduler.drain(), 5)
        assert at.heard == [loud[0], quiet[0], loud[1], quiet[1], loud[2], loud[3]]


async def test_lag_counts_from_the_oldest_without_text_and_ends_with_it():
    async with desk(lagging_s=10.0) as at:
        assert at.scheduler.status("porch") == TranscriptionStatus(TranscriptionState.OK)
        at.say("porch")
        at.clock.seconds += 4
        at.say("porch")
        at.clock.seconds += 5
        assert at.scheduler.status("porch") == TranscriptionStatus(TranscriptionState.OK, 9.0)
        at.clock.seconds += 2
        assert at.scheduler.status("porch") == TranscriptionStatus(TranscriptionState.LAGGING, 11.0)
        assert at.scheduler.lag_s == at.scheduler.info().lag_s == 11.0
        assert at.scheduler.status("gate") == TranscriptionStatus(TranscriptionState.OK)
        at.let()
        await eventually(lambda: at.scheduler.lag_s == 7.0)
        at.let()
        await eventually(lambda: at.scheduler.lag_s == 0.0)


async def test_over_the_bound_the_oldest_is_dropped_and_counted_in_seconds():
    async with desk(stream_s=5.0) as at:
        first = at.say("porch")
        await eventually(lambda: at.transcriber.asked == [first])
        dropped = at.say("porch", 3.0)
        kept = [at.say("porch"), at.say("porch")]
        assert at.scheduler.status("porch").dropped_s == 3.0
        assert at.scheduler.dropped_s == 3.0
        at.let(4)
        await asyncio.wait_for(at.scheduler.drain(), 5)
        assert at.heard == [first, *kept]
        assert dropped not in at.transcriber.asked


async def test_while_the_transcriber_starts_everything_waits_and_is_then_heard():
    async with desk(STARTING) as at:
        said = [at.say("porch"), at.say("porch")]
        assert at.scheduler.status("porch").state is TranscriptionState.UNAVAILABLE
        await asyncio.wait_for(at.scheduler.drain(), 1)
        assert at.transcriber.asked == []
        at.let(2)
        at.transcriber.become(READY)
        await eventually(lambda: at.heard == said)
        assert at.scheduler.status("porch") == TranscriptionStatus(TranscriptionState.OK)


async def test_an_utterance_that_meets_a_transcriber_gone_is_sent_again_first():
    async with desk() as at:
        failures = iter([TranscriberUnavailableError("died", "It is gone.")])

        def die_once(_):
            for failure in failures:
                at.transcriber.become(STARTING)
                raise failure

        at.transcriber.script = die_once
        said = [at.say("porch"), at.say("porch")]
        at.let(3)
        await eventually(lambda: at.scheduler.status("porch").state is TranscriptionState.UNAVAILABLE)
        assert at.heard == []
        at.transcriber.become(READY)
        await asyncio.wait_for(at.scheduler.drain(), 5)
        assert at.heard == said
        assert at.scheduler.dropped_s == 0


async def test_a_transcriber_that_says_ready_but_cannot_is_asked_again_in_a_while():
    async with desk(retry_s=0.02) as at:
        failures = iter([TranscriberUnavailableError("died", "It is gone.")] * 3)

        def fail(_):
            for failure in failures:
                raise failure

        at.transcriber.script = fail
        said = at.say("porch")
        at.let(4)
        await asyncio.wait_for(at.scheduler.drain(), 5)
        assert at.heard == [said]
        assert at.transcriber.asked == [said] * 4


@pytest.mark.parametrize(
    ("error", "faults"), [(UtteranceRefusedError("It cannot be decoded."), 0), (ValueError("unexpected"), 1)]
)
async def test_an_utterance_that_cannot_be_decoded_is_counted_and_the_next_one_heard(error, faults):
    async with desk() as at:
        bad = at.say("porch", 3.0)

        def refuse(utterance):
            if utterance is bad:
                raise error

        at.transcriber.script = refuse
        good = at.say("porch")
        at.let(2)
        await asyncio.wait_for(at.scheduler.drain(), 5)
        assert at.heard == [good]
        assert at.scheduler.status("porch").dropped_s == 3.0
        assert at.scheduler.faults == faults


async def test_a_transcript_that_cannot_be_handed_on_is_counted_and_the_next_one_is(caplog):
    async with desk() as at:
        bad = at.say("porch", 3.0)

        def full(utterance):
            if utterance is bad:
                raise OSError(28, "No space left on device")

        at.keep = full
        good = at.say("porch")
        at.let(2)
        await asyncio.wait_for(at.scheduler.drain(), 5)
        assert at.heard == [good]
        assert at.scheduler.status("porch").dropped_s == 3.0
        assert at.scheduler.faults == 1
        assert bad.id not in caplog.text  # the scripted transcript's text


async def test_what_waits_beyond_counts_for_the_lag_and_what_is_lost_there_for_what_was_dropped():
    async with desk(lagging_s=10.0) as at:
        at.say("porch")
        at.let()
        await asyncio.wait_for(at.scheduler.drain(), 5)
        at.lag_beyond["porch"] = 11.0
        assert at.scheduler.status("porch") == TranscriptionStatus(TranscriptionState.LAGGING, 11.0)
        assert at.scheduler.lag_s == 11.0
        at.scheduler.count_lost("porch", 2.0)
        assert at.scheduler.status("porch").dropped_s == 2.0
        at.scheduler.count_lost("gone", 2.0)
        assert at.scheduler.dropped_s == 2.0


async def test_a_forgotten_stream_loses_what_waits_and_what_is_being_decoded_uncounted():
    async with desk() as at:
        decoding = at.say("gone")
        await eventually(lambda: at.transcriber.asked == [decoding])
        at.say("gone")
        stays = at.say("stays")
        at.scheduler.forget("gone")
        again = at.say("gone")
        at.let(3)
        await asyncio.wait_for(at.scheduler.drain(), 5)
        assert at.heard == [stays, again]
        assert at.scheduler.status("gone") == TranscriptionStatus(TranscriptionState.OK)


async def test_forgetting_the_last_stream_leaves_nothing_to_wait_for():
    async with desk() as at:
        at.say("gone")
        at.scheduler.forget("gone")
        await asyncio.wait_for(at.scheduler.drain(), 1)


async def test_as_many_are_decoded_at_once_as_are_worth_it_but_of_each_stream_one():
    async with desk(parallel=3) as at:
        loud = [at.say("loud") for _ in range(3)]
        quiet = at.say("quiet")
        await eventually(lambda: at.transcriber.in_hand == [loud[0], quiet])
        other = [at.say(name) for name in ("door", "pool", "gate")]
        await eventually(lambda: at.transcriber.in_hand == [loud[0], quiet, other[0]])
        at.let(7)
        await asyncio.wait_for(at.scheduler.drain(), 5)
        assert at.transcriber.most_in_hand == 3
        assert [said for said in at.heard if said.stream == "loud"] == loud
        assert sorted(at.heard, key=id) == sorted([*loud, quiet, *other], key=id)


async def test_a_transcriber_that_takes_more_at_once_from_now_on_gets_more():
    async with desk() as at:
        first, second = at.say("door"), at.say("pool")
        await turns()
        assert at.transcriber.in_hand == [first]
        at.transcriber.parallel = 2
        at.transcriber.become(READY)
        await eventually(lambda: at.transcriber.in_hand == [first, second])
        at.let(2)


async def test_of_many_at_once_those_that_meet_a_transcriber_gone_are_all_sent_again_in_order():
    async with desk(parallel=2) as at:
        said = {name: [at.say(name), at.say(name)] for name in ("door", "pool")}
        await eventually(lambda: len(at.transcriber.in_hand) == 2)

        def switched(_):
            raise TranscriberUnavailableError("switched", "Another takes over.")

        at.transcriber.script = switched
        at.transcriber.become(STARTING)
        at.let(2)
        await eventually(lambda: not at.transcriber.in_hand)
        at.transcriber.script = lambda utterance: None
        at.transcriber.become(READY)
        at.let(4)
        await asyncio.wait_for(at.scheduler.drain(), 5)
        for name, utterances in said.items():
            assert [each for each in at.heard if each.stream == name] == utterances
        assert at.scheduler.dropped_s == 0


async def test_one_stream_that_cannot_be_served_now_holds_up_no_other():
    async with desk(retry_s=60) as at:
        stuck = at.say("stuck")

        def fail(utterance):
            if utterance is stuck:
                raise TranscriberUnavailableError("timeout", "No answer.")

        at.transcriber.script = fail
        others = [at.say("door"), at.say("door")]
        at.let(3)
        await eventually(lambda: at.heard == others)
        at.transcriber.script = lambda utterance: None
        at.transcriber.become(READY)
        at.let()
        await eventually(lambda: at.heard == [*others, stuck])


async def test_texts_that_were_not_believed_are_counted_for_their_stream():
    async with desk() as at:
        at.transcriber.suppressed = (Suppressed("Thank you.", "no_speech"), Suppressed("you you", "repetition"))
        at.say("porch")
        at.let()
        await asyncio.wait_for(at.scheduler.drain(), 5)
        assert at.scheduler.status("porch") == TranscriptionStatus(TranscriptionState.OK, suppressed=2)

"""Who is served next, and who has to go."""

import asyncio

from wallflower_sidecar.domain.transcripts import Hints
from wallflower_sidecar.speech.fair_queue import FairQueue, Waiting

from .utterances import silent_utterance


def waiting(stream, seconds=2.0):
    return Waiting(silent_utterance(seconds, stream), Hints(), 0.0)


def queue(stream_bound_s=60.0, bound_s=100.0):
    return FairQueue(stream_bound_s=stream_bound_s, bound_s=bound_s)


def test_streams_are_served_in_turn_and_each_in_its_own_order():
    line = queue()
    loud = [waiting("loud") for _ in range(4)]
    quiet = [waiting("quiet") for _ in range(2)]
    for item in (*loud, *quiet):
        assert line.put(item) == []
    served = [line.take() for _ in range(6)]
    assert served == [loud[0], quiet[0], loud[1], quiet[1], loud[2], loud[3]]
    assert line.take() is None


def test_over_a_streams_bound_its_oldest_go():
    line = queue(stream_bound_s=5.0)
    first, second, third = waiting("a"), waiting("a"), waiting("a")
    assert line.put(first) == line.put(second) == []
    assert line.put(third) == [first]
    assert line.take() is second


def test_over_the_bound_of_all_the_oldest_of_the_longest_line_goes():
    line = queue(bound_s=7.0)
    loud = [waiting("loud"), waiting("loud")]
    quiet = waiting("quiet", 3.0)
    for item in loud:
        line.put(item)
    assert line.put(quiet) == []
    late = waiting("late", 1.0)
    assert line.put(late) == [loud[0]]
    assert [line.take() for _ in range(3)] == [loud[1], quiet, late]


def test_an_utterance_longer_than_a_bound_is_kept_while_nothing_else_waits():
    line = queue(stream_bound_s=1.0, bound_s=1.0)
    only = waiting("a", 25.0)
    assert line.put(only) == []
    assert line.take() is only


def test_what_is_put_back_is_served_next():
    line = queue()
    items = [waiting("a"), waiting("b"), waiting("a")]
    for item in items:
        line.put(item)
    taken = line.take()
    assert line.put_back(taken) == []
    assert [line.take() for _ in range(3)] == [items[0], items[1], items[2]]


def test_what_is_put_back_into_a_full_line_goes_first():
    line = queue(stream_bound_s=4.0)
    first = waiting("a")
    line.put(first)
    assert line.take() is first
    for item in (waiting("a"), waiting("a")):
        line.put(item)
    assert line.put_back(first) == [first]


def test_a_forgotten_stream_leaves_the_line():
    line = queue()
    gone, stays = waiting("gone"), waiting("stays")
    line.put(gone)
    line.put(stays)
    assert line.forget("gone") == [gone]
    assert line.forget("gone") == []
    assert len(line) == 1
    assert line.take() is stays


def test_a_line_that_is_passed_over_has_its_turn_as_soon_as_it_may():
    line = queue()
    loud, quiet = [waiting("loud"), waiting("loud")], [waiting("quiet"), waiting("quiet")]
    for item in (*loud, *quiet):
        line.put(item)
    assert line.take(barred={"loud"}) is quiet[0]
    assert line.take(barred={"loud", "quiet"}) is None
    assert [line.take() for _ in range(3)] == [loud[0], quiet[1], loud[1]]


async def test_one_off_work_comes_last_in_each_turn_and_counts_for_no_bound():
    line = queue(stream_bound_s=4.0, bound_s=4.0)
    files = [Waiting(silent_utterance(60.0, "a"), Hints(), 0.0, asyncio.Future()) for _ in range(2)]
    for item in files:
        assert line.put(item) == []
    live = [waiting("a"), waiting("b")]
    for item in live:
        assert line.put(item) == []
    assert (len(line), line.live, line.one_off) == (4, 2, files)
    assert [line.take() for _ in range(4)] == [live[0], live[1], files[0], files[1]]
    line.put_back(files[1])
    line.put(waiting("a"))
    assert line.take() is files[1]


async def test_what_is_removed_is_gone_and_may_be_removed_again():
    line = queue()
    item = Waiting(silent_utterance(2.0, "a"), Hints(), 0.0, asyncio.Future())
    line.put(item)
    line.remove(item)
    line.remove(item)
    assert (len(line), line.take()) == (0, None)

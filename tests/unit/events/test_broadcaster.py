"""Live events reach whoever wants them, and nobody is waited for."""

import asyncio

import pytest

from wallflower_sidecar.domain.events import Event, EventType
from wallflower_sidecar.events import Broadcaster, Ended

FINAL, STARTED, PARTIAL = EventType.TRANSCRIPT_FINAL, EventType.SPEECH_STARTED, EventType.TRANSCRIPT_PARTIAL


def event(number: int | None, kind: EventType = FINAL, stream: str | None = "door") -> Event:
    return Event(number, kind, {"n": number}, stream)


async def taken(subscription, count: int) -> list[int | None]:
    async with asyncio.timeout(5):
        return [(await anext(subscription)).id for _ in range(count)]


async def test_events_come_in_order_to_everybody():
    broadcaster = Broadcaster()
    with broadcaster.subscribe() as one, broadcaster.subscribe() as two:
        broadcaster.publish([event(1), event(2)])
        broadcaster.publish([event(3)])
        assert await taken(one, 3) == await taken(two, 3) == [1, 2, 3]


async def test_nothing_from_before_the_subscription():
    broadcaster = Broadcaster()
    broadcaster.publish([event(1)])
    with broadcaster.subscribe() as subscription:
        broadcaster.publish([event(2)])
        assert await taken(subscription, 1) == [2]


@pytest.mark.parametrize(
    ("filters", "numbers"),
    [
        ({}, [1, 2, 3, 4]),
        ({"stream": "door"}, [1, 3]),
        ({"stream": "pool"}, [2]),
        ({"types": frozenset({STARTED})}, [3]),
        ({"stream": "door", "types": frozenset({FINAL, PARTIAL})}, [1]),
    ],
)
async def test_filters(filters, numbers):
    broadcaster = Broadcaster()
    with broadcaster.subscribe(**filters) as subscription:
        server = event(4, EventType.SERVER_CHANGED, None)
        broadcaster.publish([event(1), event(2, stream="pool"), event(3, STARTED), server])
        assert await taken(subscription, len(numbers)) == numbers
        assert subscription.position == 4


async def test_the_position_never_overtakes_what_still_waits():
    broadcaster = Broadcaster()
    with broadcaster.subscribe(stream="door") as subscription:
        broadcaster.publish([event(1), event(2, stream="pool"), event(3), event(4, stream="pool")])
        assert subscription.position == 0
        await taken(subscription, 1)
        assert subscription.position == 1
        await taken(subscription, 1)
        assert subscription.position == 4
        broadcaster.publish([event(None, PARTIAL), event(5, stream="pool")])
        await taken(subscription, 1)
        assert subscription.position == 5


async def test_a_reader_that_is_too_slow_is_cut_off_and_the_others_are_not():
    broadcaster = Broadcaster()
    with broadcaster.subscribe(bound=2) as slow, broadcaster.subscribe() as quick:
        broadcaster.publish([event(number) for number in range(1, 5)])
        assert slow.ended is Ended.TOO_SLOW
        assert [each async for each in slow] == []
        assert await taken(quick, 4) == [1, 2, 3, 4]
    assert broadcaster.cut_off == 1


async def test_a_waiting_reader_ends_when_the_broadcaster_closes():
    broadcaster = Broadcaster()
    subscription = broadcaster.subscribe()
    waiting = asyncio.create_task(taken(subscription, 1))
    await asyncio.sleep(0)
    broadcaster.close()
    with pytest.raises((StopAsyncIteration, RuntimeError)):
        await waiting
    assert subscription.ended is Ended.STOPPED
    assert broadcaster.subscribe().ended is Ended.STOPPED


async def test_partials_are_wanted_only_while_somebody_wants_them():
    broadcaster = Broadcaster()
    assert not broadcaster.is_wanted(PARTIAL, "door")
    with broadcaster.subscribe(stream="door", types=frozenset({PARTIAL})):
        assert broadcaster.is_wanted(PARTIAL, "door")
        assert not broadcaster.is_wanted(PARTIAL, "pool")
        assert not broadcaster.is_wanted(FINAL, "door")
    assert not broadcaster.is_wanted(PARTIAL, "door")


async def test_a_reader_may_leave_while_events_are_told():
    broadcaster = Broadcaster()
    with broadcaster.subscribe(bound=1), broadcaster.subscribe() as other:
        broadcaster.publish([event(1), event(2), event(3)])
        assert await taken(other, 3) == [1, 2, 3]


@pytest.mark.parametrize(
    ("types", "wanted"),
    [(frozenset(), False), (frozenset({FINAL}), False), (frozenset({FINAL, EventType.TRANSCRIPT_SUPPRESSED}), True)],
)
async def test_what_is_for_debugging_is_told_only_to_who_names_it(types, wanted):
    broadcaster = Broadcaster()
    with broadcaster.subscribe(types=types) as subscription:
        assert broadcaster.is_wanted(EventType.TRANSCRIPT_SUPPRESSED, "door") is wanted
        broadcaster.publish([event(None, EventType.TRANSCRIPT_SUPPRESSED), event(1)])
        assert await taken(subscription, 1) == ([None] if wanted else [1])


async def test_a_follower_hears_of_every_change_of_what_is_wanted_when_it_happens():
    broadcaster = Broadcaster()
    seen = []
    broadcaster.follow(lambda: seen.append(broadcaster.is_wanted(PARTIAL, "door")))
    with broadcaster.subscribe(types=frozenset({PARTIAL})):
        assert seen == [True]
    assert seen == [True, False]
    with broadcaster.subscribe(bound=1):
        broadcaster.publish([event(1), event(2)])
        assert seen[-1] is False
    broadcaster.subscribe()
    broadcaster.close()
    assert seen[-1] is False

"""Who watches: one watch for all who want the same, moved from session to session, and an end for those who sleep."""

import asyncio
from contextlib import AsyncExitStack
from dataclasses import replace
import itertools

import pytest

from tests.support.waiting import eventually
from tests.unit.capture.hand_clock import HandClock
from wallflower_sidecar.capture.messages import Frame, Unwatch, Watch
from wallflower_sidecar.capture.pictures import viewers
from wallflower_sidecar.capture.pictures.viewers import CUT_OFF_S, MOST_VIEWERS, OUTAGE_S, Viewers
from wallflower_sidecar.capture.stream.status import CaptureStatus
from wallflower_sidecar.domain.errors import NotFoundError, UnavailableError
from wallflower_sidecar.domain.streams import Stream, StreamError, StreamState


class Source:
    """A stream as the viewers see it."""

    def __init__(self, clock, line):
        self.stream = Stream("porch", "Porch", "rtsp://camera/one")
        self.status = CaptureStatus(StreamState.STREAMING, clock.now())
        self.picture_session = 1
        self.is_blind = False
        self.line = line
        self.uses = 0

    def use_picture(self):
        self.uses += 1

    def line_of(self, session):
        return self.line if session == self.picture_session else None


class Line:
    def __init__(self):
        self.sent = []
        self.up = True

    def send(self, command):
        if self.up:
            self.sent.append(command)
        return self.up


class World:
    def __init__(self):
        self.clock, self.line = HandClock(), Line()
        self.sources = {"porch": Source(self.clock, self.line)}
        self.viewers = Viewers(self.find, self.clock, itertools.count(100))

    @property
    def source(self):
        return self.sources["porch"]

    def find(self, stream_id):
        if stream_id not in self.sources:
            raise NotFoundError("There is no such stream.")
        return self.sources[stream_id]

    @property
    def watches(self):
        """The numbers of the watches that were begun and not ended."""
        ended = {command.watch for command in self.line.sent if isinstance(command, Unwatch)}
        return [
            command.watch for command in self.line.sent if isinstance(command, Watch) and command.watch not in ended
        ]

    def show(self, jpeg, watch=None):
        self.viewers.take(Frame(watch or self.watches[-1], jpeg))

    async def enter(self, stack, width=None, fps=5):
        """Watch, with a first picture that is taken at once."""
        before = len(self.viewers)
        entering = asyncio.create_task(stack.enter_async_context(self.viewers.watch("porch", width, fps)))
        await eventually(lambda: len(self.viewers) > before, interval_s=0.001)
        await asyncio.sleep(0)
        if not entering.done():
            self.show(b"first")
        viewer = await entering
        assert await anext(viewer) == b"first"
        return viewer


@pytest.fixture
def world():
    return World()


@pytest.fixture
async def stack():
    async with AsyncExitStack() as entered:
        yield entered


async def test_those_who_want_the_same_share_one_watch_that_goes_with_the_last(world):
    async with AsyncExitStack() as one:
        first = await world.enter(one)
        async with AsyncExitStack() as other:
            second = await world.enter(other)
            world.show(b"next")
            assert [await anext(first), await anext(second)] == [b"next", b"next"]
            assert world.line.sent == [Watch(1, 100, None, 5)]
        assert world.watches == [100]
    assert world.line.sent[1:] == [Unwatch(1, 100)]
    assert len(world.viewers) == 0
    world.show(b"late", watch=100)


async def test_who_joins_others_sees_their_last_picture_at_once_unless_it_is_old(world, stack, monkeypatch):
    await world.enter(stack)
    world.show(b"last")
    viewer = await stack.enter_async_context(world.viewers.watch("porch", None, 5))
    assert await anext(viewer) == b"last"
    world.clock.advance(viewers.STILL_NEW_S + 1)
    monkeypatch.setattr(viewers, "FIRST_S", 0.01)
    with pytest.raises(UnavailableError):
        await stack.enter_async_context(world.viewers.watch("porch", None, 5))


async def test_those_who_want_something_else_have_their_own(world, stack):
    wide, narrow = await world.enter(stack), await world.enter(stack, width=160)
    world.show(b"narrow", watch=101)
    world.show(b"wide", watch=100)
    assert [await anext(wide), await anext(narrow)] == [b"wide", b"narrow"]


async def test_a_slow_viewer_gets_the_newest_picture_and_the_others_are_counted(world, stack):
    slow, quick = await world.enter(stack), await world.enter(stack)
    for jpeg in (b"1", b"2", b"3"):
        world.show(jpeg)
        assert await anext(quick) == jpeg
    assert await anext(slow) == b"3"
    assert (slow.dropped, quick.dropped, world.viewers.dropped) == (2, 0, 2)


async def test_a_viewer_who_takes_nothing_is_sent_away_and_the_others_stay(world, stack):
    asleep, awake = await world.enter(stack), await world.enter(stack)
    for number in range(int(CUT_OFF_S) + 2):
        world.show(b"%d" % number)
        assert await anext(awake) == b"%d" % number
        world.clock.advance(1)
    with pytest.raises(StopAsyncIteration):
        await anext(asleep)
    assert (len(world.viewers), world.viewers.cut_off) == (1, 1)
    world.show(b"more")
    assert await anext(awake) == b"more"


async def test_a_viewer_who_was_sent_away_takes_nothing_from_who_came_after_him(world):
    async with AsyncExitStack() as first:
        await world.enter(first)
        for _ in range(int(CUT_OFF_S) + 2):
            world.clock.advance(1)
            if world.watches:
                world.show(b"untaken")
        assert len(world.viewers) == 0
        async with AsyncExitStack() as second:
            viewer = await world.enter(second)
            await first.aclose()
            world.show(b"mine")
            assert await anext(viewer) == b"mine"


async def test_the_watch_follows_the_stream_to_its_next_session(world, stack):
    viewer = await world.enter(stack)
    world.source.picture_session = None
    world.viewers.tick()
    assert world.watches == []
    world.source.picture_session = 2
    world.viewers.tick()
    world.viewers.tick()
    assert world.line.sent[1:] == [Unwatch(1, 100), Watch(2, 101, None, 5)]
    world.show(b"of the old session", watch=100)
    world.show(b"of the new session", watch=101)
    assert await anext(viewer) == b"of the new session"


async def test_a_worker_that_is_down_is_asked_again(world, stack):
    viewer = await world.enter(stack)
    world.line.up, world.source.picture_session = False, 2
    world.viewers.tick()
    world.line.up = True
    world.viewers.tick()
    world.show(b"again")
    assert await anext(viewer) == b"again"


async def test_the_picture_is_in_use_as_long_as_somebody_watches(world):
    async with AsyncExitStack() as stack:
        await world.enter(stack)
        before = world.source.uses
        world.viewers.tick()
        assert world.source.uses > before
    before = world.source.uses
    world.viewers.tick()
    assert world.source.uses == before


async def test_an_outage_is_waited_out_for_a_minute_and_no_longer(world, stack):
    viewer = await world.enter(stack)
    world.source.picture_session = None
    world.clock.advance(OUTAGE_S - 1)
    world.viewers.tick()
    waiting = asyncio.create_task(anext(viewer, None))
    await asyncio.sleep(0)
    assert not waiting.done()
    world.clock.advance(2)
    world.viewers.tick()
    assert await waiting is None
    assert len(world.viewers) == 0


@pytest.mark.parametrize("how", ["removed", "switched off", "blind", "all"])
async def test_who_watches_what_is_gone_is_sent_away(world, stack, how):
    viewer = await world.enter(stack)
    if how == "removed":
        world.sources.clear()
    elif how == "blind":
        world.source.is_blind = True
    elif how == "switched off":
        world.source.stream = replace(world.source.stream, enabled=False)
    world.viewers.end_all() if how == "all" else world.viewers.tick()
    assert await anext(viewer, None) is None
    assert await anext(viewer, None) is None
    assert world.watches == []


@pytest.mark.parametrize(
    ("because", "sentence"),
    [
        ("slow", "No picture came within 0.05 s."),
        ("down", "There is no picture now. The camera refused the connection."),
        ("off", "The stream is switched off, so there is no picture. Switch it on."),
        ("switched off meanwhile", "The stream is switched off, so there is no picture. Switch it on."),
    ],
)
async def test_without_a_first_picture_it_is_said_why(world, monkeypatch, because, sentence):
    monkeypatch.setattr(viewers, "FIRST_S", 0.05)
    off = replace(world.source.stream, enabled=False)
    if because == "down":
        error = StreamError("connection_refused", "The camera refused the connection.", world.clock.now())
        world.source.status = replace(world.source.status, state=StreamState.BACKOFF, error=error)
        world.source.picture_session = None
    elif because == "off":
        world.source.stream = off

    async def switch_off():
        await asyncio.sleep(0.01)
        if because == "switched off meanwhile":
            world.source.stream = off
            world.viewers.tick()

    switching = asyncio.create_task(switch_off())
    with pytest.raises(UnavailableError, match=sentence):
        async with world.viewers.watch("porch", None, 5):
            raise AssertionError("there is no picture")
    await switching
    assert (len(world.viewers), world.watches) == (0, [])


async def test_there_are_never_too_many(world, stack):
    for _ in range(MOST_VIEWERS):
        await world.enter(stack)
    with pytest.raises(UnavailableError, match="64 viewers"):
        async with world.viewers.watch("porch", None, 5):
            raise AssertionError("one too many")
    assert len(world.viewers) == MOST_VIEWERS


async def test_a_stream_that_does_not_exist_is_not_found(world):
    with pytest.raises(NotFoundError):
        async with world.viewers.watch("nowhere", None, 5):
            raise AssertionError("there is no such stream")

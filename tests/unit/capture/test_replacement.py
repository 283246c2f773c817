"""When a worker counts as too large, and in which order its streams leave it."""

import os
import subprocess
import sys
from types import SimpleNamespace

import pytest

from tests.unit.capture.hand_clock import HandClock
from wallflower_sidecar.capture.replacement import MB, MemoryBound, Replacement, resident_bytes


class Workers:
    """Stands in for the processes."""

    def __init__(self):
        self.all = []
        self.retired = []
        self.add()

    def add(self):
        name = f"capture-{len(self.all) + 1}"
        child = SimpleNamespace(up=True, pid=100 + len(self.all), spec=SimpleNamespace(name=name))
        self.all.append(SimpleNamespace(child=child, streams=set()))
        return self.all[-1]

    @property
    def staying(self):
        return [link for link in self.all if link not in self.retired]

    def retire(self, link):
        self.retired.append(link)


class Capture:
    """A stream that has moved once it is told so."""

    def __init__(self):
        self.line = self.moved = None

    def move_to(self, line):
        self.moved = line

    def uses(self, line):
        return self.line is line


class World:
    def __init__(self, streams):
        self.clock, self.workers, self.used = HandClock(), Workers(), {}
        self.old = self.workers.all[0]
        self.captures = {f"s{number}": Capture() for number in range(streams)}
        for name, capture in self.captures.items():
            self.old.streams.add(name)
            capture.line = self.old
        self.replacement = Replacement(self.workers, self.clock, MemoryBound(), self.used.get)

    def tick(self, seconds):
        for _ in range(round(seconds / 0.2)):
            self.clock.advance(0.2)
            self.replacement.tick(self.captures)

    def moved(self):
        return [name for name, capture in self.captures.items() if capture.moved]

    def follow(self):
        for capture in self.captures.values():
            capture.line = capture.moved or capture.line


@pytest.mark.parametrize(
    ("streams", "megabytes", "replaced"), [(0, 400, False), (0, 401, True), (30, 1000, False), (30, 1001, True)]
)
def test_the_bound_grows_with_the_streams(streams, megabytes, replaced):
    world = World(streams)
    world.used[100] = megabytes * MB
    world.tick(29)
    assert len(world.workers.all) == 1, "looked at every half minute"
    world.tick(2)
    assert (len(world.workers.all) == 2) == replaced


def test_streams_move_one_by_one_to_a_worker_that_is_up_and_a_slow_one_holds_up_none():
    world = World(3)
    world.used[100] = 2000 * MB
    while len(world.workers.all) == 1:
        world.tick(0.2)
    new = world.workers.all[1]
    new.child.up = False
    world.tick(5)
    assert world.moved() == []
    assert world.workers.retired == [world.old]
    new.child.up = True
    world.tick(1)
    assert world.moved() == ["s0"]
    world.follow()
    world.tick(1)
    assert world.moved() == ["s0", "s1"]
    world.tick(31)
    assert world.moved() == ["s0", "s1", "s2"]
    assert (world.old.streams, new.streams) == (set(), {"s0", "s1", "s2"})
    assert world.replacement.replaced == 0
    world.follow()
    world.tick(1)
    assert world.replacement.replaced == 1


def test_a_worker_that_is_soon_too_large_again_waits_ten_minutes():
    world = World(1)
    world.used[100] = world.used[101] = 2000 * MB
    world.tick(31)
    world.follow()
    world.tick(1)
    world.tick(590)
    assert len(world.workers.all) == 2
    world.tick(15)
    assert len(world.workers.all) == 3


def test_a_worker_that_waits_for_a_stream_which_cannot_move_is_not_replaced_again():
    world = World(1)
    world.used[100] = 2000 * MB
    world.tick(31)
    world.tick(1800)
    assert world.replacement.replaced == 1
    assert len(world.workers.all) == 2


def test_the_memory_of_a_process_is_read_and_of_one_that_is_gone_is_none():
    assert 5 * MB < resident_bytes(os.getpid()) < 5000 * MB
    with subprocess.Popen([sys.executable, "-c", ""]) as child:
        child.wait()
    assert resident_bytes(child.pid) is None

"""Memory that is no longer used is given back."""

import weakref

from tests.support.waiting import eventually
from wallflower_sidecar.processes.heap import Heap


class Knot:
    """Refers to itself, so that only the garbage collector frees it."""

    def __init__(self):
        self.itself = self


async def test_what_ended_is_collected_soon_and_again_the_next_time():
    heap = Heap()
    for _ in range(2):
        knot = Knot()
        seen = weakref.ref(knot)
        del knot
        assert seen() is not None
        heap.tidy_soon()
        await eventually(lambda seen=seen: seen() is None)

"""What waits to be written: in order, each once, bounded, and nothing that a transaction has is given up."""

import asyncio
from collections.abc import Callable

import pytest

from tests.support.waiting import eventually
from wallflower_sidecar.domain.errors import UnavailableError
from wallflower_sidecar.service import write_queue
from wallflower_sidecar.service.write_queue import WriteQueue


@pytest.fixture(autouse=True)
def impatient(monkeypatch):
    monkeypatch.setattr(write_queue, "RETRY_S", 0.02)


class Written:
    """What was written, and a fault or a wait for some of it."""

    def __init__(self):
        self.committed: list[int] = []
        self.lost: list[int] = []
        self.tried: list[int] = []
        self.fault: Callable[[int], None] = lambda _: None
        self.go_on = asyncio.Event()
        self.go_on.set()

    async def __call__(self, writer, item):
        self.tried.append(item)
        await self.go_on.wait()
        self.fault(item)
        writer.after_commit(lambda: self.committed.append(item))


@pytest.fixture
def written():
    return Written()


@pytest.fixture
async def queue(service, written):
    queue = WriteQueue(service.events, written, name="things", bound=4, batch=2, on_lost=written.lost.append)
    task = asyncio.create_task(queue.run())
    yield queue
    task.cancel()
    await asyncio.wait([task])


async def test_what_a_transaction_has_is_not_given_up_for_what_comes_after_it(queue, written):
    written.go_on.clear()
    queue.put(0)
    queue.put(1)
    await eventually(lambda: written.tried == [0])
    for number in range(2, 7):
        queue.put(number)
    assert written.lost == [2, 3, 4]
    assert queue.lost == 3
    written.go_on.set()
    await eventually(lambda: not len(queue))
    assert written.committed == [0, 1, 5, 6]


async def test_one_that_spoils_a_transaction_goes_alone(queue, written):
    def refuse(item):
        if item == 1:
            raise ZeroDivisionError

    written.fault = refuse
    for number in range(4):
        queue.put(number)
    await eventually(lambda: not len(queue))
    assert written.committed == [0, 2, 3]
    assert written.lost == [1]


async def test_a_fault_in_the_middle_writes_none_of_the_transaction_until_it_is_over(queue, written):
    faults = [UnavailableError("It is away.")] * 3

    def away(item):
        if item == 1 and faults:
            raise faults.pop()

    written.fault = away
    for number in range(4):
        queue.put(number)
    await eventually(lambda: not len(queue))
    assert written.committed == [0, 1, 2, 3]
    assert written.lost == []


async def test_what_is_dropped_while_it_waits_is_neither_written_nor_lost(queue, written):
    for number in range(4):
        queue.put(number)
    assert queue.drop(lambda item: item % 2) == [1, 3]
    assert list(queue) == [0, 2]
    await eventually(lambda: not len(queue))
    assert written.committed == [0, 2]
    assert written.lost == []

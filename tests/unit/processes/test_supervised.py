"""A real child process that lives, dies and misbehaves."""

import asyncio
from contextlib import asynccontextmanager
import logging
import os
from pathlib import Path
import signal
import time

import psutil
import pytest

from tests.support.waiting import eventually
from wallflower_sidecar.domain.clock import SystemClock
from wallflower_sidecar.processes.backoff import RestartBackoff
from wallflower_sidecar.processes.supervised import ChildSpec, SupervisedChild

MODULE = "tests.unit.processes.tiny_child"


def open_descriptors():
    return {entry.name for entry in Path("/proc/self/fd").iterdir()}


def is_gone(pid):
    return not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE


class Watched:
    """A supervised child with a record of what it said and how it ended."""

    def __init__(self, module=MODULE, backoff=None, **spec):
        self.messages, self.downs, self.ups = [], [], 0
        self.child = SupervisedChild(
            ChildSpec("tiny", module, **spec),
            on_message=self.messages.append,
            on_up=self.on_up,
            on_down=self.downs.append,
            clock=SystemClock(),
            backoff=backoff,
        )

    def on_up(self):
        self.ups += 1

    async def ask(self, **message):
        assert self.child.send(message)
        return await eventually(lambda: self.messages.pop() if self.messages else None, timeout_s=5)

    async def up_again(self, times=1):
        await eventually(lambda: self.ups > times and self.child.up, timeout_s=10, interval_s=0.01)


@asynccontextmanager
async def running(*args, **kwargs):
    watched = Watched(*args, **kwargs)
    task = asyncio.create_task(watched.child.run())
    try:
        await eventually(lambda: watched.ups or task.done(), timeout_s=10, interval_s=0.01)
        yield watched
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


@pytest.fixture(autouse=True)
def nothing_left():
    before, neighbours = open_descriptors(), set(psutil.Process().children(recursive=True))
    yield
    assert set(psutil.Process().children(recursive=True)) <= neighbours
    assert open_descriptors() <= before


async def test_a_message_comes_back():
    async with running() as watched:
        assert await watched.ask(t="echo", body=b"\x01" * 1_000_000) == {"t": "echo", "body": b"\x01" * 1_000_000}


async def test_a_killed_child_is_up_again_within_a_second():
    async with running() as watched:
        died = time.monotonic()
        os.kill(watched.child.pid, signal.SIGKILL)
        await watched.up_again()
        assert time.monotonic() - died < 1.0
        assert watched.downs == ["killed by SIGKILL"]
        assert watched.child.restarts == 1
        assert (await watched.ask(t="echo", body=1))["body"] == 1


async def test_a_frozen_child_is_killed_after_the_heartbeat_timeout_and_replaced():
    async with running(heartbeat_timeout_s=1.5) as watched:
        frozen = watched.child.pid
        os.kill(frozen, signal.SIGSTOP)
        await watched.up_again()
        assert watched.downs == ["no heartbeat for 1.5 s"]
        assert not psutil.pid_exists(frozen)


async def test_a_stall_of_our_own_loop_kills_no_child():
    async with running(heartbeat_timeout_s=1.5) as watched:
        time.sleep(2.5)
        await asyncio.sleep(0.5)
        assert watched.downs == []


async def test_a_child_that_never_comes_up_is_killed_after_the_start_timeout():
    watched = Watched(module="http.server", start_timeout_s=1.0, backoff=RestartBackoff(first_s=30))
    task = asyncio.create_task(watched.child.run())
    await eventually(lambda: watched.downs, timeout_s=8)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert watched.ups == 0


async def test_grandchildren_die_with_a_killed_child():
    async with running() as watched:
        grandchild = (await watched.ask(t="grandchild"))["pid"]
        os.kill(watched.child.pid, signal.SIGKILL)
        await watched.up_again()
        await eventually(lambda: is_gone(grandchild))


async def test_grandchildren_die_when_the_child_is_stopped():
    async with running() as watched:
        grandchild = (await watched.ask(t="grandchild"))["pid"]
    await eventually(lambda: is_gone(grandchild))


async def test_a_polite_child_ends_at_once():
    async with running():
        began = time.monotonic()
    assert time.monotonic() - began < 2.0


async def test_a_deaf_child_that_ignores_sigterm_ends_within_its_grace():
    async with running() as watched:
        await watched.ask(t="ignore_sigterm")
        await watched.ask(t="deaf")
        pid = watched.child.pid
        began = time.monotonic()
    assert time.monotonic() - began < 4.5
    assert not psutil.pid_exists(pid)


async def test_stopping_twice_still_leaves_nothing():
    watched = Watched()
    task = asyncio.create_task(watched.child.run())
    await eventually(lambda: watched.ups)
    await watched.ask(t="deaf")
    task.cancel()
    await asyncio.sleep(0.1)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    await eventually(lambda: watched.child.pid is None)


@pytest.mark.parametrize("moment", range(12))
async def test_cancelling_while_it_starts_leaves_nothing(moment):
    task = asyncio.create_task(Watched().child.run())
    for _ in range(moment):
        await asyncio.sleep(0)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


@pytest.mark.parametrize("fault", ["garbage", "huge"])
async def test_garbage_on_the_wire_replaces_the_child(fault):
    async with running() as watched:
        watched.child.send({"t": fault})
        await watched.up_again()
        assert watched.downs[0].startswith("sent what cannot be read")


async def test_a_child_that_hangs_up_is_replaced():
    async with running() as watched:
        watched.child.send({"t": "hang_up"})
        await watched.up_again()
        assert len(watched.downs) == 1


async def test_the_last_words_of_a_dying_child_are_heard():
    async with running() as watched:
        assert await watched.ask(t="exit") == {"t": "last words"}
        await watched.up_again()
        assert watched.downs == ["exited with 7"]


async def test_the_last_words_of_a_child_that_is_written_to_when_it_is_dead_are_heard():
    async with running() as watched:
        watched.child.send({"t": "exit"})
        os.waitid(os.P_PID, watched.child.pid, os.WEXITED | os.WNOWAIT)  # nothing is read in the meantime
        watched.child.send({"t": "echo", "body": "too late"})
        await watched.up_again()
        assert watched.messages == [{"t": "last words"}]
        assert watched.downs == ["exited with 7"]


async def test_kill_replaces_the_child():
    async with running() as watched:
        watched.child.kill("a thread is stuck")
        await watched.up_again()
        assert watched.downs == ["a thread is stuck"]


async def test_a_restart_by_hand_replaces_the_child_at_once():
    async with running(backoff=RestartBackoff(first_s=60, second_s=60)) as watched:
        first = watched.child.pid
        watched.child.restart_now("somebody asked")
        await watched.up_again()
        assert watched.downs == ["somebody asked"]
        assert not psutil.pid_exists(first)
        assert (await watched.ask(t="echo", body=1))["body"] == 1


async def test_a_restart_by_hand_ends_the_wait_of_a_backoff_once():
    async with running(backoff=RestartBackoff(first_s=60, second_s=60)) as watched:
        os.kill(watched.child.pid, signal.SIGKILL)
        await eventually(lambda: watched.downs, interval_s=0.01)
        assert watched.child.pid is None
        watched.child.restart_now("somebody asked")
        await watched.up_again()
        os.kill(watched.child.pid, signal.SIGKILL)
        await eventually(lambda: len(watched.downs) == 2, interval_s=0.01)
        with pytest.raises(AssertionError, match="not true within"):
            await eventually(lambda: watched.ups > 2, timeout_s=0.5)


async def test_a_crash_loop_backs_off_and_tells_each_death():
    watched = Watched(module="tests.unit.processes.crashing_child")
    task = asyncio.create_task(watched.child.run())
    await eventually(lambda: len(watched.downs) >= 3, timeout_s=10)
    began = time.monotonic()
    await eventually(lambda: len(watched.downs) >= 4, timeout_s=10)
    assert time.monotonic() - began >= 1.0
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert set(watched.downs) == {"exited with 3"}


async def test_nothing_can_be_sent_to_a_child_that_is_down():
    watched = Watched()
    assert not watched.child.send({"t": "echo", "body": 1})
    assert watched.child.dropped == 1


async def test_a_child_that_does_not_read_fills_the_outbox_and_drops_are_counted():
    async with running(outbox_bytes=3_000_000) as watched:
        await watched.ask(t="deaf")
        sent = [watched.child.send({"t": "echo", "body": bytes(1_000_000)}) for _ in range(10)]
        assert sent[0]
        assert not sent[-1]
        assert watched.child.dropped == sent.count(False)


async def test_a_callback_that_raises_is_counted_and_harms_nothing():
    async with running() as watched:
        watched.child._on_message = lambda message: 1 / 0
        watched.child.send({"t": "echo", "body": 1})
        await eventually(lambda: watched.child.callback_errors == 1)
        assert watched.downs == []


async def test_what_the_child_logs_is_logged_again_without_secrets(caplog):
    caplog.set_level(logging.DEBUG)
    async with running() as watched:
        watched.child.send({"t": "log"})
        watched.child.send({"t": "print"})
        watched.child.send({"t": "flood"})
        watched.child.send({"t": "raise"})
        await watched.up_again()
    logged = {record.getMessage(): record for record in caplog.records}
    hello = logged["[tiny] hello from rtsp://***"]
    assert (hello.levelno, hello.name) == (logging.WARNING, "wallflower_sidecar.tiny")
    assert "[tiny] plain rtsp://*** line" in logged
    assert any(text.startswith("[tiny] the child failed (ValueError at tiny_child.py:") for text in logged)
    assert any("more lines in one second were left out" in text for text in logged)
    assert "secret" not in caplog.text
    assert max(map(len, logged)) < 20_000

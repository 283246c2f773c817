"""Waiting, ports and leaks: what the other tests lean on."""

import asyncio
import socket
import subprocess
import sys

import pytest

from tests.support.leaks import no_leaks
from tests.support.ports import LOOPBACK, free_port, free_ports, is_listening
from tests.support.waiting import eventually


async def test_eventually_returns_the_first_true_value() -> None:
    answers = iter([None, [], "here"])

    assert await eventually(lambda: next(answers), interval_s=0.001) == "here"


async def test_eventually_awaits_and_forgives_assertions() -> None:
    tries = []

    async def third_time() -> str:
        tries.append(1)
        assert len(tries) == 3, "not yet"
        return "now"

    assert await eventually(third_time, interval_s=0.001) == "now"


async def test_eventually_says_what_it_saw_last() -> None:
    with pytest.raises(AssertionError, match=r"not true within 0.05 s; last seen: \[\]"):
        await eventually(list, timeout_s=0.05, interval_s=0.01)


async def test_eventually_gives_up_on_a_predicate_that_hangs() -> None:
    with pytest.raises(AssertionError, match="no answer before the deadline"):
        await eventually(asyncio.Event().wait, timeout_s=0.05)


async def test_eventually_lets_other_errors_through() -> None:
    with pytest.raises(ZeroDivisionError):
        await eventually(lambda: 1 / 0)


def test_free_ports_are_different_and_free() -> None:
    ports = free_ports(20)

    assert len(set(ports)) == 20
    assert not any(is_listening(port) for port in ports)


def test_a_listening_port_is_seen() -> None:
    with socket.create_server((LOOPBACK, free_port())) as server:
        assert is_listening(server.getsockname()[1])


def test_a_child_left_behind_is_found() -> None:
    child = None
    try:
        with pytest.raises(AssertionError, match="left behind: children"), no_leaks(grace_s=0.1):
            child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    finally:
        child.communicate()


def test_a_port_left_open_is_found() -> None:
    server = None
    try:
        with pytest.raises(AssertionError, match="listening ports"), no_leaks(grace_s=0.1):
            server = socket.create_server((LOOPBACK, 0))
    finally:
        server.close()


def test_what_ends_within_the_grace_is_no_leak() -> None:
    child = None
    with no_leaks(grace_s=5.0):
        child = subprocess.Popen([sys.executable, "-c", "pass"])
        child.wait()
    assert child.returncode == 0

"""Which sockets are shut to wake a thread, on real loopback sockets and threads that wait for them."""

from contextlib import contextmanager
import select
import socket
import threading

import pytest

from tests.support.ports import LOOPBACK
from wallflower_sidecar.capture.connection.waking import wake


class Waiting:
    """A thread that waits for these sockets as libav does: in poll(), a tenth of a second at a time."""

    def __init__(self, *sockets):
        self._sockets = sockets
        self.woken = threading.Event()
        self._ended = threading.Event()
        self.thread = threading.Thread(target=self._run)
        self.thread.start()

    def _run(self):
        poll = select.poll()
        for each in self._sockets:
            poll.register(each, select.POLLIN)
        while not self._ended.is_set():
            if poll.poll(100):
                self.woken.set()
                return

    def end(self):
        self._ended.set()
        self.thread.join(5)


@contextmanager
def connected(family=socket.AF_INET, host=LOOPBACK):
    with socket.create_server((host, 0), family=family) as server:
        near = socket.create_connection(server.getsockname()[:2])
        with near, server.accept()[0] as far:
            yield near, far


@contextmanager
def waiting(*sockets):
    one = Waiting(*sockets)
    try:
        yield one
    finally:
        one.end()


@pytest.mark.parametrize(("family", "host"), [(socket.AF_INET, LOOPBACK), (socket.AF_INET6, "::1")])
def test_only_the_socket_that_the_thread_waits_for_is_shut(family, host):
    with connected(family, host) as (mine, _), connected(family, host) as (others, _):
        with waiting(mine) as stuck, waiting(others) as well:
            assert wake(stuck.thread.native_id) == 1
            assert stuck.woken.wait(5)
            assert not well.woken.is_set()
        others.settimeout(0.1)
        with pytest.raises(TimeoutError):
            others.recv(1)


def test_a_thread_that_waits_for_many_is_woken_by_its_tcp_socket():
    with connected() as (control, _), socket.socket(type=socket.SOCK_DGRAM) as datagrams:
        datagrams.bind((LOOPBACK, 0))
        with waiting(datagrams, control) as stuck:
            assert wake(stuck.thread.native_id) == 1
            assert stuck.woken.wait(5)


def test_the_way_to_the_sidecar_is_never_shut():
    near, far = socket.socketpair()
    with near, far, waiting(near) as stuck:
        assert wake(stuck.thread.native_id) == 0
        assert not stuck.woken.is_set()


def test_a_thread_that_waits_for_no_socket_or_is_gone_is_left_alone():
    ended = threading.Event()
    thread = threading.Thread(target=ended.wait)
    thread.start()
    assert wake(thread.native_id) == 0
    ended.set()
    thread.join(5)
    assert wake(thread.native_id) == 0

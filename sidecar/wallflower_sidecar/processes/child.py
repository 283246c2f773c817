"""The child's side of a supervised process: a channel to the sidecar, a heartbeat, an end when it ends."""

from collections import deque
from collections.abc import Callable
import ctypes
import faulthandler
import logging
import os
import select
import signal
import socket
import sys
import threading
import time
from typing import NoReturn

from . import child_logging
from .wire import Decoder, Message, WireError, encode

HEARTBEAT = "heartbeat"
STOP = "stop"
HEARTBEAT_EVERY_S = 1.0

_PR_SET_PDEATHSIG = 1
_PR_SET_NAME = 15
_LOGGER = logging.getLogger(__name__)


class Stopped(Exception):  # noqa: N818 - a request, not an error
    """The sidecar asked this child to end; `main` may clean up, or just let it pass."""


class Channel:
    """Messages to and from the sidecar. `send` may be called from any thread, `receive` from one."""

    def __init__(self, sock: socket.socket, *, send_timeout_s: float = 5.0) -> None:
        """Speak over a connected stream socket in blocking mode."""
        self.dropped = 0
        self._sock = sock
        self._send_timeout_s = send_timeout_s
        self._lock = threading.Lock()
        self._unsent = memoryview(b"")
        self._decoder = Decoder()
        self._received: deque[Message] = deque()

    def send(self, message: Message) -> bool:
        """Send, waiting at most the send timeout while the socket is full; False: dropped (and counted)."""
        frame = memoryview(encode(message))
        deadline = time.monotonic() + self._send_timeout_s
        if not self._lock.acquire(timeout=self._send_timeout_s):
            self.dropped += 1
            return False
        try:
            if self._flush(deadline):
                self._unsent = frame
                if self._flush(deadline) or len(self._unsent) < len(frame):
                    return True
                self._unsent = memoryview(b"")
            self.dropped += 1
            return False
        finally:
            self._lock.release()

    def receive(self) -> Message:
        """Wait for the next message; raises Stopped when the sidecar asks this child to end."""
        while not self._received:
            try:
                data = self._sock.recv(262_144)
            except ConnectionError:
                data = b""
            if not data:
                end_with_group()
            self._received.extend(self._decoder.feed(data))
        message = self._received.popleft()
        if message["t"] == STOP:
            raise Stopped
        return message

    def watch(self) -> NoReturn:
        """Send the heartbeat for ever; end the process group once the sidecar's end of the socket closes."""
        poll = select.poll()
        poll.register(self._sock, select.POLLRDHUP)
        while not poll.poll(HEARTBEAT_EVERY_S * 1000):
            self.send({"t": HEARTBEAT})
        end_with_group()

    def _flush(self, deadline: float) -> bool:
        while self._unsent:
            try:
                sent = self._sock.send(self._unsent, socket.MSG_DONTWAIT)
            except BlockingIOError:
                if not self._writable(deadline - time.monotonic()):
                    return False
            except OSError:
                return False
            else:
                self._unsent = self._unsent[sent:]
        return True

    def _writable(self, timeout_s: float) -> bool:
        poll = select.poll()
        poll.register(self._sock, select.POLLOUT)
        return timeout_s > 0 and bool(poll.poll(timeout_s * 1000))


def run_child(main: Callable[[Channel], None]) -> NoReturn:
    """Run `main` as a child of the sidecar (arguments: fd, parent's pid, name, log level); exit with it."""
    fd, parent, name, level = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3], int(sys.argv[4])
    _die_with_parent(parent, name)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    child_logging.configure(level)
    faulthandler.enable()
    os.set_inheritable(fd, False)  # a grandchild that held it would keep the sidecar from seeing our end
    channel = Channel(socket.socket(fileno=fd))
    channel.send({"t": HEARTBEAT})
    threading.Thread(target=channel.watch, name="heartbeat", daemon=True).start()
    code = 0
    try:
        main(channel)
    except Stopped:
        _LOGGER.debug("asked to stop")
    except WireError as error:
        _LOGGER.error("the sidecar's messages cannot be read: %s", error)  # noqa: TRY400 - the trace adds nothing
        code = 1
    except Exception:
        _LOGGER.exception("the child failed")
        code = 1
    logging.shutdown()
    os._exit(code)  # threads inside a C library would hold up an ordinary exit


def end_with_group() -> NoReturn:
    """End this process at once, with everything it started, when it leads its process group."""
    if os.getpgrp() == os.getpid():
        os.killpg(os.getpgrp(), signal.SIGKILL)
    os._exit(1)


def _die_with_parent(parent: int, name: str) -> None:
    prctl = ctypes.CDLL(None, use_errno=True).prctl
    prctl(_PR_SET_NAME, name.encode()[:15], 0, 0, 0)
    if prctl(_PR_SET_PDEATHSIG, int(signal.SIGKILL), 0, 0, 0) != 0:
        _LOGGER.warning("the kernel refused the parent-death signal")
    if os.getppid() != parent:
        os._exit(1)

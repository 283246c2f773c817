"""The child's channel when the sidecar reads slowly or not at all."""

import socket
import threading
import time

from wallflower_sidecar.processes.child import Channel
from wallflower_sidecar.processes.wire import Decoder

BIG = {"t": "big", "pcm": bytes(1_000_000)}


def read_until(sock, count):
    decoder, messages = Decoder(), []
    while len(messages) < count:
        messages.extend(decoder.feed(sock.recv(65_536)))
    return messages


def test_a_full_socket_drops_after_the_timeout_and_counts_without_breaking_the_stream():
    theirs, ours = socket.socketpair()
    with theirs, ours:
        theirs.settimeout(5)
        channel = Channel(ours, send_timeout_s=0.1)
        assert channel.send(BIG)  # begun, so it is finished later
        started = time.monotonic()
        assert not channel.send({"t": "lost"})
        assert time.monotonic() - started < 1.0
        assert channel.dropped == 1
        reader = threading.Thread(target=lambda: got.extend(read_until(theirs, 2)))
        got: list[dict[str, object]] = []
        reader.start()
        while not channel.send({"t": "after"}):
            continue
        reader.join(5)
        assert [message["t"] for message in got] == ["big", "after"]


def test_messages_of_many_threads_arrive_whole():
    theirs, ours = socket.socketpair()
    with theirs, ours:
        theirs.settimeout(5)
        channel = Channel(ours)
        threads = [
            threading.Thread(
                target=lambda n=n: [channel.send({"t": "m", "n": n, "pcm": bytes(50_000)}) for _ in range(20)]
            )
            for n in range(4)
        ]
        for thread in threads:
            thread.start()
        messages = read_until(theirs, 80)
        for thread in threads:
            thread.join(5)
        assert sorted(message["n"] for message in messages) == sorted([0, 1, 2, 3] * 20)
        assert channel.dropped == 0


def test_sending_to_a_sidecar_that_is_gone_returns_at_once():
    theirs, ours = socket.socketpair()
    theirs.close()
    with ours:
        started = time.monotonic()
        assert not Channel(ours).send({"t": "a"})
        assert time.monotonic() - started < 1.0

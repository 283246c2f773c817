"""Resolving, diagnosing and waking, on real loopback sockets."""

from contextlib import closing, contextmanager
import socket
import threading

import pytest

from tests.support.ports import LOOPBACK, free_port
from wallflower_sidecar.capture.connection import network
from wallflower_sidecar.domain.camera_url import CameraUrl
from wallflower_sidecar.domain.errors import CaptureCode, CaptureError


@contextmanager
def server(answer):
    """Answer the first request on a loopback port; None: never. Yields the port and what was asked."""
    asked = []
    with closing(socket.create_server((LOOPBACK, 0))) as listener:

        def serve():
            with listener.accept()[0] as connection:
                asked.append(connection.recv(4096))
                if answer is None:
                    connection.recv(1)
                else:
                    connection.sendall(answer)

        thread = threading.Thread(target=serve)
        thread.start()
        yield listener.getsockname()[1], asked
        thread.join(5)


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (b"RTSP/1.0 200 OK\r\nCSeq: 1\r\n\r\n", None),
        (b"HTTP/1.1 400 Bad Request\r\n\r\n", CaptureCode.NOT_RTSP),
        (b"SSH-2.0-OpenSSH_9.2\r\n", CaptureCode.NOT_RTSP),
        (b"", CaptureCode.EOF),
        (None, CaptureCode.CONNECT_TIMEOUT),
    ],
)
def test_what_answers_is_told_apart(answer, code):
    with server(answer) as (port, asked):
        url = CameraUrl.parse(f"rtsp://user:secret@{LOOPBACK}:{port}/live?channel=1")
        assert network.diagnose(url, (LOOPBACK, port)) is code
    assert asked[0].startswith(f"OPTIONS rtsp://{LOOPBACK}:{port}/live?channel=1 RTSP/1.0\r\n".encode())
    assert b"secret" not in asked[0]


def test_nobody_there_is_refused():
    port = free_port()
    url = CameraUrl.parse(f"rtsp://{LOOPBACK}:{port}/")
    assert network.diagnose(url, (LOOPBACK, port)) is CaptureCode.CONNECTION_REFUSED


@pytest.mark.parametrize(
    ("text", "addresses"),
    [
        ("rtsp://192.0.2.7/a", [("192.0.2.7", 554)]),
        ("rtsps://[2001:db8::7]:99/a", [("2001:db8::7", 99)]),
        ("rtsp://[fe80::1%25lo]/a", [("fe80::1%lo", 554)]),
    ],
)
def test_an_address_needs_no_resolver(text, addresses):
    assert network.resolve(CameraUrl.parse(text)) == addresses


def test_a_name_is_resolved():
    assert (LOOPBACK, 8554) in network.resolve(CameraUrl.parse("rtsp://localhost:8554/"))


def test_an_unknown_name_has_its_own_code():
    with pytest.raises(CaptureError) as caught:
        network.resolve(CameraUrl.parse("rtsp://does-not-exist.invalid/"))
    assert caught.value.code is CaptureCode.DNS_FAILED


def test_a_resolver_that_hangs_is_given_up(monkeypatch):
    release = threading.Event()
    monkeypatch.setattr(socket, "getaddrinfo", lambda *args, **kwargs: release.wait(10) and [])
    with pytest.raises(CaptureError) as caught:
        network.resolve(CameraUrl.parse("rtsp://slow.example/"), timeout_s=0.1)
    release.set()
    assert caught.value.code is CaptureCode.DNS_FAILED


@pytest.mark.parametrize(
    ("text", "address", "expected"),
    [
        ("rtsp://u:p%40s@name/live?a=1", ("192.0.2.7", 554), "rtsp://u:p%40s@192.0.2.7:554/live?a=1"),
        ("rtsp://name:8554/@x", ("2001:db8::7", 8554), "rtsp://[2001:db8::7]:8554/@x"),
        ("rtsps://name/live", ("192.0.2.7", 322), "rtsps://name:322/live"),
        ("RTSPS://na\u00efve/live", ("192.0.2.7", 322), "rtsps://xn--nave-6pa:322/live"),
        ("rtsp://u:p@ss@name/l?udp", ("192.0.2.7", 554), "rtsp://u:p%40ss@192.0.2.7:554/l?udp"),
        ("rtsp://u@[fe80::1%25eth0]/l", ("fe80::1%eth0", 554), "rtsp://u:@[fe80::1%eth0]:554/l"),
    ],
)
def test_the_resolved_address_takes_the_names_place_except_under_tls(text, address, expected):
    assert network.numeric_location(CameraUrl.parse(text), address) == expected

"""The network around a session: resolving its host, and what answers there."""

import contextlib
import ipaddress
import socket
import threading

from ...domain.camera_url import CameraUrl
from ...domain.errors import CaptureCode, CaptureError

type Address = tuple[str, int]
"""A numeric host and a port."""

RESOLVE_TIMEOUT_S = 5.0
_DIAGNOSIS_TIMEOUT_S = 1.5


def resolve(url: CameraUrl, timeout_s: float = RESOLVE_TIMEOUT_S) -> list[Address]:
    """Return the host's addresses in the resolver's order; raises CaptureError dns_failed, also when late."""
    with contextlib.suppress(ValueError):
        return [(str(ipaddress.ip_address(url.host)), url.port)]
    found: list[Address] = []

    def look_up() -> None:
        with contextlib.suppress(OSError, UnicodeError):
            answers = socket.getaddrinfo(url.host, url.port, type=socket.SOCK_STREAM)
            found.extend(dict.fromkeys((str(answer[4][0]), url.port) for answer in answers))

    # The resolver cannot be interrupted: a thread of its own is left behind when it takes too long.
    thread = threading.Thread(target=look_up, name="resolver", daemon=True)
    thread.start()
    thread.join(timeout_s)
    if thread.is_alive() or not found:
        raise CaptureError(CaptureCode.DNS_FAILED)
    return list(found)


def numeric_location(url: CameraUrl, address: Address) -> str:
    """Write the address for libav, the resolved host in it; TLS keeps the name, which goes into its handshake.

    It is written anew from its checked parts: what libav finds in it is what was found by the check.
    """
    login = f"{url.login}@" if url.login else ""
    return f"{url.scheme}://{login}{_authority(url, address)}{url.request}"


def diagnose(url: CameraUrl, address: Address) -> CaptureCode | None:
    """Ask what answers at an address for its OPTIONS; None when it does speak RTSP."""
    try:
        with socket.create_connection(address, _DIAGNOSIS_TIMEOUT_S) as sock:
            location = f"{url.scheme}://{_authority(url, address)}{url.request}"
            sock.sendall(f"OPTIONS {location} RTSP/1.0\r\nCSeq: 1\r\n\r\n".encode())
            answer = sock.recv(16)
    except ConnectionRefusedError:
        return CaptureCode.CONNECTION_REFUSED
    except TimeoutError:
        return CaptureCode.CONNECT_TIMEOUT
    except OSError:
        return CaptureCode.EOF
    if not answer:
        return CaptureCode.EOF
    return None if answer.startswith(b"RTSP/") else CaptureCode.NOT_RTSP


def _authority(url: CameraUrl, address: Address) -> str:
    name = url.host if url.scheme == "rtsps" else address[0]
    host = f"[{name}]" if ":" in name else name
    return f"{host}:{url.port}"

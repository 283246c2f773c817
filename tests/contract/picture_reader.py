"""Moving pictures, read off an answer that blocks."""

from collections.abc import Generator
from contextlib import contextmanager
from email.parser import BytesHeaderParser
import http.client
import socket

import cv2
import numpy as np
from numpy.typing import NDArray

from wallflower_sidecar.api.operations import BASE_PATH

from .api_client import LOOPBACK, TIMEOUT_S, Api


class PictureReader:
    """Reads JPEG after JPEG."""

    def __init__(self, response: http.client.HTTPResponse) -> None:
        """Read what follows the headers."""
        self.response = response
        self.boundary = f"--{response.headers.get_boundary()}".encode()
        assert self.response.read(len(self.boundary)) == self.boundary

    def jpeg(self) -> bytes:
        """The next picture, up to the boundary that follows it at once; raises EOFError at the end in good order."""
        if (line := self.response.readline()) != b"\r\n":
            assert (line, self.response.read()) == (b"--\r\n", b"")
            raise EOFError
        head = b"".join(iter(self.response.readline, b"\r\n"))
        headers = BytesHeaderParser().parsebytes(head)
        assert headers.get_content_type() == "image/jpeg"
        jpeg = self.response.read(int(headers["Content-Length"]))
        assert self.response.read(len(self.boundary) + 2) == b"\r\n" + self.boundary
        return jpeg

    def image(self) -> NDArray[np.uint8]:
        """The next picture, decoded."""
        return cv2.imdecode(np.frombuffer(self.jpeg(), np.uint8), cv2.IMREAD_COLOR)


@contextmanager
def watching(api: Api, stream: str, query: str = "", *, receive_bytes: int | None = None) -> Generator[PictureReader]:
    """Open the moving picture of a stream; the block starts with its headers."""
    connection = http.client.HTTPConnection(LOOPBACK, api.port, timeout=TIMEOUT_S)
    if receive_bytes is not None:
        connection.sock = socket.socket()
        connection.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_bytes)
        connection.sock.settimeout(TIMEOUT_S)
        connection.sock.connect((LOOPBACK, api.port))
    try:
        credentials = {"Authorization": f"Bearer {api.token}"}
        connection.request("GET", f"{BASE_PATH}/streams/{stream}/live.mjpeg{query}", headers=credentials)
        response = connection.getresponse()
        if response.status != 200:
            raise AssertionError(f"live.mjpeg{query}: {response.status} {response.read()!r}")
        yield PictureReader(response)
    finally:
        connection.close()

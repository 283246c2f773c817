"""A hub on loopback that offers one real model and fails as it is told."""

from contextlib import contextmanager
import hashlib
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
import json
from pathlib import Path
import threading

REVISION = "0123456789abcdef0123456789abcdef01234567"
LARGE = 1_000_000


class ScriptedHub:
    """Serves a folder's files as the repository.

    `cut_at` ends large bodies early, `damage` changes a byte, `status` refuses everything, `pause_at` stops there.
    """

    def __init__(self, repository: str, folder: Path) -> None:
        self.repository = repository
        self.files = {path.name: path.read_bytes() for path in sorted(folder.iterdir())}
        self.files["README.md"] = b"not wanted"
        self.cut_at: list[int] = []
        self.damage: set[str] = set()
        self.status: int | None = None
        self.pause = threading.Event()
        self.pause_at: int | None = None
        self.asked: list[tuple[str, str | None]] = []
        self.credentials: set[str] = set()
        self.url = ""

    def description(self) -> bytes:
        """What the API says of the repository."""
        siblings = []
        for name, data in self.files.items():
            entry = {"rfilename": name, "size": len(data)}
            entry["blobId"] = hashlib.sha1(b"blob %d\0" % len(data) + data).hexdigest()
            if len(data) > LARGE:
                entry["lfs"] = {"sha256": hashlib.sha256(data).hexdigest(), "size": len(data), "pointerSize": 134}
            siblings.append(entry)
        return json.dumps({"id": self.repository, "sha": REVISION, "siblings": siblings}).encode()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    hub: ScriptedHub

    def do_GET(self) -> None:
        self.hub.credentials |= {self.headers[name] for name in ("Authorization", "Cookie") if name in self.headers}
        path = self.path.partition("?")[0].strip("/")
        if self.hub.status is not None:
            self._send(self.hub.status, b"{}", "application/json")
        elif path == f"api/models/{self.hub.repository}":
            self._send(200, self.hub.description(), "application/json")
        elif path.startswith(f"{self.hub.repository}/resolve/{REVISION}/"):
            self._send_file(path.rpartition("/")[2])
        else:
            self._send(404, b"{}", "application/json")

    def _send_file(self, name: str) -> None:
        wanted = self.headers.get("Range")
        self.hub.asked.append((name, wanted))
        data = bytearray(self.hub.files[name])
        if name in self.hub.damage:
            self.hub.damage.remove(name)
            data[len(data) // 2] ^= 0xFF
        first = int(wanted.removeprefix("bytes=").partition("-")[0]) if wanted else 0
        end = len(data)
        if len(data) > LARGE and self.hub.cut_at:
            end = self.hub.cut_at.pop(0)
        self.send_response(206 if wanted else 200)
        self.send_header("Content-Length", str(len(data) - first))
        self.end_headers()
        if len(data) > LARGE and self.hub.pause_at is not None:
            self.wfile.write(data[first : self.hub.pause_at])
            first = max(first, self.hub.pause_at)
            self.hub.pause.wait(60)
        self.wfile.write(data[first:end])
        if end < len(data):
            self.close_connection = True

    def _send(self, status: int, body: bytes, kind: str) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *arguments: object) -> None:
        """Say nothing."""


@contextmanager
def scripted_hub(repository: str, folder: Path):
    """Run a hub until the block ends."""
    hub = ScriptedHub(repository, folder)
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), {"hub": hub}))
    server.daemon_threads = True
    hub.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield hub
    finally:
        hub.pause.set()
        server.shutdown()
        server.server_close()
        thread.join()

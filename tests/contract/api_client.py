"""A blocking client of the API, and a real service behind a real HTTP server in a thread of its own."""

import asyncio
from collections.abc import Coroutine, Generator, Iterator, Mapping
from contextlib import contextmanager
import http.client
import itertools
import json
import logging
from pathlib import Path
import socket
import threading
from typing import Any, Self

import psutil

from tests.support.footage import Filmed
from wallflower_sidecar.api import bind, create_app, serving
from wallflower_sidecar.api.events import Pace
from wallflower_sidecar.api.operations import BASE_PATH
from wallflower_sidecar.domain.recordings import SavedFile
from wallflower_sidecar.service import Service
from wallflower_sidecar.settings import load_settings

from .contract_shapes import Answer, hold_to_contract
from .event_reader import EventReader

TOKEN = "an-admin-token-from-outside"
LOOPBACK = "127.0.0.1"
TIMEOUT_S = 20.0
_ADDRESSES = (f"127.0.{high}.{low}" for high, low in itertools.product(range(1, 255), range(1, 255)))


class Api:
    """Asks one server, from one loopback address, with one token; holds every answer against the contract's shapes."""

    def __init__(self, port: int, *, token: str | None = TOKEN, address: str = LOOPBACK) -> None:
        """Remember where and as whom to ask."""
        self.port = port
        self.token = token
        self.address = address
        self.expects_failure = False

    def expecting_failure(self) -> Self:
        """The same for a server that was broken on purpose: only then may an answer be a 500."""
        broken = type(self)(self.port, token=self.token, address=self.address)
        broken.expects_failure = True
        return broken

    def as_holder_of(self, token: str | None) -> Self:
        """The same with another token, or with none."""
        return type(self)(self.port, token=token, address=self.address)

    def from_a_new_address(self) -> Self:
        """The same from a loopback address that nobody has used, so that its failures are not counted with others."""
        return type(self)(self.port, token=self.token, address=next(_ADDRESSES))

    def ask(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        raw: bytes | None = None,
        headers: dict[str, str] | None = None,
    ) -> Answer:
        """Send one request below the base path; `raw` instead of `body` is sent as it is."""
        sent = json.dumps(body).encode() if raw is None and body is not None else raw
        return self.ask_path(method, BASE_PATH + path, sent, headers)

    def ask_path(
        self, method: str, path: str, raw: bytes | None = None, headers: dict[str, str] | None = None
    ) -> Answer:
        """Send one request to a whole path."""
        connection = http.client.HTTPConnection(
            LOOPBACK, self.port, timeout=TIMEOUT_S, source_address=(self.address, 0)
        )
        try:
            connection.request(method, path, body=raw, headers={**self._credentials(), **(headers or {})})
            response = connection.getresponse()
            answer = Answer(response.status, response.headers, b"" if method == "HEAD" else response.read())
        finally:
            connection.close()
        hold_to_contract(method, path, answer)
        assert self.expects_failure == (answer.status == 500), answer
        return answer

    @contextmanager
    def events(self, query: str = "", headers: dict[str, str] | None = None) -> Generator[EventReader]:
        """Open the event stream; the block starts once it is open."""
        connection = http.client.HTTPConnection(
            LOOPBACK, self.port, timeout=TIMEOUT_S, source_address=(self.address, 0)
        )
        try:
            connection.request("GET", f"{BASE_PATH}/events{query}", headers={**self._credentials(), **(headers or {})})
            response = connection.getresponse()
            if response.status != 200:
                raise AssertionError(f"GET /events{query}: {response.status} {response.read()!r}")
            reader = EventReader(response)
            assert reader.block()[0].startswith(":"), "the first thing is a comment: the stream is open"
            yield reader
        finally:
            connection.close()

    def bytes(self, sent: bytes) -> bytes:
        """Send bytes that need not be HTTP; returns all that comes back until the server closes."""
        with socket.create_connection((LOOPBACK, self.port), TIMEOUT_S, source_address=(self.address, 0)) as link:
            link.sendall(sent)
            return b"".join(iter(lambda: link.recv(65536), b""))

    def _credentials(self) -> dict[str, str]:
        return {} if self.token is None else {"Authorization": f"Bearer {self.token}"}


@contextmanager
def running_api(folder: Path, *, pace: Pace | None = None, **settings: str) -> Generator[tuple[Api, Background]]:
    """Run a real service with an empty data folder and no speech model behind a real HTTP server on loopback."""
    environ = {
        "WALLFLOWER_DATA_DIR": str(folder),
        "WALLFLOWER_TOKEN": TOKEN,
        "WALLFLOWER_MODEL": str(folder / "no-model"),
        **{f"WALLFLOWER_{name.upper()}": value for name, value in settings.items()},
    }
    with Background() as background:
        port = background.start(_serve(environ, pace, background))
        yield Api(port), background


class Background:
    """An event loop in a thread, for a server beside tests that block."""

    def __init__(self) -> None:
        """Prepare; `start` begins."""
        self.service: Service
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="api under test")
        self._ready: asyncio.Future[int]
        self._task: asyncio.Task[None] | None = None

    def __enter__(self) -> Self:
        """Start the thread."""
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Stop what runs, then the thread."""
        try:
            self.stop()
        finally:
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join(TIMEOUT_S)
            self._loop.close()

    def start(self, server: Coroutine[Any, Any, None]) -> int:
        """Run the server; returns its port once it listens."""

        async def begin() -> int:
            self._ready = asyncio.get_running_loop().create_future()
            self._task = asyncio.create_task(server)
            self._task.add_done_callback(_tell_of_a_crash)
            await asyncio.wait({self._ready, self._task}, return_when=asyncio.FIRST_COMPLETED)
            if self._task.done():
                self._task.result()
            return await self._ready

        return self.call(begin())

    def stop(self) -> None:
        """Cancel the server and wait until it has cleaned up; may be called again."""

        async def end() -> None:
            if self._task is not None:
                self._task.cancel()
                await asyncio.wait({self._task})

        self.call(end())

    def listening(self, service: Service, port: int) -> None:
        """Told by the server: it can be asked now."""
        self.service = service
        self._ready.set_result(port)

    def call[T](self, work: Coroutine[Any, Any, T]) -> T:
        """Do something on the server's loop and wait for its result."""
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(TIMEOUT_S * 2)


def _tell_of_a_crash(task: asyncio.Task[None]) -> None:
    if not task.cancelled() and (error := task.exception()):
        logging.getLogger(__name__).error("The server under test ended by itself", exc_info=error)


async def _serve(environ: Mapping[str, str], pace: Pace | None, background: Background) -> None:
    settings = load_settings(environ).settings
    sockets = bind(LOOPBACK, 0)
    async with (
        Service.open(settings, environ=environ) as service,
        serving(create_app(service, pace=pace), sockets),
    ):
        background.listening(service, sockets[0].getsockname()[1])
        await asyncio.get_running_loop().create_future()


def is_served(client: socket.socket) -> bool:
    """Whether the server, which runs in this process, still holds its end of a connection."""
    connections = psutil.Process().net_connections("tcp")
    return any(each.raddr == client.getsockname() for each in connections)


def pages(api: Api, path: str, limit: int) -> Iterator[list[Any]]:
    """Go through a list, a page at a time."""
    cursor = ""
    while True:
        answer = api.ask("GET", f"{path}{'&' if '?' in path else '?'}limit={limit}{cursor}")
        assert answer.status == 200, answer
        yield answer.document["items"]
        if answer.document["next"] is None:
            return
        cursor = f"&cursor={answer.document['next']}"


def take_in(background: Background, stream: str, files: list[Filmed]) -> None:
    """Tell the library of files as capture does."""

    async def tell() -> None:
        for each in files:
            saved = SavedFile(stream, each.path, each.start, each.end, each.path.stat().st_size)
            background.service.recordings.saved(stream, saved)

    background.call(tell())

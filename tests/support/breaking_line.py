"""A line to a PostgreSQL server that breaks in the middle of a COMMIT."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
import tempfile

SOCKET = ".s.PGSQL.5432"


class BreakingLine:
    """Once armed, the next COMMIT is the last thing that its connection carries."""

    def __init__(self, server: Path, folder: Path) -> None:
        self.folder = folder
        """Where a client finds the socket, as `host`."""

        self.broken = 0
        self._server = server
        self._arrives: bool | None = None
        self._lines: set[asyncio.Task[None]] = set()

    def break_at_commit(self, *, arrives: bool) -> None:
        """Break the line at the next COMMIT: before the server has it, or after the server did it."""
        self._arrives = arrives

    async def carry(self, client: asyncio.StreamReader, to_client: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._lines.add(task)
        server, to_server = await asyncio.open_unix_connection(str(self._server / SOCKET))
        answering = asyncio.create_task(_pass_on(server, to_client))
        try:
            while sent := await client.read(65536):
                if self._arrives is None or b"COMMIT;" not in sent:
                    to_server.write(sent)
                    continue
                answering.cancel()
                await asyncio.wait([answering])
                if self._arrives:
                    to_server.write(sent)
                    await server.read(65536)
                self._arrives, self.broken = None, self.broken + 1
                return
        finally:
            answering.cancel()
            to_server.close()
            to_client.close()
            self._lines.discard(task)

    def cut(self) -> None:
        for line in self._lines:
            line.cancel()


async def _pass_on(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
    with suppress(ConnectionError):
        while received := await source.read(65536):
            sink.write(received)
        sink.close()


@asynccontextmanager
async def breaking_line(server: Path) -> AsyncIterator[BreakingLine]:
    """A line to the server whose socket is in a folder."""
    # A socket's path must be short.
    with tempfile.TemporaryDirectory(prefix="wfln") as folder:
        line = BreakingLine(server, Path(folder))
        listening = await asyncio.start_unix_server(line.carry, folder + "/" + SOCKET)
        try:
            yield line
        finally:
            listening.close()
            line.cut()

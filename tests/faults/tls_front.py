"""TLS before a test camera, with a certificate that it signed itself, as cameras do, or another."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
import ssl

from tests.support.certificates import Certificate, make_certificate
from tests.support.ports import LOOPBACK


@asynccontextmanager
async def tls_front(
    port: int, folder: Path, certificate: Certificate | None = None, front: int = 0
) -> AsyncIterator[int]:
    """Pass TLS connections on to a loopback port in plain; yields the TLS port."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain((certificate or make_certificate("camera")).save(folder / "camera.pem"))

    async def pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            while data := await reader.read(65_536):
                writer.write(data)
                await writer.drain()
        writer.close()

    async def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        inner_reader, inner_writer = await asyncio.open_connection(LOOPBACK, port)
        await asyncio.gather(pass_on(reader, inner_writer), pass_on(inner_reader, writer))

    server = await asyncio.start_server(accept, LOOPBACK, front, ssl=context)
    try:
        yield int(server.sockets[0].getsockname()[1])
    finally:
        server.close()
        server.close_clients()

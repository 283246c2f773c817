"""A network path to a camera that delays what the camera sends, in order, as a busy Wi-Fi does."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress

from .ports import LOOPBACK

CHUNK = 1 << 14

type Delay = Callable[[float], float]
"""Seconds that what is sent now is under way; its argument: seconds since the connection was made."""


@asynccontextmanager
async def slow_link(port: int, delay: Delay) -> AsyncIterator[int]:
    """Relay TCP to a port of this machine beside the block; yields the port at which the path begins.

    RTSP's answers pass at once, only media is delayed; nothing overtakes.
    """
    tasks: set[asyncio.Task[None]] = set()

    async def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        tasks.add(task)
        with suppress(ConnectionError):
            far_reader, far_writer = await asyncio.open_connection(LOOPBACK, port)
            try:
                async with asyncio.TaskGroup() as group:
                    there = group.create_task(_pass_on(reader, far_writer))
                    back = group.create_task(_pass_late(far_reader, writer, delay))
                    await asyncio.wait((there, back), return_when=asyncio.FIRST_COMPLETED)
                    there.cancel()
                    back.cancel()
            finally:
                far_writer.close()
                writer.close()
                tasks.discard(task)

    server = await asyncio.start_server(accept, LOOPBACK, 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        for task in tuple(tasks):
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(ConnectionError):
        while data := await reader.read(CHUNK):
            writer.write(data)
            await writer.drain()


async def _pass_late(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, delay: Delay) -> None:
    loop = asyncio.get_running_loop()
    began_s = loop.time()
    waiting: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue()

    async def deliver() -> None:
        while True:
            due_s, data = await waiting.get()
            await asyncio.sleep(due_s - loop.time())
            writer.write(data)
            await writer.drain()

    delivery = asyncio.create_task(deliver())
    try:
        with suppress(ConnectionError):
            while data := await reader.read(CHUNK):
                now_s = loop.time()
                late_s = 0.0 if data.startswith(b"RTSP/") else delay(now_s - began_s)
                waiting.put_nowait((now_s + late_s, data))
    finally:
        delivery.cancel()
        await asyncio.gather(delivery, return_exceptions=True)

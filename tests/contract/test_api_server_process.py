"""The sidecar as a process: it starts, answers, and ends within 10 s of SIGTERM with whoever is connected."""

import asyncio
import json
from pathlib import Path
import signal
import socket
import time

import pytest

from tests.support.child_process import ignoring_sigint, running
from tests.support.ports import free_port
from tests.support.sidecar import TOKEN, Sidecar, sidecar, wallflower
from tests.support.waiting import eventually


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """No model, so that nothing heavy is loaded."""
    return {"WALLFLOWER_MODEL": str(tmp_path / "no-model"), "WALLFLOWER_LOG_FORMAT": "json"}


async def stopped(server: Sidecar, number: signal.Signals = signal.SIGTERM) -> tuple[int, float]:
    """Send a signal; returns exit code and how long it took."""
    started = time.monotonic()
    server.process.process.send_signal(number)
    async with asyncio.timeout(12):
        code = await server.process.process.wait()
    return code, time.monotonic() - started


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_a_signal_ends_it_with_exit_code_0(
    tmp_path: Path, environment: dict[str, str], number: signal.Signals
) -> None:
    async with sidecar(tmp_path / "data", free_port(), env=environment) as server:
        code, took_s = await stopped(server, number)
    assert code == 0, server.process.lines
    assert took_s < 10


async def test_clients_that_are_connected_do_not_keep_it(tmp_path: Path, environment: dict[str, str]) -> None:
    port = free_port()
    async with sidecar(tmp_path / "data", port, env=environment) as server:
        with (
            socket.create_connection(("127.0.0.1", port)) as idle,
            socket.create_connection(("127.0.0.1", port)) as half,
        ):
            half.sendall(
                b"PUT /api/v1/streams/x HTTP/1.1\r\nHost: x\r\nContent-Length: 99\r\n"
                b"Authorization: Bearer " + TOKEN.encode() + b"\r\n\r\n{"
            )
            idle.sendall(b"GET /api/v1/in")
            listening = asyncio.Event()

            async def listen() -> None:
                events = server.events(types="stream.removed")
                listening.set()
                async for _ in events:
                    pass

            listener = asyncio.create_task(listen())
            await listening.wait()
            await server.request("PUT", "/streams/down", {"name": "Down", "url": "rtsp://127.0.0.1:1/"}, status=201)
            code, took_s = await stopped(server)
            await asyncio.wait({listener}, timeout=5)
            assert listener.done()
    assert code == 0, server.process.lines
    assert took_s < 10


async def test_a_signal_while_it_starts_ends_it_too_also_where_sigint_is_ignored(
    tmp_path: Path, environment: dict[str, str]
) -> None:
    environment |= {"WALLFLOWER_DATA_DIR": str(tmp_path), "WALLFLOWER_PORT": str(free_port())}
    async with running("sidecar", *ignoring_sigint(wallflower(), "serve"), env=environment) as process:
        await eventually((tmp_path / "wallflower.db").exists, timeout_s=20, interval_s=0.01)
        process.process.send_signal(signal.SIGINT)
        assert await process.ended(12) == 0, process.lines


async def test_a_port_that_is_taken_is_one_sentence_and_nothing_starts(
    tmp_path: Path, environment: dict[str, str]
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = str(other.getsockname()[1])
        environment |= {"WALLFLOWER_DATA_DIR": str(tmp_path / "data"), "WALLFLOWER_PORT": port}
        async with running("sidecar", wallflower(), "serve", env=environment) as process:
            assert await process.ended(30) == 1
    said = "\n".join(process.lines)
    assert "Cannot listen on 127.0.0.1" in said
    assert "Traceback" not in said
    assert not (tmp_path / "data" / "wallflower.db").exists()


async def test_its_log_is_json_lines_without_a_token(tmp_path: Path, environment: dict[str, str]) -> None:
    async with sidecar(tmp_path / "data", free_port(), env={**environment, "WALLFLOWER_LOG_LEVEL": "debug"}) as server:
        await server.request("GET", "/transcripts?q=tellnobody")
        await stopped(server)
    for line in server.process.lines:
        assert {"time", "level", "logger", "message"} <= set(json.loads(line))
        assert TOKEN not in line
        assert "tellnobody" not in line

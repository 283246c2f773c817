"""`wallflower probe`: errors of usage, and a camera that is down."""

import asyncio
import json
import signal
import socket
import time

import psutil
import pytest

from tests.support.child_process import ignoring_sigint, running
from tests.support.ports import LOOPBACK
from tests.support.sidecar import wallflower

from .conftest import Run


@pytest.fixture
def closed_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


@pytest.mark.parametrize("url", ["", "http://h/", "rtsp://", "camera.local", "rtsp://user:s3cret@h:99999/"])
def test_an_address_that_is_none_is_wrong_usage(run: Run, url: str) -> None:
    result = run("probe", url)
    assert result.exit_code == 2
    assert "s3cret" not in result.stderr


def test_a_camera_that_is_down_is_one_sentence(run: Run, closed_port: int) -> None:
    result = run("probe", f"rtsp://user:s3cret@127.0.0.1:{closed_port}/live")
    assert result.exit_code == 1
    assert "refused the connection" in result.stderr
    assert "s3cret" not in result.stderr
    assert result.stdout == ""


def test_the_address_may_come_from_standard_input(run: Run, closed_port: int) -> None:
    result = run("probe", "-", "--json", stdin=f"rtsp://user:s3cret@127.0.0.1:{closed_port}/live\n")
    assert result.exit_code == 1
    assert "refused the connection" in result.stderr
    assert json.dumps(None) not in result.stdout


def test_a_certificate_that_is_no_choice_is_wrong_usage(run: Run) -> None:
    result = run("probe", "rtsps://h/", "--certificate", "sha256:12")
    assert result.exit_code == 2
    assert "fingerprint" in result.stderr


async def test_ctrl_c_ends_it_also_where_sigint_is_ignored() -> None:
    asked = asyncio.Event()

    async def say_nothing(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked.set()
        await reader.read()
        writer.close()

    async with await asyncio.start_server(say_nothing, LOOPBACK, 0) as silent:
        address = f"rtsp://user:s3cret@{LOOPBACK}:{silent.sockets[0].getsockname()[1]}/live"
        command = ignoring_sigint(wallflower(), "probe", "-")
        async with running("probe", *command, stdin=f"{address}\n".encode()) as process:
            async with asyncio.timeout(30):
                await asked.wait()
            children = psutil.Process(process.pid).children(recursive=True)
            interrupted = time.monotonic()
            process.process.send_signal(signal.SIGINT)
            code = await process.ended()
    assert code == 1, process.lines
    assert time.monotonic() - interrupted < 4, "before the camera's time was up"
    assert children
    assert not any(child.is_running() for child in children)
    assert any("Stopped" in line for line in process.lines)
    assert not any("s3cret" in line for line in process.lines)

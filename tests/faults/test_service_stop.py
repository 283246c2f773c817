"""A stop in the middle of a sentence: what was heard up to it becomes text."""

import asyncio
from pathlib import Path
import sqlite3

import pytest

from tests.support.ports import free_port
from tests.support.rtsp_camera import FakeCamera
from tests.support.sidecar import sidecar
from tests.support.waiting import eventually
from wallflower_sidecar.domain.clock import format_time, from_millis

pytestmark = [pytest.mark.faults, pytest.mark.timeout(120)]


async def test_a_sentence_cut_off_by_a_stop_is_kept(tmp_path: Path, camera: FakeCamera) -> None:
    async with sidecar(tmp_path, free_port()) as server:
        await server.request("PUT", "/streams/porch", {"name": "Porch", "url": camera.url("porch")})
        events = server.events()
        async with asyncio.timeout(40):
            await anext(event async for event in events if event.type == "transcript.final")
            began = await anext(event async for event in events if event.type == "speech.started")
            await asyncio.sleep(0.5)  # some of the sentence

        server.process.process.terminate()

        assert await eventually(lambda: server.process.process.returncode is not None, timeout_s=10)
        assert server.process.process.returncode == 0
    with sqlite3.connect(tmp_path / "wallflower.db") as connection:
        newest, text = connection.execute("SELECT start, text FROM segments ORDER BY start DESC").fetchone()
        told = connection.execute("SELECT type FROM events ORDER BY id DESC LIMIT 3").fetchall()
    connection.close()
    assert format_time(from_millis(newest)) == began.data["at"]
    assert text
    assert {"speech.ended", "transcript.final"} <= {kind for (kind,) in told}

"""Forgetting the last minutes of a camera that records and is listened to: in no file, and nothing comes back."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from tests.support.ports import free_port
from tests.support.rtsp_camera import FakeCamera
from tests.support.sidecar import Sidecar, sidecar
from tests.support.waiting import eventually

pytestmark = [pytest.mark.faults, pytest.mark.timeout(120)]

NEEDLE = "xylophonist"


def files(folder: Path) -> set[str]:
    return {file.name for file in folder.glob("recordings/*/*/*.mp4*")}


def holders(folder: Path) -> list[str]:
    """The files of the data folder that hold the word."""
    return [
        str(file.relative_to(folder))
        for file in folder.rglob("*")
        if file.is_file() and NEEDLE.encode() in file.read_bytes().lower()
    ]


async def records(server: Sidecar) -> bool:
    found: bool = (await server.request("GET", "/streams/porch"))["status"]["recording"]
    return found


async def recordings(server: Sidecar) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = (await server.request("GET", "/recordings"))["items"]
    return items


async def test_a_camera_that_records_on_forgets_file_text_and_clip(tmp_path: Path, camera: FakeCamera) -> None:
    body = {"name": "Porch", "url": camera.url("mute"), "recording": {"mode": "continuous"}}
    async with sidecar(tmp_path, free_port()) as server:
        await server.request("PUT", "/streams/porch", body)
        await eventually(lambda: records(server), timeout_s=30)
        said = await server.request("POST", "/streams/porch/simulate", {"text": f"The {NEEDLE} plays"})
        await server.request("POST", "/streams/porch/recording", {"action": "start"})
        await asyncio.sleep(3)  # so that there is something to cut a clip from
        start = said["segment"]["start"]
        until = (await server.request("POST", "/streams/porch/simulate", {"text": "now", "store": False}))["segment"]
        clip = await server.request("POST", "/clips", {"stream": "porch", "from": start, "to": until["start"]})
        before = files(tmp_path)
        assert any(clip["id"] in name for name in before)
        assert holders(tmp_path)

        forgot = await server.request("POST", "/forget", {"minutes": 5, "stream": "porch"})
        assert forgot == {"deleted": 1, "recordings": 2}
        assert holders(tmp_path) == []
        assert not before & files(tmp_path)
        assert await recordings(server) == []
        assert (await server.request("GET", "/streams/porch"))["status"]["last_transcript_at"] is None

        await eventually(lambda: records(server), timeout_s=20)
        await server.request("PATCH", "/streams/porch", {"recording": {"mode": "off"}})
        await server.request("POST", "/streams/porch/recording", {"action": "stop"})
        item = (await eventually(lambda: recordings(server), timeout_s=20))[0]
        assert item["start"] > start, "what was recorded since is kept"


async def test_speech_that_is_not_text_yet_never_becomes_any(tmp_path: Path, camera: FakeCamera) -> None:
    async with sidecar(tmp_path, free_port()) as server:
        await server.request("PUT", "/streams/porch", {"name": "Porch", "url": camera.url("porch")})
        events = server.events(types="speech.ended,transcript.final")
        try:
            while (await anext(events)).type != "speech.ended":
                pass
            # It takes about a second until that is text.
            await server.request("POST", "/forget", {"minutes": 1})
            now = await server.request("POST", "/streams/porch/simulate", {"text": "now", "store": False})
            while (final := await anext(events)).type != "transcript.final" or final.data["source"] != "speech":
                pass
        finally:
            await events.aclose()
        assert final.data["start"] >= now["segment"]["start"], "the next that is told was said later"
        kept = (await server.request("GET", "/transcripts"))["items"]
        assert [each["text"] for each in kept if each["start"] < now["segment"]["start"]] == []


async def test_a_disk_that_is_away_forgets_once_it_is_back(tmp_path: Path, camera: FakeCamera) -> None:
    body = {"name": "Porch", "url": camera.url("mute"), "recording": {"mode": "continuous"}}
    root, away = tmp_path / "recordings", tmp_path / "unplugged"
    async with sidecar(tmp_path, free_port()) as server:
        await server.request("PUT", "/streams/porch", body)
        await eventually(lambda: records(server), timeout_s=30)
        await asyncio.sleep(2)
        await server.request("PATCH", "/streams/porch", {"recording": {"mode": "off"}})
        assert await eventually(lambda: recordings(server), timeout_s=20)
        said = await server.request("POST", "/streams/porch/simulate", {"text": f"The {NEEDLE} plays"})
        root.rename(away)
        await server.request("POST", "/forget", {"minutes": 5}, status=503)
        assert said["segment"]["text"] not in str(await server.request("GET", "/transcripts"))
        assert holders(tmp_path) == []
        away.rename(root)
        await eventually(lambda: not files(tmp_path), timeout_s=30)

        async def listed_no_more() -> bool:
            return await recordings(server) == []

        await eventually(listed_no_more, timeout_s=10)

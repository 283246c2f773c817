"""Forgetting the last minutes of a camera that records and is listened to: in no file, and nothing comes back."""

import asyncio
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from tests.support.mounts import untouchable
from tests.support.ports import free_port
from tests.support.rtsp_camera import FakeCamera
from tests.support.sidecar import TOKEN, Sidecar, sidecar
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


async def records(server: Sidecar, stream: str = "porch") -> bool:
    found: bool = (await server.request("GET", f"/streams/{stream}"))["status"]["recording"]
    return found


async def recordings(server: Sidecar) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = (await server.request("GET", "/recordings"))["items"]
    return items


async def watch(server: Sidecar, clip: dict[str, str]) -> None:
    headers = {"Authorization": f"Bearer {TOKEN}"}
    async with aiohttp.request("GET", f"{server.url}/api/v1/clips", params=clip, headers=headers) as answer:
        assert answer.status == 200
        assert await answer.read()


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


async def test_a_clip_that_cannot_be_removed_is_said_and_every_camera_records_on(
    tmp_path: Path, camera: FakeCamera
) -> None:
    body = {"name": "Porch", "url": camera.url("mute"), "recording": {"mode": "continuous"}}
    async with sidecar(tmp_path, free_port()) as server:
        for stream in ("porch", "yard"):
            await server.request("PUT", f"/streams/{stream}", body)
        await eventually(lambda: records(server), timeout_s=30)
        since = await server.request("POST", "/streams/porch/simulate", {"text": "now", "store": False})
        await asyncio.sleep(3)  # so that there is something to cut a clip from
        until = await server.request("POST", "/streams/porch/simulate", {"text": "now", "store": False})
        await server.request("PATCH", "/streams/porch", {"recording": {"mode": "off"}})
        item = (await eventually(lambda: recordings(server), timeout_s=20))[0]
        cut = {"stream": "porch", "from": since["segment"]["start"], "to": until["segment"]["start"]}
        await watch(server, cut)
        await server.request("PATCH", "/streams/porch", {"recording": {"mode": "continuous"}})
        await eventually(lambda: records(server), timeout_s=30)

        with untouchable(tmp_path / "recordings" / ".clips" / "porch"):
            await server.request("DELETE", f"/recordings/{item['id']}", status=503)
            assert item in await recordings(server)
            await server.request("POST", "/forget", {"minutes": 5}, status=503)
            for stream in ("porch", "yard"):
                await eventually(lambda stream=stream: records(server, stream), timeout_s=30)
        await server.request("POST", "/forget", {"minutes": 5})
        assert not list(tmp_path.glob("recordings/.clips/*/*"))

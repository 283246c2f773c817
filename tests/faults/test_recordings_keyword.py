"""A camera that is recorded on keywords: a hit brings what was before it and after it to the library, and no more."""

import asyncio
from contextlib import aclosing
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.support.ports import free_port
from tests.support.rtsp_camera import FakeCamera
from tests.support.sidecar import Sidecar, sidecar
from tests.support.waiting import eventually

pytestmark = [pytest.mark.faults, pytest.mark.timeout(120)]

PRE_S, POST_S = 3.0, 4.0
GOP_S = 2.0


async def test_a_hit_is_recorded_with_what_surrounds_it(tmp_path: Path, camera: FakeCamera) -> None:
    body = {
        "name": "Porch",
        "url": camera.url("mute"),
        "keywords": [{"id": "sos", "phrases": ["help"]}],
        "recording": {"mode": "keyword", "pre_s": PRE_S, "post_s": POST_S},
    }
    async with sidecar(tmp_path, free_port()) as server:
        await server.request("PUT", "/streams/porch", body)
        await eventually(lambda: streams(server), timeout_s=20)
        await asyncio.sleep(PRE_S + 2 * GOP_S)  # what comes before the hit must have been seen
        assert list(tmp_path.glob("recordings/porch/*/*")) == []

        said = await server.request("POST", "/streams/porch/simulate", {"text": "Please help me."})
        item = await asyncio.wait_for(saved(server), timeout=40)

        hit = moment(said["hits"][0]["start"])
        start, end = moment(item["start"]), moment(item["end"])
        assert hit - timedelta(seconds=PRE_S + 2 * GOP_S) <= start <= hit - timedelta(seconds=PRE_S - 1)
        assert end >= hit + timedelta(seconds=POST_S - 1)
        assert end <= hit + timedelta(seconds=POST_S + 2 * GOP_S + 5)
        assert (await server.request("GET", "/recordings"))["items"] == [item]


async def streams(server: Sidecar) -> bool:
    return (await server.request("GET", "/streams/porch"))["status"]["video"] is not None


async def saved(server: Sidecar) -> dict[str, Any]:
    async with aclosing(server.events(after=0, types="recording.saved")) as events:
        return (await anext(events)).data


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text)

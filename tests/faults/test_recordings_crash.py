"""A sidecar that is killed while it records: what was on disk is in the library again, told, and can be played."""

from contextlib import aclosing
from pathlib import Path

import av
import pytest

from tests.support.ports import free_port
from tests.support.rtsp_camera import FakeCamera
from tests.support.sidecar import Sidecar, sidecar
from tests.support.waiting import eventually
from wallflower_sidecar.domain.recordings import PART

pytestmark = [pytest.mark.faults, pytest.mark.timeout(120)]

WORTH_KILLING_BYTES = 100_000


async def test_a_recording_that_was_open_when_the_sidecar_was_killed_is_in_the_library_again(
    tmp_path: Path, camera: FakeCamera
) -> None:
    body = {"name": "Porch", "url": camera.url("porch"), "recording": {"mode": "continuous"}}
    root = tmp_path / "recordings"
    async with sidecar(tmp_path, free_port()) as server:
        await server.request("PUT", "/streams/porch", body)
        await eventually(lambda: any(size(part) > WORTH_KILLING_BYTES for part in parts(root)), timeout_s=40)
        newest = (await server.request("GET", "/streams"))["items"][0]["status"]
        assert newest["recording"]
        server.process.kill()
        await server.process.ended()
    (part,) = parts(root)
    left = size(part)

    async with sidecar(tmp_path, free_port()) as server:
        (item,) = await eventually(lambda: segments(server), timeout_s=20)
        assert not part.exists()
        assert WORTH_KILLING_BYTES // 2 < item["bytes"] <= left
        (file,) = part.parent.glob(f"{part.name.removesuffix(f'.mp4{PART}')}_*.mp4")
        assert played_s(file) > 1.0
        async with aclosing(server.events(after=0, types="recording.saved")) as events:
            assert (await anext(events)).data == item
        await server.request("DELETE", "/streams/porch?purge=true", status=204)
        assert not (root / "porch").exists()
        await server.request("GET", f"/recordings/{item['id']}", status=404)


def parts(root: Path) -> list[Path]:
    return list(root.glob(f"porch/*/*{PART}"))


def size(path: Path) -> int:
    return path.stat().st_size


def played_s(path: Path) -> float:
    with av.open(str(path)) as container:
        times = [frame.time for frame in container.decode(video=0)]
    return times[-1] - times[0]


async def segments(server: Sidecar) -> list[dict[str, object]]:
    return (await server.request("GET", "/recordings?stream=porch"))["items"]

"""The disk of the recordings goes while a camera is recorded: it is said, listening goes on, and it heals by itself."""

from contextlib import ExitStack
from pathlib import Path
import time

import pytest

from tests.support.mounts import breakable_disk, disk, plugged_in
from tests.support.ports import free_port
from tests.support.recorded import write_recording
from tests.support.rtsp_camera import FakeCamera
from tests.support.sidecar import Sidecar, sidecar
from tests.support.waiting import eventually

pytestmark = [pytest.mark.faults, pytest.mark.timeout(150)]

MIB = 1024**2


async def test_a_disk_that_is_pulled_out_and_put_back(tmp_path: Path, camera: FakeCamera) -> None:
    real, place = tmp_path / "real", tmp_path / "mnt"
    with disk(real, mib=100), ExitStack() as plug:
        plug.enter_context(plugged_in(real, place))
        async with sidecar(tmp_path / "data", free_port(), env={"WALLFLOWER_RECORDINGS_DIR": str(place)}) as server:
            await record(server, camera)
            await eventually(lambda: is_recording(server), timeout_s=30)
            before = await last_words(server)

            plug.close()
            pulled = time.monotonic()
            await eventually(lambda: error_is(server, "disk_error"), timeout_s=30)
            print(f"disk_error after {time.monotonic() - pulled:.1f} s")
            await eventually(lambda: check_is(server, "degraded"), timeout_s=30)
            print(f"health after {time.monotonic() - pulled:.1f} s")
            assert (await porch(server))["state"] == "degraded"
            assert list(place.iterdir()) == [], "nothing is written to the disk below"
            await eventually(lambda: said_more(server, before), timeout_s=40)
            assert list(place.iterdir()) == []

            plug.enter_context(plugged_in(real, place))
            back = time.monotonic()
            await eventually(lambda: is_recording(server), timeout_s=60)
            print(f"recording after {time.monotonic() - back:.1f} s")
            await eventually(lambda: check_is(server, "ok"), timeout_s=30)
            assert (await porch(server))["error"] is None
        assert list(place.glob("porch/*/*.mp4"))


async def test_a_disk_that_fills_up_is_given_room_and_says_when_there_is_none(
    tmp_path: Path, camera: FakeCamera
) -> None:
    with disk(tmp_path / "disk", mib=60) as place:
        root = place / "recordings"
        old = write_recording(root, size=8 * MIB)
        env = {"WALLFLOWER_RECORDINGS_DIR": str(root)}
        async with sidecar(tmp_path / "data", free_port(), env=env) as server:
            await record(server, camera)
            await eventually(lambda: is_recording(server), timeout_s=30)

            stuff = place / "somebody-elses"
            stuff.write_bytes(bytes(48 * MIB))
            await eventually(lambda: not old.path.exists(), timeout_s=30)
            await eventually(lambda: check_is(server, "ok"), timeout_s=30)
            assert (await porch(server))["error"] is None

            stuff.write_bytes(bytes(58 * MIB))
            filled = time.monotonic()
            await eventually(lambda: error_is(server, "disk_full"), timeout_s=30)
            print(f"disk_full after {time.monotonic() - filled:.1f} s")
            await eventually(lambda: check_is(server, "degraded"), timeout_s=30)
            before = await last_words(server)
            await eventually(lambda: said_more(server, before), timeout_s=40)

            stuff.unlink()
            freed = time.monotonic()
            await eventually(lambda: is_recording(server), timeout_s=60)
            print(f"recording after {time.monotonic() - freed:.1f} s")
            await eventually(lambda: check_is(server, "ok"), timeout_s=30)


async def test_a_disk_that_breaks_is_said_also_while_nothing_is_written(tmp_path: Path, camera: FakeCamera) -> None:
    with breakable_disk(tmp_path / "disk", tmp_path / "image") as break_disk:
        env = {"WALLFLOWER_RECORDINGS_DIR": str(tmp_path / "disk" / "recordings")}
        async with sidecar(tmp_path / "data", free_port(), env=env) as server:
            await record(server, camera, mode="keyword")
            await eventually(lambda: last_words(server), timeout_s=40)
            assert (await porch(server))["error"] is None
            assert await check_is(server, "ok")

            break_disk()
            broken = time.monotonic()
            await eventually(lambda: error_is(server, "disk_error"), timeout_s=30)
            print(f"disk_error after {time.monotonic() - broken:.1f} s")
            await eventually(lambda: check_is(server, "degraded"), timeout_s=30)
            print(f"health after {time.monotonic() - broken:.1f} s")
            before = await last_words(server)
            await eventually(lambda: said_more(server, before), timeout_s=40)


async def record(server: Sidecar, camera: FakeCamera, mode: str = "continuous") -> None:
    body = {"name": "Porch", "url": camera.url("porch"), "recording": {"mode": mode}}
    await server.request("PUT", "/streams/porch", body)


async def porch(server: Sidecar) -> dict[str, object]:
    return (await server.request("GET", "/streams/porch"))["status"]


async def is_recording(server: Sidecar) -> bool:
    return bool((await porch(server))["recording"])


async def error_is(server: Sidecar, code: str) -> bool:
    error = (await porch(server))["error"]
    return isinstance(error, dict) and error["code"] == code


async def check_is(server: Sidecar, status: str) -> bool:
    checks = (await server.request("GET", "/health"))["checks"]
    return status in [check["status"] for check in checks if check["name"] == "recordings"]


async def last_words(server: Sidecar) -> object:
    return (await porch(server))["last_transcript_at"]


async def said_more(server: Sidecar, before: object) -> bool:
    return await last_words(server) != before

"""Moving pictures of real cameras through a real worker, with everything that can come in between."""

import asyncio
from contextlib import AsyncExitStack, suppress
import os
from pathlib import Path
import signal
import time

import cv2
import numpy as np
import psutil
import pytest

from tests.faults.capture_rig import running_capture
from tests.support.clips import Picture, camera_clip
from tests.support.leaks import no_leaks
from tests.support.rtsp_camera import FakeCamera
from tests.support.waiting import eventually
from wallflower_sidecar.capture.messages import TakeSnapshot, Unwatch, Watch
from wallflower_sidecar.capture.pictures import viewers
from wallflower_sidecar.domain.errors import UnavailableError
from wallflower_sidecar.domain.streams import StreamState

pytestmark = pytest.mark.faults


def image_of(jpeg):
    image = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR)
    assert image.std() > 20, "not a grey error picture"
    return image


def moves(before, after):
    return np.abs(image_of(before).astype(int) - image_of(after)).mean() > 1


async def take(viewer, count=1, timeout_s=5.0):
    """The last of so many pictures."""
    async with asyncio.timeout(timeout_s):
        for _ in range(count):
            jpeg = await anext(viewer)
    return jpeg


async def exhaust(viewer):
    async for _ in viewer:
        pass


def decoders(rig):
    """Names of the threads in the workers that decode for viewers."""
    names = []
    for pid in rig.capture.worker_pids:
        for thread in psutil.Process(pid).threads():
            with suppress(FileNotFoundError):  # it has just gone
                names.append(Path(f"/proc/{pid}/task/{thread.id}/comm").read_text(encoding="ascii").strip())
    return [name for name in names if name.startswith("viewing-")]


@pytest.fixture
def commands(rig, monkeypatch):
    """What the workers were told."""
    told = []
    send = rig.capture._workers.first.send.__func__

    def listen(link, command):
        told.append(command)
        return send(link, command)

    monkeypatch.setattr(type(rig.capture._workers.first), "send", listen)
    return told


@pytest.mark.parametrize("codec", ["h264", "h265", "mjpeg"])
async def test_the_picture_moves_and_has_the_width_asked_for(rig, codec):
    clip = camera_clip(None, Picture(codec=codec, width=320, height=192))  # RTP counts JPEGs in eights
    async with FakeCamera({"porch": clip}) as camera:
        rig.add("porch", camera.url("porch"))
        async with rig.capture.viewers.watch("porch", 160, 10) as viewer:
            first = await take(viewer)
            last = await take(viewer, 8)
        assert image_of(first).shape == image_of(last).shape == (96, 160, 3)
        assert moves(first, last)
        assert camera.counters("porch").plays_now == 1, "the same session"


async def test_five_viewers_are_one_watch_and_one_decoder_that_goes_with_them(rig, camera, commands):
    rig.add("porch", camera.url("porch"))
    await rig.streaming("porch")
    assert not decoders(rig)
    async with AsyncExitStack() as stack:
        watching = [await stack.enter_async_context(rig.capture.viewers.watch("porch", 160, 5)) for _ in range(5)]
        wide = await stack.enter_async_context(rig.capture.viewers.watch("porch", None, 5))
        for _ in range(2):
            pictures = await asyncio.gather(*(take(viewer) for viewer in watching))
        assert len(set(pictures)) == 1
        assert image_of(await take(wide)).shape == (180, 320, 3)
        assert len(decoders(rig)) == 1
        assert len([each for each in commands if isinstance(each, Watch)]) == 2
    assert len([each for each in commands if isinstance(each, Unwatch)]) == 2
    await eventually(lambda: not decoders(rig))
    assert rig.status("porch").state is StreamState.STREAMING


async def test_viewers_see_on_after_their_worker_was_killed(rig, camera):
    rig.add("porch", camera.url("porch"))
    async with rig.capture.viewers.watch("porch", None, 5) as viewer:
        before = await take(viewer)
        os.kill(rig.capture.worker_pids[0], signal.SIGKILL)
        killed = time.monotonic()
        await rig.until_error("porch", "worker_died")
        after = await take(viewer, 3, timeout_s=15)
        assert time.monotonic() - killed < 8
        assert moves(before, after)


async def test_viewers_see_on_after_their_camera_was_frozen_and_after_it_hung_up(rig, camera):
    rig.add("porch", camera.url("porch"))
    async with rig.capture.viewers.watch("porch", None, 5) as viewer:
        before = await take(viewer)
        await camera.freeze("porch")
        await rig.until_error("porch", "stalled", timeout_s=8)
        await camera.thaw("porch")
        rig.capture.restart("porch")
        after = await take(viewer, 5, timeout_s=15)
        assert moves(before, after)
        await camera.drop("porch")
        await rig.until_error("porch", "eof")
        again = await take(viewer, 5, timeout_s=15)
        assert moves(after, again)


async def test_viewers_of_a_camera_that_stays_away_are_sent_away_in_the_end(rig, camera, monkeypatch):
    monkeypatch.setattr(viewers, "OUTAGE_S", 2.0)
    rig.add("porch", camera.url("porch"))
    async with rig.capture.viewers.watch("porch", None, 5) as viewer:
        await take(viewer)
        await camera.refuse()
        began = time.monotonic()
        async with asyncio.timeout(10):
            await exhaust(viewer)
        assert 1.5 < time.monotonic() - began < 6
    assert not decoders(rig)


async def test_a_camera_that_is_down_is_named_to_who_wants_to_watch(rig, camera, monkeypatch):
    monkeypatch.setattr(viewers, "FIRST_S", 2.0)
    rig.add("porch", camera.url("porch", password="wr0ng-pass"))
    with pytest.raises(UnavailableError, match="user name or password"):
        async with rig.capture.viewers.watch("porch", None, 5):
            raise AssertionError("there is no picture")
    assert len(rig.capture.viewers) == 0


async def test_a_camera_without_a_picture_says_so_at_once(rig, camera):
    rig.add("blind", camera.url("blind"))
    await rig.until("blind", StreamState.DEGRADED)
    began = time.monotonic()
    with pytest.raises(UnavailableError, match="sound alone"):
        async with rig.capture.viewers.watch("blind", None, 5):
            raise AssertionError("there is no picture")
    with pytest.raises(UnavailableError, match="sound alone"):
        await rig.capture.snapshot("blind")
    assert time.monotonic() - began < 2


async def test_garbage_in_between_is_got_over(rig, camera):
    rig.add("porch", camera.url("porch"))
    async with rig.capture.viewers.watch("porch", None, 5) as viewer:
        before = await take(viewer)
        await camera.garbage("porch")
        await asyncio.sleep(1.5)
        await camera.garbage("porch", on=False)
        rig.capture.restart("porch")
        async with asyncio.timeout(20):
            while not moves(before, await anext(viewer)):
                pass


async def test_a_change_of_the_address_shows_the_other_camera(rig, camera):
    other = camera_clip(None, Picture(width=256, height=144))
    async with FakeCamera({"yard": other}) as second:
        rig.add("porch", camera.url("porch"))
        async with rig.capture.viewers.watch("porch", None, 5) as viewer:
            assert image_of(await take(viewer)).shape == (180, 320, 3)
            rig.add("porch", second.url("yard"))
            async with asyncio.timeout(15):
                while image_of(await anext(viewer)).shape != (144, 256, 3):
                    pass


async def test_a_removed_stream_sends_its_viewers_away(rig, camera):
    rig.add("porch", camera.url("porch"))
    async with rig.capture.viewers.watch("porch", None, 5) as viewer:
        await take(viewer)
        await rig.capture.remove_stream("porch")
        async with asyncio.timeout(5):
            await exhaust(viewer)


async def test_a_stream_that_only_listens_shows_its_picture_to_who_asks_for_it(camera):
    with no_leaks():
        async with running_capture(picture_lingers_s=0.5) as rig:
            rig.add("porch", camera.url("porch"))
            await rig.streaming("porch")
            capture = rig.capture._captures["porch"]
            await eventually(lambda: capture.picture_session is None, timeout_s=15)
            async with rig.capture.viewers.watch("porch", None, 5) as viewer:
                first = await take(viewer)
                while capture.picture_session != capture.session:
                    assert moves(first, await take(viewer, 3))
                assert moves(first, await take(viewer, 3))
            await eventually(lambda: capture.picture_session is None, timeout_s=15)
            assert image_of(await rig.capture.snapshot("porch", 160)).shape == (90, 160, 3)
            assert rig.record.errors == []


async def test_snapshots_within_a_second_cost_one_decoding(rig, camera, commands):
    rig.add("porch", camera.url("porch"))
    await rig.streaming("porch")
    first = await rig.capture.snapshot("porch", 160)
    assert {first} == {await rig.capture.snapshot("porch", 160) for _ in range(10)}
    assert len([each for each in commands if isinstance(each, TakeSnapshot)]) == 1
    await asyncio.sleep(1.2)
    await rig.capture.snapshot("porch", 160)
    assert len([each for each in commands if isinstance(each, TakeSnapshot)]) == 2

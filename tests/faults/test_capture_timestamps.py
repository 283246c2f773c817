"""Cameras whose RTP times jump, stand still, run backwards or begin anew: nothing ends, and speech keeps its time."""

import asyncio
import time

import pytest

from tests.faults.conftest import SMALL
from tests.faults.heard_at import whole_sentences
from tests.faults.session_rig import session_of
from tests.support.clips import camera_clip
from tests.support.rtsp_camera import FakeCamera
from tests.support.speech import compose
from wallflower_sidecar.capture.messages import Ended
from wallflower_sidecar.domain.errors import CaptureCode

pytestmark = pytest.mark.faults

FAULTS = {
    "ahead": lambda camera, name: camera.jump(name, 100.0),
    "back": lambda camera, name: camera.jump(name, -100.0),
    "over the end of 32 bits": lambda camera, name: camera.jump(name, 40_000.0),
    "sound ahead": lambda camera, name: camera.jump(name, 30.0, "audio"),
    "sound back": lambda camera, name: camera.jump(name, -30.0, "audio"),
    "picture ahead": lambda camera, name: camera.jump(name, 30.0, "video"),
    "picture back": lambda camera, name: camera.jump(name, -30.0, "video"),
    "standing still": lambda camera, name: camera.stuck(name),
    "numbered anew": lambda camera, name: camera.renumber(name, 5000),
}


async def trembling(camera, name):
    for step in (-0.5, 0.5) * 6:
        await camera.jump(name, step)
        await asyncio.sleep(0.1)


@pytest.fixture(scope="module")
def short():
    """A sentence every 3 s."""
    return compose(("Please help me at the pool.",), pause_s=0.9, lead_s=0.5)


@pytest.mark.parametrize("transport", ["tcp", "udp"])
async def test_speech_is_heard_whole_and_on_time_whatever_the_times_do(short, transport):
    faults = {**FAULTS, "back and forth": trembling}
    clip = camera_clip(short, SMALL, "aac" if transport == "tcp" else "pcmu")
    async with FakeCamera(dict.fromkeys(faults, clip)) as camera:

        async def survives(name, fault):
            async with session_of(camera.url(name), transports=(transport,)) as heard:
                await whole_sentences(heard, camera, name, short)
                began = time.time()
                await fault(camera, name)
                later = await whole_sentences(heard, camera, name, short, after=began + 0.5, count=2)
                assert not heard.of(Ended)
                assert later[1].start - later[0].start == pytest.approx(short.duration_s, abs=0.3)
                assert await heard.picture() is not None

        results = await asyncio.gather(
            *(survives(name, fault) for name, fault in faults.items()), return_exceptions=True
        )
    assert dict(zip(faults, results, strict=True)) == dict.fromkeys(faults)


async def test_datagrams_that_are_numbered_as_if_they_were_old_are_garbage_that_a_new_session_heals(short):
    async with FakeCamera({"porch": camera_clip(short, SMALL)}) as camera:
        async with session_of(camera.url("porch"), transports=("udp",)) as heard:
            await heard.opened()
            began = time.monotonic()
            await camera.renumber("porch", -1000)
            # libav drops them all; whether it waited for them or not shows in whether any was seen to come.
            assert (await heard.end()).code in {CaptureCode.CORRUPT_STREAM, CaptureCode.STALLED}
            assert time.monotonic() - began < 7.0
        async with session_of(camera.url("porch"), transports=("udp",)) as heard:
            await whole_sentences(heard, camera, "porch", short)


async def test_numbers_that_go_back_mean_nothing_within_a_connection(short):
    async with (
        FakeCamera({"porch": camera_clip(short, SMALL)}) as camera,
        session_of(camera.url("porch"), transports=("tcp",)) as heard,
    ):
        await heard.opened()
        await camera.renumber("porch", -1000)
        await whole_sentences(heard, camera, "porch", short, after=time.time() + 0.5)
        assert not heard.of(Ended)

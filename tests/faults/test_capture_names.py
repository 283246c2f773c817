"""What is wrong with a camera is named rightly within 7 s, also where libav only waits or says something else."""

import asyncio
import socket

import pytest

from tests.faults.capture_rig import running_capture
from tests.faults.conftest import SMALL
from tests.faults.session_rig import session_of
from tests.support.clips import Picture, camera_clip
from tests.support.ports import LOOPBACK
from tests.support.rtsp_camera import FakeCamera
from tests.support.speech import compose
from tests.support.waiting import eventually
from wallflower_sidecar.capture.connection.opening import Opening
from wallflower_sidecar.capture.connection.rtsp import open_camera
from wallflower_sidecar.capture.messages import Alive
from wallflower_sidecar.domain.camera_url import CameraUrl
from wallflower_sidecar.domain.errors import CaptureCode, CaptureError
from wallflower_sidecar.domain.streams import StreamState

pytestmark = pytest.mark.faults

SEEN_WITHIN_S = 7.0
CODECS = ("aac", "aac 48k stereo")


@pytest.fixture(scope="module")
def short():
    """A sentence every 3 s."""
    return compose(("Please help me at the pool.",), pause_s=0.9, lead_s=0.5)


async def code_of(heard):
    return (await heard.end(SEEN_WITHIN_S)).code


@pytest.mark.parametrize("transport", ["tcp", "udp"])
async def test_garbage_in_place_of_sound_is_a_corrupt_stream(short, transport):
    async with FakeCamera({name: camera_clip(short, SMALL, name) for name in CODECS}) as camera:

        async def spoilt(name):
            async with session_of(camera.url(name), transports=(transport,), pull="sound") as heard:
                await heard.first(Alive, number=4)
                await camera.garbage(name)
                return await code_of(heard)

        codes = await asyncio.gather(*map(spoilt, CODECS), return_exceptions=True)
    assert dict(zip(CODECS, codes, strict=True)) == dict.fromkeys(CODECS, CaptureCode.CORRUPT_STREAM)


@pytest.mark.parametrize("pull", ["sound", "all"])
async def test_a_camera_that_sends_garbage_from_its_start_is_a_corrupt_stream(camera, pull):
    await camera.garbage("porch")
    async with session_of(camera.url("porch"), transports=("tcp",), pull=pull) as heard:
        assert (await heard.end(SEEN_WITHIN_S)).code == CaptureCode.CORRUPT_STREAM


@pytest.mark.parametrize("pull", ["sound", "all"])
async def test_a_camera_that_plays_and_sends_only_reports_is_stalled(camera, pull):
    await camera.withhold("porch", "audio", "video")
    async with session_of(camera.url("porch"), transports=("tcp",), pull=pull) as heard:
        assert await code_of(heard) == CaptureCode.STALLED


async def test_sound_that_ceases_while_reports_go_on_is_no_garbage(camera):
    async with session_of(camera.url("porch"), transports=("tcp",), pull="sound") as heard:
        await heard.first(Alive, number=4)
        await camera.withhold("porch", "audio")
        assert (await heard.end(15.0)).code == CaptureCode.STALLED


@pytest.mark.parametrize("pull", ["sound", "all"])
async def test_a_camera_that_never_answers_is_given_up_in_time(camera, pull):
    await camera.silent("porch")
    async with session_of(camera.url("porch"), pull=pull) as heard:
        assert await code_of(heard) == CaptureCode.CONNECT_TIMEOUT


async def test_thirty_cameras_that_never_answer_are_all_named_in_time(rig, camera):
    await camera.silent("porch")
    names = [f"camera-{number}" for number in range(30)]
    for name in names:
        rig.add(name, camera.url("porch", user=name))
    await asyncio.gather(*(rig.until_error(name, "connect_timeout", timeout_s=SEEN_WITHIN_S) for name in names))


async def test_thirty_channels_of_a_recorder_that_never_answers_are_all_named_in_time(rig, camera):
    await camera.silent("porch")
    names = [f"channel-{number}" for number in range(30)]
    for name in names:
        rig.add(name, camera.url("porch"))
    await asyncio.gather(*(rig.until_error(name, "connect_timeout", timeout_s=SEEN_WITHIN_S) for name in names))


async def test_a_camera_that_never_answered_is_asked_no_second_time_where_libav_gives_up_first():
    openings: list[Opening] = []

    def attempt(url):
        openings.append(Opening())
        open_camera(url, [(url.host, url.port)], ("tcp",), cancelled=lambda: False, opening=openings[0])

    def looked():
        openings[0].look()
        return openings[0].failed(CaptureCode.CONNECT_TIMEOUT)

    with socket.create_server((LOOPBACK, 0)) as never_accepts:
        url = CameraUrl.parse(f"rtsp://{LOOPBACK}:{never_accepts.getsockname()[1]}/porch")
        opened = asyncio.create_task(asyncio.to_thread(attempt, url))
        await eventually(lambda: openings)
        await eventually(looked)
        with pytest.raises(CaptureError) as failed:
            await opened
        assert failed.value.code is CaptureCode.CONNECT_TIMEOUT
        never_accepts.setblocking(False)
        never_accepts.accept()[0].close()
        with pytest.raises(BlockingIOError):
            never_accepts.accept()


async def test_a_camera_that_answers_slowly_is_waited_for(camera):
    await camera.slow("porch", 2.0)
    async with session_of(camera.url("porch"), transports=("tcp",)) as heard:
        await heard.first(Alive, timeout_s=25)


async def settled(rig, name):
    """Wait until a stream has run for so long that an end of its sound means something."""
    await rig.streaming(name)
    await asyncio.sleep(11.0)


@pytest.mark.parametrize("alone", [False, True], ids=["whole", "sound alone"])
async def test_a_camera_with_another_codec_is_named_so_in_time(short, alone):
    changes = {"aac to pcmu": "pcmu", "aac to opus": "opus"} | ({} if alone else {"h264 to mjpeg": None})
    mjpeg = Picture(codec="mjpeg", width=320, height=184)
    async with (
        FakeCamera(dict.fromkeys(changes, camera_clip(short, SMALL))) as camera,
        running_capture(picture_lingers_s=1.5 if alone else 600.0) as rig,
    ):

        async def change(name, sound):
            rig.add(name, camera.url(name))
            await rig.streaming(name)
            if alone:
                await eventually(lambda: not camera.counters(name).video_now, timeout_s=15)
            await settled(rig, name)
            await camera.swap(name, camera_clip(short, SMALL, sound) if sound else camera_clip(short, mjpeg))
            await rig.until_error(name, "codec_changed", timeout_s=SEEN_WITHIN_S)
            await rig.streaming(name)

        await asyncio.gather(*(change(name, sound) for name, sound in changes.items()))


async def test_sound_that_ceases_is_missed_in_time_and_taken_for_no_other_codec(rig, camera):
    rig.add("porch", camera.url("porch"))
    await settled(rig, "porch")
    await camera.withhold("porch", "audio")
    await rig.until_error("porch", "no_audio", timeout_s=SEEN_WITHIN_S)
    await rig.until("porch", StreamState.DEGRADED)
    assert [error.code for _, error in rig.record.errors] == ["no_audio"]
    assert rig.record.recovered == []
    await camera.heal("porch")
    await rig.streaming("porch")

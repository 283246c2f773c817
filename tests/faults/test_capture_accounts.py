"""A recorder whose account would be locked: how often it is asked with credentials that it refuses."""

import asyncio

import pytest

from tests.support.rtsp_camera import FakeCamera
from tests.support.waiting import eventually
from wallflower_sidecar.domain.errors import CaptureError
from wallflower_sidecar.domain.streams import StreamState

pytestmark = pytest.mark.faults

CHANNELS = tuple(f"channel-{number}" for number in range(16))


async def probe_in_vain(rig, url):
    with pytest.raises(CaptureError) as refused:
        await rig.capture.probe(url)
    assert refused.value.code.value == "auth_failed"


async def test_sixteen_channels_and_many_probes_with_a_wrong_password_ask_once(rig, camera, monkeypatch):
    for name in CHANNELS:
        rig.add(name, camera.url("porch", password="wr0ng"))
    for name in CHANNELS:
        status = await rig.until(name, StreamState.AUTH_FAILED)
        assert status.next_retry_at is not None
    for _ in range(20):
        await probe_in_vain(rig, camera.url("porch", password="wr0ng"))
    assert camera.counters("porch").rejected == 1

    rig.capture.restart(CHANNELS[5])
    await eventually(lambda: camera.counters("porch").rejected == 2)
    await rig.until(CHANNELS[5], StreamState.AUTH_FAILED)
    rig.add(CHANNELS[7], camera.url("porch"))
    await rig.streaming(CHANNELS[7])
    assert (await rig.capture.probe(camera.url("porch"))).video is not None
    assert camera.counters("porch").rejected == 2


async def test_channels_with_a_wrong_password_ask_a_recorder_that_answers_slowly_once(rig, camera):
    await camera.slow("porch", 0.6)
    for name in CHANNELS:
        rig.add(name, camera.url("porch", password="wr0ng"))
    for name in CHANNELS:
        await rig.until(name, StreamState.AUTH_FAILED)
    assert camera.counters("porch").rejected == 1


async def test_a_password_set_right_at_the_camera_brings_all_channels_back_with_one_retry(rig, clip):
    async with FakeCamera({"porch": clip}, auth=("admin", "old")) as camera:
        for name in CHANNELS[:4]:
            rig.add(name, camera.url("porch", password="new"))
        for name in CHANNELS[:4]:
            await rig.until(name, StreamState.AUTH_FAILED)
        camera._auth = ("admin", "new")
        rig.capture.restart(CHANNELS[2])
        await asyncio.gather(*(rig.streaming(name) for name in CHANNELS[:4]))


async def test_probes_at_the_same_time_ask_once(rig, camera):
    url = camera.url("porch", password="wr0ng")
    await asyncio.gather(*(probe_in_vain(rig, url) for _ in range(8)))
    assert camera.counters("porch").rejected == 1

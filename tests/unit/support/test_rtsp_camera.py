"""The test camera as a real client library sees it."""

import asyncio
from pathlib import Path

import av
import pytest

from tests.support.clips import TEST_CARD, Picture, camera_clip
from tests.support.rtsp_camera import FakeCamera
from tests.support.speech import Track
from tests.support.waiting import eventually

from .rtsp_client import RtspClient
from .viewing import View, view

pytestmark = pytest.mark.usefixtures("leak_check")

LOGIN = ("user", "pa:ss@1")


async def look(url: str, transport: str = "tcp", packets: int = 8, **options: str) -> View:
    return await asyncio.to_thread(view, url, transport, packets, **options)


@pytest.mark.parametrize("transport", ["tcp", "udp"])
async def test_picture_and_sound_arrive_over(transport: str, clip: Path) -> None:
    async with FakeCamera({"porch": clip}, auth=LOGIN) as camera:
        seen = await look(camera.url("porch"), transport)

    assert seen.codecs == {"video": "h264", "audio": "aac"}
    assert min(seen.packets.values()) >= 8


async def test_every_codec_that_cameras_use_arrives(track: Track) -> None:
    clips = {
        "h264+pcm_mulaw": camera_clip(track, TEST_CARD, "pcmu"),
        "h264+pcm_alaw": camera_clip(track, TEST_CARD, "pcma"),
        "h264+opus": camera_clip(track, TEST_CARD, "opus"),
        "hevc+aac": camera_clip(track, Picture(codec="h265")),
        "mjpeg+pcm_alaw": camera_clip(track, Picture(codec="mjpeg"), "pcma"),
        "h264": camera_clip(None, TEST_CARD),
        "aac": camera_clip(track, None),
    }
    async with FakeCamera(clips) as camera:
        views = await asyncio.gather(*(look(camera.url(name)) for name in clips))

    assert ["+".join(seen.codecs.values()) for seen in views] == list(clips)


@pytest.mark.parametrize("scheme", ["digest", "basic"])
async def test_a_wrong_password_is_refused_and_counted(scheme: str, clip: Path) -> None:
    async with FakeCamera({"porch": clip}, auth=LOGIN, scheme=scheme) as camera:
        with pytest.raises(av.error.HTTPUnauthorizedError):
            await look(camera.url("porch", password="wrong"))
        refused = camera.counters("porch")
        seen = await look(camera.url("porch"), packets=1)

    assert (refused.rejected, refused.plays_ever) == (1, 0)
    assert seen.packets["audio"] >= 1


async def test_a_source_that_is_not_there_is_not_found(clip: Path) -> None:
    async with FakeCamera({"porch": clip}, auth=LOGIN) as camera:
        with pytest.raises(av.error.HTTPNotFoundError):
            await look(camera.url("attic"))


async def test_the_sound_alone_can_be_had_and_is_counted(clip: Path) -> None:
    async with FakeCamera({"porch": clip}) as camera:
        seeing = asyncio.create_task(look(camera.url("porch"), packets=10, allowed_media_types="audio"))
        await eventually(lambda: camera.counters("porch").plays_now == 1)
        during = camera.counters("porch")
        seen = await seeing
        await eventually(lambda: camera.counters("porch").plays_now == 0)
        after = camera.counters("porch")

    assert seen.codecs == {"audio": "aac"}
    assert (during.audio_now, during.video_now) == (1, 0)
    assert (after.plays_ever, after.describes, after.audio_now) == (1, 1, 0)


async def test_drop_ends_the_stream(clip: Path) -> None:
    async with FakeCamera({"porch": clip}) as camera:
        seeing = asyncio.create_task(look(camera.url("porch"), packets=1000))
        await eventually(lambda: camera.counters("porch").plays_now == 1)
        await asyncio.sleep(0.8)
        await camera.drop("porch")
        async with asyncio.timeout(2):
            seen = await seeing

    assert seen.ended


async def test_a_refusing_camera_refuses_until_it_listens_again_on_the_same_port(clip: Path) -> None:
    async with FakeCamera({"porch": clip}) as camera:
        port = camera.port
        await camera.refuse()
        with pytest.raises(av.error.ConnectionRefusedError):
            await look(camera.url("porch"))
        await camera.listen()
        seen = await look(camera.url("porch"), packets=1)

    assert camera.port == port
    assert seen.packets["audio"] >= 1


async def test_what_is_no_rtsp_server_is_not_understood(clip: Path) -> None:
    async with FakeCamera({"porch": clip}) as camera:
        await camera.html("porch")
        with pytest.raises(av.error.InvalidDataError):
            await look(camera.url("porch"))


async def test_swapping_the_file_changes_the_codec_under_a_playing_client(clip: Path, track: Track) -> None:
    async with FakeCamera({"porch": clip}) as camera:
        async with RtspClient(camera.url("porch")) as client:
            await client.play(0, 1)
            before = await client.listen(3, channel=0)
            await camera.swap("porch", camera_clip(track, Picture(codec="h265")))
            after = await client.listen(15, channel=0)
            playing = camera.counters("porch")
        seen = await look(camera.url("porch"), packets=1)

    assert playing.plays_now == playing.plays_ever == 1
    assert [(b.sequence - a.sequence) % 65536 for a, b in zip(before[-1:] + after, after, strict=False)] == [1] * 15
    assert seen.codecs["video"] == "hevc"

"""What cameras send: every codec is heard and seen, a change of it is noticed, odd descriptions are understood."""

import asyncio
import re

import cv2
import numpy as np
import pytest

from tests.faults.conftest import SMALL
from tests.faults.heard_at import whole_sentences
from tests.faults.session_rig import session_of
from tests.support.clips import SOUND, Picture, camera_clip
from tests.support.rtsp_camera import FakeCamera
from tests.support.speech import compose
from wallflower_sidecar.capture.messages import Alive, Ended, Opened
from wallflower_sidecar.capture.pictures.picture import to_jpeg
from wallflower_sidecar.domain.errors import CaptureCode

pytestmark = pytest.mark.faults

H265, MJPEG = Picture(codec="h265", width=320, height=180), Picture(codec="mjpeg", width=320, height=184)
PICTURES = {
    "h264": SMALL,
    "h265": H265,
    "mjpeg": MJPEG,
    "b-frames": Picture(width=320, height=180, b_frames=2),
    "a key frame in 10 s": Picture(width=320, height=180, gop_s=10.0),
    "1 picture a second": Picture(width=320, height=180, fps=1, gop_s=2.0),
}


@pytest.fixture(scope="module")
def short():
    """A sentence every 3 s."""
    return compose(("Please help me at the pool.",), pause_s=0.9, lead_s=0.5)


async def test_each_kind_of_sound_is_heard_whole_and_on_time_with_and_without_the_picture(short):
    async with FakeCamera({name: camera_clip(short, SMALL, name) for name in SOUND}) as camera:

        async def hears(name, pull):
            async with session_of(camera.url(name), pull=pull) as heard:
                opened = await heard.opened()
                await whole_sentences(heard, camera, name, short)
                return opened.pull, opened.video is None, heard.of(Ended)

        for pull in ("sound", "all"):
            answers = await asyncio.gather(*(hears(name, pull) for name in SOUND), return_exceptions=True)
            assert dict(zip(SOUND, answers, strict=True)) == dict.fromkeys(SOUND, (pull, pull == "sound", []))


async def test_each_kind_of_picture_can_be_shown(short):
    clips = {name: camera_clip(short, picture) for name, picture in PICTURES.items()}
    async with FakeCamera(clips) as camera:

        async def shows(name):
            async with session_of(camera.url(name)) as heard:
                picture = await heard.picture()
                await whole_sentences(heard, camera, name, short)
                jpeg = to_jpeg(picture, None)
                return cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR).shape

        shapes = await asyncio.gather(*(shows(name) for name in PICTURES), return_exceptions=True)
    assert dict(zip(PICTURES, shapes, strict=True)) == {
        name: (picture.height, picture.width, 3) for name, picture in PICTURES.items()
    }


SEEN_WITHIN_S = 7.0
ENDS = {CaptureCode.CODEC_CHANGED, CaptureCode.NO_AUDIO, CaptureCode.NO_VIDEO}
"""What a session may say of a change; that it was one shows for certain in what the next one is offered."""

CHANGES = {
    "another payload type": ((SMALL, "aac"), (SMALL, "pcmu")),
    "the same payload type": ((SMALL, "aac"), (SMALL, "opus")),
    "the other way": ((SMALL, "opus"), (SMALL, "aac")),
    "faster": ((SMALL, "l16 8k"), (SMALL, "l16 48k 4 channels")),
    "more channels": ((SMALL, "aac"), (SMALL, "aac 48k stereo")),
    "h264 to mjpeg": ((SMALL, "pcma"), (MJPEG, "pcma")),
    "mjpeg to h264": ((MJPEG, "pcma"), (SMALL, "pcma")),
    "wider h264": ((SMALL, "pcma"), (Picture(width=640, height=360), "pcma")),
    "wider h265": ((H265, "pcma"), (Picture(codec="h265", width=640, height=360), "pcma")),
    "wider mjpeg": ((MJPEG, "pcma"), (Picture(codec="mjpeg", width=640, height=360), "pcma")),
}


async def test_a_change_in_mid_session_ends_it_and_the_next_one_is_right(short):
    clips = {
        name: (camera_clip(short, *before), camera_clip(short, *after)) for name, (before, after) in CHANGES.items()
    }
    async with FakeCamera({name: before for name, (before, _) in clips.items()}, in_band=True) as camera:

        async def change(name):
            async with session_of(camera.url(name)) as heard:
                offer = await heard.opened()
                await asyncio.sleep(11.0)
                assert not heard.of(Ended), "nothing has changed yet"
                await camera.swap(name, clips[name][1])
                assert (await heard.end(SEEN_WITHIN_S)).code in ENDS
            async with session_of(camera.url(name)) as heard:
                assert offer != await heard.opened()
                await whole_sentences(heard, camera, name, short)
                assert not heard.of(Ended)

        results = await asyncio.gather(*(change(name) for name in CHANGES), return_exceptions=True)
    assert dict(zip(CHANGES, results, strict=True)) == dict.fromkeys(CHANGES)


METADATA = "m=application 0 RTP/AVP 107\r\na=rtpmap:107 vnd.onvif.metadata/90000\r\na=control:trackID=9\r\n"


def metadata_first(sdp):
    return sdp.replace("m=video", f"{METADATA}m=video", 1)


def metadata_last(sdp):
    return sdp + METADATA


def without_parameter_sets(sdp):
    return re.sub(r"a=fmtp:96 .*\r\n", "a=fmtp:96 packetization-mode=1\r\n", sdp)


def without_map(sdp):
    return re.sub(r"a=rtpmap:(0|8) .*\r\n", "", sdp)


def with_bare_line_ends(sdp):
    return sdp.replace("\r\n", "\n")


DESCRIPTIONS = (metadata_first, metadata_last, without_parameter_sets, without_map, with_bare_line_ends)


async def test_odd_descriptions_are_understood(short):
    clip = camera_clip(short, SMALL, "pcmu")
    names = [describe.__name__ for describe in DESCRIPTIONS]
    async with FakeCamera(dict.fromkeys([*names, "absolute"], clip), in_band=True) as camera:
        for describe in DESCRIPTIONS:
            await camera.describe(describe.__name__, describe)
        base = camera.url("absolute")
        await camera.describe("absolute", lambda sdp: sdp.replace("a=control:trackID", f"a=control:{base}/trackID"))

        async def understood(name, pull):
            async with session_of(camera.url(name), pull=pull) as heard:
                await heard.opened()
                await whole_sentences(heard, camera, name, short)
                picture = None if pull == "sound" else to_jpeg(await heard.picture(), None)
                offer = heard.of(Opened)[-1]
                return offer.pull, offer.video and (offer.video.width, offer.video.height), picture is not None

        for pull, seen in (("all", (320, 180)), ("sound", None)):
            answers = await asyncio.gather(
                *(understood(name, pull) for name in (*names, "absolute")), return_exceptions=True
            )
            expected = dict.fromkeys((*names, "absolute"), (pull, seen, pull == "all"))
            assert dict(zip((*names, "absolute"), answers, strict=True)) == expected


@pytest.mark.parametrize(("source", "whole_only"), [("porch", True), ("mute", False)])
async def test_a_camera_that_does_not_give_its_sound_alone_is_pulled_whole(camera, source, whole_only):
    await camera.whole_only(source, whole_only)
    async with session_of(camera.url(source), pull="sound") as heard:
        opened = await heard.opened()
    assert opened.pull == "all"
    assert opened.video is not None
    assert camera.counters(source).rejected == 0


async def test_cameras_that_take_their_time_or_send_nothing_at_first_are_opened_in_the_end(short):
    clip = camera_clip(short, SMALL)
    async with FakeCamera(dict.fromkeys(("slow", "no datagrams"), clip)) as camera:
        await camera.slow("slow", 2.0)
        await camera.lose_datagrams("no datagrams")

        async def first_signs(name, *transports, pull="all"):
            async with session_of(camera.url(name), transports=transports, pull=pull) as heard:
                alive = await heard.first(Alive, timeout_s=22.0)
                opened = heard.of(Opened)[-1]
                return opened.transport, opened.pull, alive.video, alive.audio

        assert await asyncio.gather(
            first_signs("slow", "tcp", pull="sound"),
            first_signs("no datagrams", "udp", "tcp", pull="sound"),
        ) == [("tcp", "sound", False, True), ("tcp", "sound", False, True)]


@pytest.mark.parametrize("transport", ["tcp", "udp"])
async def test_a_camera_is_reached_over_ipv6(short, transport):
    clip = camera_clip(short, SMALL)
    async with (
        FakeCamera({"porch": clip}, host="::1", auth=("admin", "p@ss:w/rd?")) as camera,
        session_of(camera.url("porch").replace("%40", "@").replace("%3A", ":"), transports=(transport,)) as heard,
    ):
        assert (await heard.opened()).transport == transport
        await whole_sentences(heard, camera, "porch", short)


async def test_what_an_address_says_behind_its_question_mark_changes_nothing_here(camera):
    for query in (
        "?udp",
        "?tcp&channel=1&subtype=0",
        "?multicast",
        "?listen",
        "?filter_src&timeout=1",
        "?rtsp_transport=udp",
    ):
        async with session_of(camera.url("porch") + query, transports=("tcp",)) as heard:
            assert (await heard.opened()).transport == "tcp"
    assert camera.counters("porch").plays_ever == 6

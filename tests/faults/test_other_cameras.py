"""Servers that are not ours: GStreamer's over TCP with a password, VLC's over UDP; and ours beside them."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
import signal

import cv2
import numpy as np
import pytest

from tests.support.clips import TEST_CARD, camera_clip
from tests.support.other_cameras import NotInstalledError, gstreamer_camera, vlc_camera
from tests.support.rtsp_camera import FakeCamera
from tests.support.speech import Track
from tests.support.waiting import eventually
from wallflower_sidecar.domain.streams import StreamState, Transport

pytestmark = pytest.mark.faults

KINDS = ("ours", "gstreamer", "vlc")


@asynccontextmanager
async def camera_of(kind: str, talk: Track) -> AsyncIterator[tuple[str, Transport]]:
    """A camera of that kind that shows and says the same: its address, and how its packets travel."""
    if kind == "ours":
        async with FakeCamera({"cam": camera_clip(talk, TEST_CARD)}, auth=("admin", "s3cr3t:p@ss/word")) as camera:
            yield camera.url("cam"), Transport.TCP
    elif kind == "gstreamer":
        async with gstreamer_camera(talk) as other:
            yield other.url, Transport.TCP
    else:
        async with vlc_camera(talk) as other:
            yield other.url, Transport.UDP


@pytest.mark.parametrize("kind", KINDS)
async def test_sound_and_picture_arrive_and_every_sentence_is_heard(rig, talk, kind):
    try:
        async with camera_of(kind, talk) as (url, transport):
            assert (await rig.capture.probe(url)).transport is transport
            rig.add("cam", url)
            await rig.streaming("cam", timeout_s=20)
            status = rig.status("cam")
            assert (status.video.codec, status.video.width, status.video.height) == ("h264", 640, 360)
            assert status.audio.sample_rate in (16_000, 48_000)
            jpeg = await rig.capture.snapshot("cam", 320)
            picture = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR)
            assert picture.shape == (180, 320, 3)
            assert picture.std() > 20, "a test card, not a grey plane"
            lengths = [sentence.end_s - sentence.start_s for sentence in talk.sentences]
            await eventually(lambda: all(_is_heard(rig, length) for length in lengths), timeout_s=30)
    except NotInstalledError as error:
        pytest.skip(str(error))


def _is_heard(rig, length_s):
    said = [(utterance.end - utterance.start).total_seconds() for utterance in rig.record.utterances]
    return any(abs(length_s - each) < 0.3 for each in said)


async def test_gstreamer_refuses_a_wrong_password_once_and_we_do_not_hammer_it(rig, talk):
    try:
        async with gstreamer_camera(talk) as other:
            rig.add("cam", other.url.replace("admin:", "nobody:"))
            await rig.until("cam", StreamState.AUTH_FAILED)
            assert [error.code for _, error in rig.record.errors] == ["auth_failed"]
            assert rig.status("cam").next_retry_at is not None
    except NotInstalledError as error:
        pytest.skip(str(error))


@pytest.mark.parametrize("kind", ["gstreamer", "vlc"])
async def test_a_server_that_hangs_is_stalled_and_one_that_dies_is_named_too(rig, talk, kind):
    camera = gstreamer_camera if kind == "gstreamer" else vlc_camera
    try:
        async with camera(talk) as other:
            rig.add("cam", other.url)
            await rig.streaming("cam", timeout_s=20)
            other.process.process.send_signal(signal.SIGSTOP)
            await rig.until_error("cam", "stalled", timeout_s=8)
            other.process.process.send_signal(signal.SIGCONT)
            await rig.streaming("cam", timeout_s=25)
            other.process.kill()
            await rig.until("cam", StreamState.BACKOFF, StreamState.STALLED, timeout_s=10)
    except NotInstalledError as error:
        pytest.skip(str(error))

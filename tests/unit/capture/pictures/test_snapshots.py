"""Pictures of now: one decoding for all who ask together or shortly after, and a reason where there is none."""

import asyncio
from dataclasses import replace

import pytest

from tests.unit.capture.hand_clock import HandClock
from wallflower_sidecar.capture.pictures import snapshots
from wallflower_sidecar.capture.pictures.snapshots import Snapshots
from wallflower_sidecar.capture.stream.status import CaptureStatus
from wallflower_sidecar.domain.errors import NotFoundError, UnavailableError
from wallflower_sidecar.domain.streams import Stream, StreamError, StreamState


class Camera:
    """A stream and the worker of its sessions."""

    def __init__(self):
        self.stream = Stream("porch", "Porch", "rtsp://camera/one")
        self.status = CaptureStatus(StreamState.STREAMING, HandClock().now())
        self.picture_session = 1
        self.is_blind = False
        self.uses = 0
        self.asked = []
        self.answers = []

    def use_picture(self):
        self.uses += 1

    def line_of(self, session):
        return self

    async def snapshot(self, session, width):
        self.asked.append((session, width))
        await asyncio.sleep(0.01)
        if self.answers:
            self.answers.pop(0)()
        return b"jpeg %d" % len(self.asked)


@pytest.fixture
def camera():
    return Camera()


@pytest.fixture
def take(camera, monkeypatch):
    monkeypatch.setattr(snapshots, "TIMEOUT_S", 0.3)
    monkeypatch.setattr(snapshots, "KEPT_S", 0.2)
    monkeypatch.setattr(snapshots, "_LOOK_EVERY_S", 0.01)

    def find(stream_id):
        if stream_id != "porch":
            raise NotFoundError("There is no such stream.")
        return camera

    taken = Snapshots(find)
    return lambda width=None, stream="porch": taken.take(stream, width, asyncio.get_running_loop().create_task)


async def test_those_who_ask_together_or_shortly_after_get_the_same(camera, take):
    together = await asyncio.gather(take(), take(), take())
    assert {*together, await take()} == {b"jpeg 1"}
    assert camera.asked == [(1, None)]
    await asyncio.sleep(0.25)
    assert await take() == b"jpeg 2"


async def test_another_width_is_another_picture(camera, take):
    assert await asyncio.gather(take(160), take()) == [b"jpeg 2", b"jpeg 2"]
    assert camera.asked == [(1, 160), (1, None)]


async def test_one_who_goes_takes_it_from_nobody(camera, take):
    gone, stays = asyncio.create_task(take()), asyncio.create_task(take())
    await asyncio.sleep(0.001)
    gone.cancel()
    assert await stays == b"jpeg 1"


async def test_the_picture_is_fetched_for_it_and_waited_for(camera, take):
    camera.picture_session = None
    asking = asyncio.create_task(take())
    await asyncio.sleep(0.05)
    assert camera.uses > 0
    camera.picture_session = 2
    assert await asking == b"jpeg 1"
    assert camera.asked == [(2, None)]


async def test_a_session_that_ends_meanwhile_is_followed_by_the_next(camera, take):
    def lost():
        camera.picture_session = 2
        raise UnavailableError("The picture cannot be decoded now.")

    camera.answers.append(lost)
    assert await take() == b"jpeg 2"
    assert camera.asked == [(1, None), (2, None)]


async def test_a_failure_is_not_kept(camera, take):
    def bad():
        raise UnavailableError("The picture cannot be decoded now.")

    camera.answers.append(bad)
    with pytest.raises(UnavailableError, match="cannot be decoded"):
        await take()
    assert await take() == b"jpeg 2"


@pytest.mark.parametrize(
    ("because", "sentence", "at_once"),
    [
        ("slow", "No picture came within 0.3 s.", False),
        ("down", "There is no picture now. The camera refused the connection.", False),
        ("deaf", "No picture came within 0.3 s.", False),
        ("off", "The stream is switched off", True),
        ("blind", "its camera sends sound alone", True),
    ],
)
async def test_without_a_picture_it_is_said_why(camera, take, because, sentence, at_once):
    camera.picture_session = None
    now = HandClock().now()
    if because == "down":
        error = StreamError("connection_refused", "The camera refused the connection.", now)
        camera.status = replace(camera.status, error=error)
    if because == "deaf":
        camera.status = replace(camera.status, error=StreamError("no_audio", "The stream has no sound.", now))
    camera.is_blind = because == "blind"
    camera.stream = replace(camera.stream, enabled=because != "off")
    began = asyncio.get_running_loop().time()
    with pytest.raises(UnavailableError, match=sentence):
        await take()
    assert (asyncio.get_running_loop().time() - began < 0.2) == at_once


async def test_a_stream_that_does_not_exist_is_not_found(take):
    with pytest.raises(NotFoundError):
        await take(stream="nowhere")

"""One decoder for all who watch a session: what it decodes, what it leaves out, and when it goes."""

import threading
import time

import av
import cv2
import numpy as np
import pytest

from tests.support.clips import Picture as Card, camera_clip
from wallflower_sidecar.capture.messages import Watch
from wallflower_sidecar.capture.pictures import backlog, viewing
from wallflower_sidecar.capture.pictures.picture import NewestPicture
from wallflower_sidecar.capture.pictures.viewing import Viewing
from wallflower_sidecar.domain.clock import SystemClock

CLOCK = SystemClock()
FPS = 15


def packets_of(codec="h264"):
    with av.open(str(camera_clip(None, Card(codec=codec, width=320, height=180)))) as container:
        stream = container.streams.video[0]
        name, extradata = stream.codec_context.name, stream.codec_context.extradata
        return (
            name,
            extradata,
            [(bytes(packet), packet.is_keyframe) for packet in container.demux(stream) if packet.size],
        )


class Camera:
    """Feeds a Viewing as a session's thread does; its packets arrive when they are told to."""

    def __init__(self, codec="h264"):
        name, extradata, self.packets = packets_of(codec)
        self.picture = NewestPicture(name, extradata)
        self.frames = []
        self.viewing = Viewing(7, CLOCK, self.take)
        self.blocked = threading.Event()
        self.blocked.set()
        self.sent = 0
        self.began_s = CLOCK.monotonic()

    def take(self, frame):
        self.frames.append(frame)
        assert self.blocked.wait(20)

    def send(self, count, *, fps=None):
        """Send packets; with `fps` in real time, else at once, with times as if in real time."""
        for _ in range(count):
            packet, key = self.packets[self.sent % len(self.packets)]
            arrival_s = self.began_s + self.sent / FPS
            if fps:
                time.sleep(1 / fps)
                arrival_s = CLOCK.monotonic()
            self.picture.keep(packet, arrival_s, key=key)
            self.viewing.look(self.picture, packet, arrival_s, key=key)
            self.sent += 1

    def images(self, watch=1):
        return [
            cv2.imdecode(np.frombuffer(frame.jpeg, np.uint8), cv2.IMREAD_COLOR)
            for frame in self.frames
            if frame.watch == watch
        ]

    def until(self, true, timeout_s=10):
        deadline = time.monotonic() + timeout_s
        while not true():
            assert time.monotonic() < deadline
            time.sleep(0.005)


@pytest.fixture(params=["h264"])
def camera(request):
    made = Camera(request.param)
    yield made
    made.blocked.set()
    made.viewing.end()
    made.until(lambda: not decoders())


def decoders():
    return [thread for thread in threading.enumerate() if thread.name.startswith("viewing-")]


def test_nothing_is_decoded_while_nobody_watches(camera):
    camera.send(45)
    assert not decoders()
    assert (camera.viewing.decoded, camera.viewing.encoded) == (0, 0)


@pytest.mark.parametrize("camera", ["h264", "h265", "mjpeg"], indirect=True)
def test_the_first_picture_comes_at_once_and_the_picture_moves(camera):
    camera.send(20)
    camera.viewing.watch(Watch(7, 1, None, 10))
    camera.send(1)
    camera.until(lambda: camera.frames)
    camera.send(15, fps=30)
    camera.until(lambda: len(camera.frames) > 3)
    first, *_, last = camera.images()
    assert first.shape == last.shape == (180, 320, 3)
    assert first.std() > 20, "not a grey error picture"
    assert np.abs(first.astype(int) - last).mean() > 1


def test_a_picture_is_the_one_that_was_sent_last(camera):
    camera.send(24)
    camera.viewing.watch(Watch(7, 1, None, 30))
    camera.send(1)
    camera.until(lambda: camera.frames)
    with av.open(str(camera_clip(None, Card(width=320, height=180)))) as container:
        shown = [
            frame.to_ndarray(format="bgr24") for frame, _ in zip(container.decode(video=0), range(25), strict=False)
        ]
    differences = [np.abs(camera.images()[0].astype(int) - frame).mean() for frame in shown]
    assert int(np.argmin(differences)) == 24


def test_five_watches_cost_one_decoding_and_one_jpeg_for_each_width(camera):
    camera.send(1)
    for watch, width in enumerate((None, 320, 5000, 160, 160), 1):
        camera.viewing.watch(Watch(7, watch, width, 15))
    camera.send(1)
    camera.until(lambda: len(camera.frames) >= 5)
    assert camera.viewing.decoded == 2
    assert camera.viewing.encoded == 2
    assert [camera.images(watch)[0].shape[1] for watch in range(1, 6)] == [320, 320, 320, 160, 160]


def test_no_more_pictures_are_made_than_were_asked_for(camera):
    camera.send(1)
    camera.viewing.watch(Watch(7, 1, None, 5))
    began = time.monotonic()
    camera.send(40, fps=40)
    took = time.monotonic() - began
    assert 2 <= len(camera.frames) <= 5 * took + 2
    assert camera.viewing.encoded == len(camera.frames)


def test_between_key_frames_that_suffice_nothing_is_decoded(camera):
    camera.send(61)
    camera.viewing.watch(Watch(7, 1, None, 0.5))
    camera.send(1)
    camera.until(lambda: camera.frames)
    camera.send(28)
    time.sleep(0.1)
    assert camera.viewing.decoded == 1, "the key frame, as one comes every 2 s"
    assert not camera.viewing._backlog


def test_who_wants_more_makes_all_packets_count_again(camera):
    camera.send(61)
    camera.viewing.watch(Watch(7, 1, None, 0.5))
    camera.send(10)
    camera.until(lambda: camera.frames)
    camera.viewing.watch(Watch(7, 2, None, 15))
    camera.send(1)
    camera.until(lambda: camera.images(2))
    assert camera.viewing.decoded >= 12, "the key frame and the eleven after it"
    assert camera.images(2)[0].std() > 20


@pytest.mark.parametrize("camera", ["mjpeg"], indirect=True)
def test_of_single_pictures_only_those_are_decoded_that_are_shown(camera):
    camera.send(5)
    camera.viewing.watch(Watch(7, 1, None, 2))
    camera.send(45, fps=45)
    assert camera.viewing.decoded == camera.viewing.encoded <= 4


def test_a_viewer_who_comes_late_in_a_long_run_sees_the_key_frame_at_once(camera, monkeypatch):
    monkeypatch.setattr(viewing, "LONG_RUN", 5)
    camera.send(25)
    camera.viewing.watch(Watch(7, 1, None, 1))
    camera.blocked.clear()
    camera.send(1)
    camera.until(lambda: camera.frames)
    assert camera.viewing.decoded == 0, "before all that followed"


def test_a_decoder_that_is_held_up_never_holds_up_the_session_and_goes_on_with_a_key_frame(camera):
    camera.send(1)
    camera.viewing.watch(Watch(7, 1, None, 30))
    camera.blocked.clear()
    camera.send(5, fps=100)
    camera.until(lambda: camera.frames)
    began = time.monotonic()
    camera.send(100)
    assert time.monotonic() - began < 1
    assert camera.viewing.skipped > 50
    camera.blocked.set()
    camera.until(lambda: len(camera.frames) > 1)
    assert camera.images()[-1].std() > 20


def test_packets_that_waited_too_long_are_given_up_until_the_next_key_frame(camera, monkeypatch):
    monkeypatch.setattr(backlog, "LATE_S", 0.05)
    camera.send(1)
    camera.viewing.watch(Watch(7, 1, None, 30))
    camera.send(1)
    camera.until(lambda: camera.frames)
    camera.blocked.clear()
    camera.send(2, fps=20)
    camera.until(lambda: len(camera.frames) > 1)
    camera.send(3, fps=10)
    camera.blocked.set()
    camera.until(lambda: camera.viewing.skipped >= 2)
    shown = len(camera.frames)
    camera.send(10, fps=100)
    assert len(camera.frames) == shown
    camera.send(20, fps=100)
    camera.until(lambda: len(camera.frames) > shown)
    assert camera.images()[-1].std() > 20


def test_memory_is_bounded_while_the_decoder_is_held_up(monkeypatch):
    monkeypatch.setattr(backlog, "MAX_BYTES", 10_000)
    waiting = backlog.Backlog()
    waiting.add(bytes(4000), 0.0, key=True)
    for _ in range(100):
        waiting.add(bytes(1000), 0.0, key=False)
    assert not waiting
    assert waiting.skipped == 7
    waiting.add(bytes(4000), 0.0, key=True)
    assert waiting.take(0.0, 1.0) == backlog.Run((bytes(4000),), anew=True)


def test_garbage_ends_nothing(camera):
    camera.send(1)
    camera.viewing.watch(Watch(7, 1, None, 30))
    camera.send(1)
    camera.until(lambda: camera.frames)
    for number in range(20):
        camera.viewing.look(camera.picture, bytes(range(200)), CLOCK.monotonic(), key=number % 5 == 0)
    camera.send(30, fps=200)
    camera.until(lambda: len(camera.frames) > 3)
    assert camera.images()[-1].std() > 20


def test_a_failure_that_nobody_foresaw_is_counted_and_over_with_the_next_key_frame(camera, monkeypatch):
    made = viewing.to_jpegs

    def fail(*_):
        raise ZeroDivisionError

    monkeypatch.setattr(viewing, "to_jpegs", fail)
    camera.send(1)
    camera.viewing.watch(Watch(7, 1, None, 30))
    camera.send(1)
    camera.until(lambda: camera.viewing.failures)
    monkeypatch.setattr(viewing, "to_jpegs", made)
    camera.send(30, fps=200)
    camera.until(lambda: camera.frames)


@pytest.mark.parametrize("by", ["unwatch", "end"])
def test_the_decoder_goes_with_the_last_watch_and_with_the_session(camera, by):
    camera.send(1)
    camera.viewing.watch(Watch(7, 1, None, 30))
    camera.viewing.watch(Watch(7, 2, None, 30))
    camera.send(1)
    camera.until(lambda: camera.images(2))
    camera.viewing.unwatch(1)
    assert decoders()
    camera.viewing.unwatch(2) if by == "unwatch" else camera.viewing.end()
    camera.until(lambda: not decoders())
    decoded = camera.viewing.decoded
    camera.send(10)
    assert camera.viewing.decoded == decoded


def test_after_a_break_a_new_viewer_starts_the_decoder_again(camera):
    for watch in (1, 2):
        camera.viewing.watch(Watch(7, watch, None, 30))
        camera.send(20, fps=200)
        camera.until(lambda watch=watch: camera.images(watch))
        camera.viewing.unwatch(watch)
        camera.until(lambda: not decoders())
    assert camera.images(2)[0].std() > 20


def test_who_comes_when_the_session_has_just_ended_keeps_no_decoder(camera):
    camera.viewing.watch(Watch(7, 1, None, 5.0))
    camera.send(2)
    with camera.viewing._ready:  # before the decoder notices
        camera.viewing.end()
        camera.viewing.watch(Watch(7, 2, None, 5.0))
    camera.until(lambda: not decoders())

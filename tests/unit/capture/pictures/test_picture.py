"""The newest picture, kept as packets, decoded on demand."""

import random

import av
import cv2
import numpy as np
import pytest

from tests.support.clips import Picture as Card, camera_clip
from wallflower_sidecar.capture.pictures.picture import MAX_BYTES, NewestPicture, PictureDecoder, size_of, to_jpeg


def packets_of(codec):
    container = av.open(str(camera_clip(None, Card(codec=codec, width=320, height=180))))
    stream = container.streams.video[0]
    return container, stream


@pytest.mark.parametrize("codec", ["h264", "h265", "mjpeg"])
def test_the_picture_after_any_packet_can_be_shown(codec):
    container, stream = packets_of(codec)
    with container:
        newest = NewestPicture(stream.codec_context.name, stream.codec_context.extradata)
        for count, packet in enumerate(container.demux(stream)):
            if count in (1, 20, 31):
                image = cv2.imdecode(np.frombuffer(to_jpeg(newest.take(100.0), None), np.uint8), cv2.IMREAD_COLOR)
                assert image.shape == (180, 320, 3)
                assert image.std() > 20, "not a grey error picture"
            if packet.size:
                newest.keep(bytes(packet), 0.0, key=packet.is_keyframe)


def test_the_newest_of_the_packets_is_shown():
    container, stream = packets_of("h264")
    with container:
        newest = NewestPicture(stream.codec_context.name, stream.codec_context.extradata)
        packets = [packet for packet in container.demux(stream) if packet.size][:25]
        for packet in packets:
            newest.keep(bytes(packet), 0.0, key=packet.is_keyframe)
        alone, all_of_them = newest.take(0.5), newest.take(10.0)
        assert (len(alone.packets), len(all_of_them.packets)) == (1, 25)
        assert to_jpeg(alone, None) != to_jpeg(all_of_them, None)


@pytest.mark.parametrize(("asked", "width"), [(None, 320), (160, 160), (100, 100), (5000, 320)])
def test_it_is_scaled_down_but_never_up_and_keeps_its_shape(asked, width):
    container, stream = packets_of("h264")
    with container:
        newest = NewestPicture(stream.codec_context.name, stream.codec_context.extradata)
        newest.keep(bytes(next(container.demux(stream))), 0.0, key=True)
    image = cv2.imdecode(np.frombuffer(to_jpeg(newest.take(0.0), asked), np.uint8), cv2.IMREAD_COLOR)
    assert image.shape[:2] == (round(width * 180 / 320), width)


def test_garbage_in_a_key_frame_shows_nothing_until_the_next():
    container, stream = packets_of("h264")
    with container:
        decoder = PictureDecoder(stream.codec_context.name, stream.codec_context.extradata)
        packets = [bytes(packet) for packet in container.demux(stream) if packet.size][:75]
    head = len(packets[30]) // 20
    packets[30] = packets[30][:head] + random.Random(7).randbytes(len(packets[30]) - head)
    shown = [decoder.decode(packet) for packet in packets]
    looks = [None if frame is None else frame.to_ndarray(format="rgb24").std() > 20 for frame in shown]
    assert looks[:25] == [True] * 25
    assert looks[35:60] == [None] * 25
    assert looks[65:] == [True] * 10


def test_there_is_none_before_a_key_frame():
    newest = NewestPicture("h264", None)
    newest.keep(b"\x00\x00\x01\x41", 0.0, key=False)
    assert newest.take(1.0) is None


def test_what_cannot_be_decoded_is_none_not_an_error():
    newest = NewestPicture("h264", None)
    newest.keep(b"\x00\x00\x01\x65" + bytes(range(200)), 0.0, key=True)
    assert to_jpeg(newest.take(0.0), None) is None
    assert size_of(newest.take(0.0)) is None


def test_the_size_is_the_one_in_the_key_frame_not_the_one_announced():
    announced, stream = packets_of("h264")
    other = av.open(str(camera_clip(None, Card(width=256, height=144))))
    with announced, other:
        inserts_parameters = av.BitStreamFilterContext("h264_mp4toannexb", other.streams.video[0])
        (key_frame,) = inserts_parameters.filter(next(other.demux(video=0)))
        newest = NewestPicture("h264", stream.codec_context.extradata)
        newest.keep(bytes(key_frame), 0.0, key=True)
        assert size_of(newest.take(0.0)) == (256, 144)


def test_memory_is_bounded_however_long_the_camera_waits_with_its_next_key_frame():
    newest = NewestPicture("h264", None)
    newest.keep(bytes(100_000), 0.0, key=True)
    for _ in range(1000):
        newest.keep(bytes(100_000), 1.0, key=False)
    assert sum(map(len, newest.take(10.0).packets)) <= MAX_BYTES

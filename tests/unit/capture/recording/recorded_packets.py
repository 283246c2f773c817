"""Packets as a camera might send them: made up, or of a real picture and a tone."""

import av
import numpy as np

from tests.support.ffmpeg import encode
from wallflower_sidecar.capture.recording.packets import Placed, Sample

FRAME_S = 0.1
SOUND_S = 0.064
ZERO_S = 5000.0


def picture(at_s, *, key=False, size=1000):
    """A packet of the picture on the line."""
    return Placed("video", bytes(size), at_s, at_s, FRAME_S, key)


def group(at_s, length=10, size=1000):
    """A group of pictures on the line."""
    return [picture(at_s + number * FRAME_S, key=number == 0, size=size) for number in range(length)]


def sample(kind="video", at_s=0.0, arrival_s=None, *, key=False, size=1000, **fields):
    """A packet as it arrives."""
    arrival_s = 1000.0 + at_s if arrival_s is None else arrival_s
    return Sample(kind, bytes(size), at_s, at_s, 0.0, key, arrival_s, **fields)


def pictures(path, *, gop, seconds=12, codec="libx264", size="160x90"):
    """Annex B packets of 15 pictures a second."""
    card = f"testsrc2=size={size}:rate=15:duration={seconds}"
    options = ("-preset", "ultrafast", "-bf", "0", "-sc_threshold", "0") if codec == "libx264" else ("-q:v", "8")
    encode(("-f", "lavfi", "-i", card, "-c:v", codec, *options, "-g", str(gop), str(path)))
    with av.open(str(path)) as source:
        raw = [(bytes(packet), packet.is_keyframe) for packet in source.demux(video=0) if packet.size]
    times = [ZERO_S + number / 15 for number in range(len(raw))]
    return [Placed("video", data, at, at, 1 / 15, key) for (data, key), at in zip(raw, times, strict=True)]


def tone(seconds, rate=8000, since_s=0.0, packet_s=0.04, channels=1):
    """Sound as L16 (big-endian) packets."""
    count = round(rate * packet_s)
    packets = []
    for number in range(round(seconds / packet_s)):
        phase = 2 * np.pi * 440 * (np.arange(count) / rate + number * packet_s)
        wave = np.repeat((np.sin(phase) * 12_000).astype(">i2"), channels)
        at_s = ZERO_S + since_s + number * packet_s
        packets.append(Placed("audio", wave.tobytes(), at_s, at_s, packet_s, False))
    return packets

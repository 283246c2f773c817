"""Sound of any codec, rate and layout becomes the same int16 mono 16 kHz."""

import io

import av
import numpy as np
import pytest

from wallflower_sidecar.capture.listening.sound import Resampler, decode

SECONDS = 2
TONE_HZ = 440.0


def tone_packets(codec, rate, layout, *, form="s16", container="mov"):
    """Encode a tone at half of full scale; return its packets as a demuxer gives them."""
    file = io.BytesIO()
    with av.open(file, "w", format=container) as out:
        stream = out.add_stream(codec, rate=rate, layout=layout)
        samples = (np.sin(2 * np.pi * TONE_HZ * np.arange(SECONDS * rate) / rate) * 16_384).astype(np.int16)
        channels = 2 if layout == "stereo" else 1
        frame = av.AudioFrame.from_ndarray(np.repeat(samples, channels)[np.newaxis], format=form, layout=layout)
        frame.sample_rate = rate
        for packet in [*stream.encode(frame), *stream.encode(None)]:
            out.mux(packet)
    file.seek(0)
    return av.open(file)


@pytest.mark.parametrize(
    ("codec", "rate", "layout"),
    [
        ("aac", 16_000, "mono"),
        ("aac", 48_000, "stereo"),
        ("pcm_mulaw", 8_000, "mono"),
        ("pcm_alaw", 8_000, "mono"),
        ("pcm_s16le", 44_100, "stereo"),
    ],
)
def test_a_tone_keeps_its_pitch_level_and_length(codec, rate, layout):
    resampler = Resampler()
    parts = []
    with tone_packets(codec, rate, layout) as container:
        for packet in container.demux():
            if packet.size:
                parts.append(resampler.convert(decode(packet, 0.0)))  # noqa: PERF401 - one conversion a packet is the point
    sound = np.concatenate(parts)
    assert sound.dtype == np.int16
    assert len(sound) == pytest.approx(SECONDS * 16_000, rel=0.08)
    middle = sound[8_000:24_000].astype(float)
    assert np.sqrt(np.mean(middle**2)) == pytest.approx(16_384 / np.sqrt(2), rel=0.1)
    assert np.argmax(np.abs(np.fft.rfft(middle))) == pytest.approx(TONE_HZ, abs=1)


def test_a_piece_knows_its_time_and_length():
    with tone_packets("aac", 16_000, "mono") as container:
        pieces = [piece for packet in container.demux() if packet.size for piece in decode(packet, 7.0)]
    assert pieces[3].duration_s == 1024 / 16_000
    assert pieces[4].pts_s - pieces[3].pts_s == pytest.approx(1024 / 16_000, abs=0.002)
    assert pieces[0].arrival_s == 7.0


def test_a_new_rate_in_mid_stream_is_taken_up():
    resampler = Resampler()
    lengths = []
    for rate in (48_000, 8_000, 16_000):
        with tone_packets("pcm_s16le", rate, "mono") as container:
            pieces = [piece for packet in container.demux() if packet.size for piece in decode(packet, 0.0)]
        lengths.append(len(resampler.convert(pieces)))
    assert lengths == pytest.approx([SECONDS * 16_000] * 3, rel=0.01)


def test_nothing_in_is_nothing_out():
    assert len(Resampler().convert([])) == 0

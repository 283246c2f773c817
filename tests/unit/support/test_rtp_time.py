"""What the camera says about time: RTP times that run on, and when each sentence was sent."""

from itertools import pairwise
from pathlib import Path
import struct

import numpy as np
import pytest

from tests.support.rtp_clip import packetise
from tests.support.rtp_packets import NTP_EPOCH_S
from tests.support.rtsp_camera import FakeCamera
from tests.support.speech import Track

from .rtsp_client import RtspClient, rtp_info

VIDEO, AUDIO = 0, 2
AAC_FRAME = 1024
LATE_S = 0.25


def steps(numbers: list[int], bits: int) -> list[int]:
    return [(later - earlier) % (1 << bits) for earlier, later in pairwise(numbers)]


async def test_sound_is_continuous_in_rtp_time_over_loops(short_clip: Path) -> None:
    async with FakeCamera({"porch": short_clip}) as camera, RtspClient(camera.url("porch")) as client:
        await client.play(1)
        packets = await client.listen(25, AUDIO)
        passages = camera.loops("porch")

    assert len(passages) >= 3
    assert set(steps([packet.timestamp for packet in packets], 32)) == {AAC_FRAME}
    assert set(steps([packet.sequence for packet in packets], 16)) == {1}


async def test_the_picture_keeps_in_step_with_the_sound_over_loops(short_clip: Path) -> None:
    async with FakeCamera({"porch": short_clip}) as camera, RtspClient(camera.url("porch")) as client:
        info = rtp_info(await client.play(0, 1))
        await client.listen(16, AUDIO)
    video = [packet.timestamp for packet in client.packets if packet.channel == VIDEO]
    audio = [packet.timestamp for packet in client.packets if packet.channel == AUDIO]

    assert max(steps(video, 32)) < 2 * 90_000 / 15
    apart = (video[-1] - info[0][1]) % (1 << 32) / 90_000 - (audio[-1] - info[1][1]) % (1 << 32) / 16_000
    assert abs(apart) < 0.15


async def test_rewind_begins_the_clip_at_once_without_a_gap_in_the_sound(clip: Path) -> None:
    async with FakeCamera({"porch": clip}) as camera, RtspClient(camera.url("porch")) as client:
        await client.play(1)
        await client.listen(5, AUDIO)
        passage = await camera.rewind("porch")
        await client.listen(8, AUDIO)
        cut, rewound = camera.loops("porch")[-2:]

    times = [packet.timestamp for packet in client.packets if packet.channel == AUDIO]
    assert set(steps(times, 32)) == {AAC_FRAME}
    assert rewound == passage
    assert cut.ended_at == pytest.approx(rewound.began_at, abs=0.1)
    assert cut.wall_time(1.5) is None


async def test_a_sentence_is_sent_when_the_camera_says_it_was(pcm_clip: Path, track: Track) -> None:
    sentence = track.sentences[0]
    async with FakeCamera({"porch": pcm_clip}) as camera, RtspClient(camera.url("porch")) as client:
        await client.play(1)
        passage = await camera.rewind("porch")
        await client.listen(40, AUDIO)
        told = camera.wall_times("porch", sentence.start_s)
    packets = [packet for packet in client.packets if packet.channel == AUDIO]
    first_loud = next(packet for packet in packets if loudness(packet.payload) > 0.02)

    assert told[-1] == passage.began_at + sentence.start_s
    assert told[-1] - 0.05 <= first_loud.arrived_at <= told[-1] + LATE_S


async def test_a_sender_report_ties_rtp_time_to_the_wall_clock(clip: Path) -> None:
    async with FakeCamera({"porch": clip}) as camera, RtspClient(camera.url("porch")) as client:
        await client.play(1)
        packet = (await client.listen(1, AUDIO))[0]
    seconds, fraction, rtp_time = struct.unpack_from("!III", client.reports[0], 8)
    reported_at = seconds - NTP_EPOCH_S + fraction / (1 << 32)

    since_report = ((packet.timestamp - rtp_time + (1 << 31)) % (1 << 32) - (1 << 31)) / 16_000
    assert reported_at + since_report == pytest.approx(packet.arrived_at, abs=LATE_S)


async def test_a_clip_lasts_as_long_as_its_sound_in_whole_frames(clip: Path, track: Track) -> None:
    prepared = await packetise(clip)

    frames = len([burst for burst in prepared.bursts if burst.kind == "audio"])
    assert prepared.period * 16_000 == frames * AAC_FRAME
    assert float(prepared.period) == pytest.approx(track.duration_s + prepared.lead_s)


def loudness(mu_law: bytes) -> float:
    """Return the peak of G.711 µ-law, of full scale (ITU-T G.711: sign, exponent, mantissa, inverted)."""
    code = ~np.frombuffer(mu_law, np.uint8)
    exponent, mantissa = (code >> 4) & 7, code & 15
    return float((((2 * mantissa.astype(int) + 33) << exponent) - 33).max() / 8159)

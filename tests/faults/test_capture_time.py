"""When something was said: against the test camera's own send times, across faults."""

import asyncio
import os
import signal

import pytest

from tests.support.clips import Picture, camera_clip
from tests.support.rtsp_camera import FakeCamera
from tests.support.waiting import eventually

pytestmark = pytest.mark.faults

TOLERANCE_S = 0.3


def heard_from(rig, stream):
    return [utterance for utterance in rig.record.utterances if utterance.stream == stream]


def assert_on_time(utterances, camera, source, talk):
    """Each utterance that is a whole sentence begins and ends when that sentence was sent; returns how many were."""
    sent = [
        (start, end)
        for sentence in talk.sentences
        for start, end in zip(
            camera.wall_times(source, sentence.start_s), camera.wall_times(source, sentence.end_s), strict=False
        )
    ]
    whole = 0
    for utterance in utterances:
        start, end = utterance.start.timestamp(), utterance.end.timestamp()
        near = min(sent, key=lambda times: abs(times[0] - start))
        if abs((near[1] - near[0]) - (end - start)) > TOLERANCE_S / 2:
            continue  # joined or left in mid-sentence
        assert start == pytest.approx(near[0], abs=TOLERANCE_S)
        assert end == pytest.approx(near[1], abs=TOLERANCE_S)
        assert utterance.pcm_start <= utterance.start
        whole += 1
    return whole


async def test_each_sentence_is_heard_once_and_timed_by_when_the_camera_sent_it_in_each_codec(rig, talk):
    sounds = ("aac", "pcmu", "pcma", "opus")
    clips = {sound: camera_clip(talk, Picture(width=320, height=180), sound) for sound in sounds}
    async with FakeCamera(clips) as camera:
        for sound in sounds:
            rig.add(sound, camera.url(sound))
        await eventually(lambda: all(len(heard_from(rig, sound)) >= 4 for sound in sounds), timeout_s=30)
        for sound in sounds:
            whole = heard_from(rig, sound)[1:4]
            assert assert_on_time(whole, camera, sound, talk) == 3


async def test_speech_is_timed_right_across_reconnects_and_a_killed_worker(rig, camera, talk):
    rig.add("porch", camera.url("porch"))
    for fault in ("drop", "kill", "freeze"):
        await rig.streaming("porch", timeout_s=15)
        count = len(rig.record.utterances)
        await eventually(lambda count=count: len(rig.record.utterances) >= count + 2, timeout_s=20)
        match fault:
            case "drop":
                await camera.drop("porch")
            case "kill":
                os.kill(rig.capture.worker_pids[0], signal.SIGKILL)
            case "freeze":
                await camera.freeze("porch")
                await asyncio.sleep(3)
                await camera.thaw("porch")
    await eventually(lambda: len(rig.record.utterances) >= 8, timeout_s=25)
    assert assert_on_time(rig.record.utterances, camera, "porch", talk) >= 4

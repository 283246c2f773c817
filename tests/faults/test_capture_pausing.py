"""While a stream is paused no sound leaves its camera, but to be recorded; what is said then is heard by nobody."""

import asyncio
from dataclasses import replace
import time

import pytest

from tests.faults.capture_rig import running_capture
from tests.faults.recording_rig import play
from tests.support.clips import Picture, camera_clip
from tests.support.leaks import no_leaks
from tests.support.rtsp_camera import FakeCamera
from tests.support.waiting import eventually
from wallflower_sidecar.domain.recordings import MARKER
from wallflower_sidecar.domain.streams import Recording, RecordingMode, StreamState

pytestmark = pytest.mark.faults


def transcribe(rig, name, on):
    rig.capture.set_stream(replace(rig.capture._captures[name].stream, transcribe=on))


async def until_somebody_speaks(rig, name="porch"):
    await eventually(lambda: rig.status(name).speaking, timeout_s=20, interval_s=0.01)


async def until_only_watched(camera, name="porch", timeout_s=10):
    """Wait until the camera sends its picture alone, in one session."""

    def there():
        counters = camera.counters(name)
        return (counters.plays_now, counters.video_now, counters.audio_now) == (1, 1, 0)

    await eventually(there, timeout_s=timeout_s, interval_s=0.01)


async def test_a_pause_while_somebody_speaks_ends_the_sound_within_two_seconds_and_no_state_changes(rig, camera):
    rig.add("porch", camera.url("porch"))
    await rig.streaming("porch")
    await until_somebody_speaks(rig)
    told, heard = len(rig.record.states("porch")), len(rig.record.utterances)
    paused = time.time()
    transcribe(rig, "porch", False)
    status = rig.status("porch")
    assert (status.state, status.audio, status.speaking) == (StreamState.STREAMING, None, False)
    assert rig.record.started.keys() == rig.record.ended.keys()
    await until_only_watched(camera, timeout_s=5)
    counters = camera.counters("porch")
    assert counters.audio_sent_at - paused < 2.0
    assert (await rig.capture.snapshot("porch")).startswith(b"\xff\xd8")
    await asyncio.sleep(4)
    assert camera.counters("porch").audio_sent_at == counters.audio_sent_at
    assert camera.counters("porch").audio_setups == counters.audio_setups
    status = rig.status("porch")
    assert (status.state, status.error, status.audio, status.reconnects) == (StreamState.STREAMING, None, None, 0)
    assert set(rig.record.states("porch")[told:]) <= {StreamState.STREAMING}
    assert (rig.record.errors, len(rig.record.utterances)) == ([], heard)


async def test_a_stream_that_goes_on_is_heard_again_within_two_seconds(rig, camera):
    rig.add("porch", camera.url("porch"), transcribe=False)
    await rig.streaming("porch")
    await until_only_watched(camera)
    assert camera.counters("porch").audio_setups == 0
    began = time.monotonic()
    transcribe(rig, "porch", True)
    await eventually(lambda: rig.status("porch").audio and rig.status("porch").audio.level_dbfs, interval_s=0.01)
    assert time.monotonic() - began < 5.0  # 1 s on a machine that has time
    await eventually(lambda: rig.record.utterances, timeout_s=20)
    assert (rig.record.errors, rig.status("porch").state) == ([], StreamState.STREAMING)
    assert rig.status("porch").reconnects == 0


async def test_pausing_and_going_on_in_quick_turns_leaves_one_session_that_is_heard(rig, camera):
    rig.add("porch", camera.url("porch"))
    await rig.streaming("porch")
    for number in range(9):
        transcribe(rig, "porch", number % 2 == 1)
        await asyncio.sleep(0.05 * number)
    transcribe(rig, "porch", True)
    await eventually(lambda: camera.counters("porch").plays_now == camera.counters("porch").audio_now == 1)
    heard = len(rig.record.utterances)
    await eventually(lambda: len(rig.record.utterances) > heard, timeout_s=20)
    assert rig.record.errors == []


async def test_a_pause_while_the_camera_is_slow_to_answer_ends_the_opening_at_once(rig, camera):
    await camera.slow("porch", 1.0)
    rig.add("porch", camera.url("porch"))
    await rig.until("porch", StreamState.CONNECTING)
    transcribe(rig, "porch", False)
    await until_only_watched(camera, timeout_s=15)
    assert camera.counters("porch").audio_sent_at == 0.0
    assert rig.record.errors == []


async def test_a_camera_without_a_picture_is_left_alone_while_it_is_paused(rig, camera):
    rig.add("blind", camera.url("blind"))
    await rig.until("blind", StreamState.DEGRADED)
    transcribe(rig, "blind", False)
    status = await rig.until("blind", StreamState.IDLE)
    assert (status.error, status.next_retry_at, status.audio) == (None, None, None)
    await eventually(lambda: camera.counters("blind").plays_now == 0)
    asked = camera.counters("blind").describes
    await asyncio.sleep(3)
    assert camera.counters("blind").describes == asked
    transcribe(rig, "blind", True)
    await eventually(lambda: camera.counters("blind").audio_now == 1)
    await eventually(lambda: rig.record.utterances, timeout_s=20)


async def test_one_that_was_paused_before_anything_is_known_of_it_is_asked_for_a_picture_once(rig, camera):
    rig.add("blind", camera.url("blind"), transcribe=False)
    await eventually(lambda: camera.counters("blind").describes > 0)
    await rig.until("blind", StreamState.IDLE)
    asked = camera.counters("blind").describes
    await asyncio.sleep(3)
    counters = camera.counters("blind")
    assert (counters.describes, counters.plays_ever, counters.audio_setups) == (asked, 0, 0)
    assert (rig.record.errors, rig.status("blind").state) == ([], StreamState.IDLE)
    transcribe(rig, "blind", True)
    await eventually(lambda: rig.record.utterances, timeout_s=20)


async def test_a_camera_without_sound_is_well_while_it_is_paused(rig, camera):
    rig.add("mute", camera.url("mute"))
    await rig.until("mute", StreamState.DEGRADED)
    transcribe(rig, "mute", False)
    await rig.streaming("mute")
    transcribe(rig, "mute", True)
    status = await rig.until("mute", StreamState.DEGRADED)
    assert status.error.code == "no_audio"


@pytest.mark.parametrize("how", ["whole_only", "whole_or_nothing"])
async def test_a_camera_that_gives_no_picture_alone_is_pulled_whole_and_heard_by_nobody(rig, camera, how):
    await getattr(camera, how)("porch")
    rig.add("porch", camera.url("porch"), transcribe=False)
    await eventually(lambda: camera.counters("porch").audio_now == 1, timeout_s=40)
    await rig.streaming("porch", timeout_s=15)
    if how == "whole_or_nothing":  # asked a second time, as the first may have been chance
        await eventually(lambda: camera.counters("porch").plays_ever == 4, timeout_s=40)
    await rig.streaming("porch", timeout_s=15)
    played = camera.counters("porch").plays_ever
    await asyncio.sleep(6)
    assert (await rig.capture.snapshot("porch")).startswith(b"\xff\xd8")
    status = rig.status("porch")
    assert (status.state, status.audio, rig.record.started) == (StreamState.STREAMING, None, {})
    assert camera.counters("porch").plays_ever == played
    transcribe(rig, "porch", True)
    await eventually(lambda: rig.record.utterances, timeout_s=20)
    assert camera.counters("porch").plays_now == 1


@pytest.mark.parametrize(
    ("fault", "code"), [("freeze", "stalled"), ("garbage", "corrupt_stream"), ("drop", "eof"), ("refuse", "eof")]
)
async def test_faults_are_seen_while_only_the_picture_is_pulled(rig, camera, fault, code):
    rig.add("porch", camera.url("porch"), transcribe=False)
    await rig.streaming("porch")
    await (camera.refuse() if fault == "refuse" else getattr(camera, fault)("porch"))
    await rig.until_error("porch", code, timeout_s=8)
    await camera.heal("porch")
    rig.capture.restart("porch")
    await rig.streaming("porch")
    assert camera.counters("porch").audio_setups == 0


async def test_another_codec_is_seen_while_only_the_picture_is_pulled(rig, camera, talk):
    rig.add("porch", camera.url("porch"), transcribe=False)
    await rig.streaming("porch")
    await camera.swap("porch", camera_clip(talk, Picture(codec="h265", width=320, height=180)))
    await rig.until_error("porch", "codec_changed")
    await rig.streaming("porch")
    assert (rig.status("porch").video.codec, camera.counters("porch").audio_setups) == ("hevc", 0)


async def test_a_camera_that_allows_one_session_goes_on_at_once(rig, camera):
    await camera.limit("porch", 1)
    rig.add("porch", camera.url("porch"), transcribe=False)
    await rig.streaming("porch")
    for on in (True, False, True):
        transcribe(rig, "porch", on)
        await eventually(lambda on=on: camera.counters("porch").audio_now == on, timeout_s=5)
        await eventually(lambda: camera.counters("porch").plays_now == 1)
    assert (rig.record.errors, rig.status("porch").reconnects) == ([], 0)


async def test_a_worker_that_dies_leaves_what_is_paused_paused(rig, camera):
    for name in ("porch", "blind"):
        rig.add(name, camera.url(name), transcribe=False)
    await rig.streaming("porch")
    await rig.until("blind", StreamState.IDLE)
    rig.capture._workers.first.child.restart_now("the test wants it so")
    await rig.until_error("porch", "worker_died")
    await rig.streaming("porch")
    await until_only_watched(camera)
    assert (camera.counters("porch").audio_setups, camera.counters("blind").audio_setups) == (0, 0)
    assert rig.status("blind").state is StreamState.IDLE


@pytest.mark.parametrize("transport", ["tcp", "udp"])
async def test_pictures_asked_for_and_watched_while_paused_bring_no_sound(rig, clip, transport):
    async with FakeCamera({"porch": clip}, lower_transports=(transport,)) as camera:
        rig.add("porch", camera.url("porch"), transcribe=False)
        await rig.streaming("porch", timeout_s=20)
        async with rig.capture.viewers.watch("porch", 64, 5) as viewer:
            for _ in range(10):
                assert (await anext(viewer)).startswith(b"\xff\xd8")
        assert (camera.counters("porch").audio_setups, camera.counters("porch").plays_ever) == (0, 1)


@pytest.fixture
def root(tmp_path):
    """A folder for recordings."""
    (tmp_path / MARKER).touch()
    return tmp_path


async def test_what_is_recorded_keeps_its_sound_while_it_is_paused_and_nobody_hears_it(camera, root):
    with no_leaks():
        async with running_capture(recordings_dir=root, picture_lingers_s=1.0) as rig:
            rig.add("porch", camera.url("porch"), recording=Recording(RecordingMode.CONTINUOUS))
            await rig.streaming("porch")
            await eventually(lambda: rig.status("porch").recording)
            await until_somebody_speaks(rig)
            played = camera.counters("porch").plays_ever
            transcribe(rig, "porch", False)
            heard = dict(rig.record.started), list(rig.record.utterances)
            assert not rig.status("porch").speaking
            rig.capture.hold_recording("porch", on=True)
            rig.capture.hold_recording("porch", on=False)
            await asyncio.sleep(6)
            status = rig.status("porch")
            assert (status.state, status.recording, status.error) == (StreamState.STREAMING, True, None)
            assert (camera.counters("porch").plays_ever, camera.counters("porch").audio_now) == (played, 1)
            assert (rig.record.started, rig.record.utterances) == heard
            transcribe(rig, "porch", True)
            await eventually(lambda: len(rig.record.utterances) > len(heard[1]), timeout_s=20)
            assert camera.counters("porch").plays_ever == played, "the recording went on without a gap"
            transcribe(rig, "porch", False)
            rig.capture.set_stream(replace(rig.capture._captures["porch"].stream, recording=Recording()))
            await until_only_watched(camera, timeout_s=5)
            rig.capture.record_by_hand("porch", on=True)
            await eventually(lambda: camera.counters("porch").audio_now == 1)
            await eventually(lambda: rig.status("porch").recording)
            await asyncio.sleep(2)
            rig.capture.record_by_hand("porch", on=False)
            await until_only_watched(camera, timeout_s=5)
            await eventually(lambda: len(rig.record.recordings) >= 3)
    assert rig.record.errors == []
    assert all(play(file.path).sound_s is not None for file in rig.record.recordings)


async def test_a_camera_without_a_picture_that_is_recorded_is_fetched_while_it_is_paused(camera, root):
    with no_leaks():
        async with running_capture(recordings_dir=root) as rig:
            rig.add("blind", camera.url("blind"), transcribe=False)
            await eventually(lambda: camera.counters("blind").describes > 0)
            await rig.until("blind", StreamState.IDLE)
            rig.capture.record_by_hand("blind", on=True)
            await eventually(lambda: rig.status("blind").recording, timeout_s=10)
            await asyncio.sleep(7)
            assert (rig.status("blind").recording, rig.record.started) == (True, {})
            rig.capture.record_by_hand("blind", on=False)
            await rig.until("blind", StreamState.IDLE)
            await eventually(lambda: camera.counters("blind").plays_now == 0)

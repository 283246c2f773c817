"""A camera is asked for its picture only while somebody needs it; no word is lost or doubled by the change."""

import asyncio
from collections.abc import AsyncIterator
from itertools import pairwise
import time

import pytest

from tests.faults.capture_rig import Rig, running_capture
from tests.faults.conftest import SMALL
from tests.support.clips import camera_clip
from tests.support.leaks import no_leaks
from tests.support.waiting import eventually
from wallflower_sidecar.capture.stream import handover, lifecycle
from wallflower_sidecar.domain.streams import StreamState

pytestmark = pytest.mark.faults

LINGERS_S = 1.5
TOLERANCE_S = 0.3


@pytest.fixture
async def rig() -> AsyncIterator[Rig]:
    """A capture that gives a picture up as soon as it is not used any more."""
    with no_leaks():
        async with running_capture(picture_lingers_s=LINGERS_S) as running:
            yield running


async def until_listening(rig, camera, name="porch"):
    """Wait until the camera sends its sound alone, in one session."""

    def there():
        counters = camera.counters(name)
        return (counters.plays_now, counters.video_now, counters.audio_now) == (1, 0, 1)

    await rig.streaming(name)
    await eventually(there, timeout_s=15)


async def look_until_it_is_the_voice(rig, camera, name="porch"):
    """Ask for pictures until there is one session again, with picture and sound."""
    while (counters := camera.counters(name)).video_now == 0 or counters.plays_now > 1:
        await rig.capture.snapshot(name, 32)
        await asyncio.sleep(0.1)


def sentences_of(camera, talk, since, until, source="porch"):
    """When each sentence that was sent as a whole in this time began and ended."""
    times = [
        each
        for sentence in talk.sentences
        for each in zip(
            camera.wall_times(source, sentence.start_s), camera.wall_times(source, sentence.end_s), strict=False
        )
    ]
    return sorted((start, end) for start, end in times if start > since and end < until)


def heard_in(utterances, start, end):
    """When each utterance that has a part in this time began and ended."""
    spans = [(one.start.timestamp(), one.end.timestamp()) for one in utterances]
    return [span for span in spans if span[0] < end - TOLERANCE_S and span[1] > start + TOLERANCE_S]


async def test_who_only_listens_is_not_sent_the_picture_and_nobody_is_told(rig, camera):
    rig.add("porch", camera.url("porch"))
    await rig.streaming("porch")
    told = len(rig.record.changes)
    await until_listening(rig, camera)
    await asyncio.sleep(1)
    status = rig.status("porch")
    assert (status.state, status.error, status.reconnects) == (StreamState.STREAMING, None, 0)
    assert status.video.width == 320
    assert len(rig.record.changes) == told
    assert camera.counters("porch").plays_ever == 2


async def test_every_sentence_spoken_across_switches_is_heard_once_and_on_time(rig, camera, talk):
    rig.add("porch", camera.url("porch"))
    await until_listening(rig, camera)
    since = time.time() + TOLERANCE_S
    for _ in range(2):
        await look_until_it_is_the_voice(rig, camera)
        await until_listening(rig, camera)
    until = time.time()
    await eventually(lambda: any(one.end.timestamp() > until for one in rig.record.utterances), timeout_s=15)
    sent = sentences_of(camera, talk, since, until)
    assert len(sent) >= 3
    for start, end in sent:
        (heard,) = heard_in(rig.record.utterances, start, end)
        assert heard == pytest.approx((start, end), abs=TOLERANCE_S)
    await eventually(lambda: rig.record.started.keys() == rig.record.ended.keys(), timeout_s=5, interval_s=0.01)
    assert rig.record.errors == []


async def test_a_picture_asked_for_while_only_listening_comes_soon_and_one_session_is_left(rig, camera):
    rig.add("porch", camera.url("porch"))
    await until_listening(rig, camera)
    began = time.monotonic()
    pictures = await asyncio.gather(*(rig.capture.snapshot("porch") for _ in range(3)))
    assert time.monotonic() - began < 6
    assert all(picture.startswith(b"\xff\xd8") for picture in pictures)
    await until_listening(rig, camera)
    assert camera.counters("porch").plays_ever == 3, "the one with the picture came and went, the voice stayed"
    assert rig.record.errors == []


async def test_a_camera_that_refuses_a_second_session_is_switched_by_closing_first(rig, camera, monkeypatch):
    monkeypatch.setattr(handover, "RETRY_S", 3.0)
    await camera.limit("porch", 1)
    rig.add("porch", camera.url("porch"))
    await rig.streaming("porch")
    told = len(rig.record.changes)
    await until_listening(rig, camera)
    assert (await rig.capture.snapshot("porch")).startswith(b"\xff\xd8")
    await until_listening(rig, camera)
    assert len(rig.record.changes) == told, "the state never changed"
    assert rig.status("porch").reconnects == 0
    assert camera.counters("porch").plays_ever == 4


async def test_a_camera_that_gives_no_sound_alone_is_asked_once_and_pulled_whole(rig, camera):
    await camera.whole_only("porch")
    rig.add("porch", camera.url("porch"))
    await rig.streaming("porch")
    await eventually(lambda: camera.counters("porch").plays_ever == 2, timeout_s=10)
    await eventually(lambda: camera.counters("porch").plays_now == 1)
    await asyncio.sleep(3)
    counters = camera.counters("porch")
    assert (counters.plays_ever, counters.plays_now, counters.video_now) == (2, 1, 1)
    assert rig.record.errors == []
    assert (await rig.capture.snapshot("porch")).startswith(b"\xff\xd8")


async def test_a_camera_that_dies_in_mid_switch_is_an_error_and_back_with_one_session(rig, camera):
    rig.add("porch", camera.url("porch"))
    await eventually(lambda: camera.counters("porch").plays_now == 2, timeout_s=15, interval_s=0.01)
    await camera.refuse()
    await rig.until_error("porch", "eof", timeout_s=7)
    await camera.listen()
    rig.capture.restart("porch")
    await until_listening(rig, camera)
    assert rig.record.started.keys() >= rig.record.ended.keys()


async def test_the_new_session_goes_on_alone_when_only_the_old_one_is_cut_off_in_mid_switch(rig, camera):
    rig.add("porch", camera.url("porch"))
    await eventually(lambda: camera.counters("porch").plays_now == 2, timeout_s=15, interval_s=0.01)
    await asyncio.sleep(1)  # until the new one delivers
    for session in tuple(camera._sources["porch"].playing):
        if "video" in session.kinds:
            session.abort()
    await until_listening(rig, camera)
    assert (rig.record.errors, rig.status("porch").reconnects) == ([], 0)


async def test_no_word_is_lost_when_only_the_old_session_freezes_in_mid_switch_while_somebody_speaks(
    rig, camera, talk, monkeypatch
):
    monkeypatch.setattr(lifecycle, "LEAD_S", 60.0)
    rig.add("porch", camera.url("porch"))
    sessions = rig.capture._captures["porch"]._sessions
    await eventually(lambda: sessions.successor and sessions.successor.first_audio_s, timeout_s=15, interval_s=0.01)
    since = time.time() + TOLERANCE_S
    await eventually(lambda: not rig.status("porch").speaking, timeout_s=15, interval_s=0.01)
    await eventually(lambda: rig.status("porch").speaking, timeout_s=15, interval_s=0.01)
    (old,) = (session for session in camera._sources["porch"].playing if "video" in session.kinds)
    monkeypatch.setattr(old, "send_rtp", lambda kind, packets: None)
    await eventually(lambda: camera.counters("porch").plays_now == 1, timeout_s=10)
    until = time.time()
    await eventually(lambda: any(one.end.timestamp() > until for one in rig.record.utterances), timeout_s=15)
    for start, end in sentences_of(camera, talk, since, until):
        heard = sorted(heard_in(rig.record.utterances, start, end))
        assert (heard[0][0], heard[-1][1]) == pytest.approx((start, end), abs=TOLERANCE_S)
        assert all(later[0] == pytest.approx(earlier[1], abs=TOLERANCE_S) for earlier, later in pairwise(heard))
    assert rig.record.started.keys() == rig.record.ended.keys()
    assert (rig.record.errors, rig.status("porch").reconnects) == ([], 0)


async def test_sound_that_ceases_while_only_listening_is_named_once_the_picture_shows_that_the_camera_is_there(
    rig, camera
):
    rig.add("porch", camera.url("porch"))
    await until_listening(rig, camera)
    await camera.swap("porch", camera_clip(None, SMALL))
    await rig.until_error("porch", "stalled", timeout_s=7)
    await rig.until_error("porch", "no_audio", timeout_s=8)
    assert rig.status("porch").state is StreamState.DEGRADED
    assert camera.counters("porch").video_now == 1


async def test_garbage_in_place_of_the_sound_is_no_sign_of_life_where_only_the_sound_is_pulled(rig, camera):
    rig.add("porch", camera.url("porch"))
    await until_listening(rig, camera)
    began = time.time()
    await camera.garbage("porch")
    await eventually(lambda: not rig.status("porch").state.delivers, timeout_s=15)
    assert time.time() - began < 7
    await camera.heal("porch")
    rig.capture.restart("porch")
    await rig.streaming("porch")

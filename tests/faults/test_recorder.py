"""A session's packets on disk: in every codec, playable while they are written, under names that tell the truth."""

from itertools import pairwise
import threading

import pytest

from tests.faults.recording_rig import check_names, new_root, play, recording
from tests.support.clips import Picture, camera_clip
from tests.support.rtsp_camera import FakeCamera
from tests.support.waiting import eventually
from wallflower_sidecar.capture.messages import Alive, Ended, Recorded, Writing

pytestmark = pytest.mark.faults

SMALL = Picture(width=320, height=180)


@pytest.fixture
def root(tmp_path):
    return new_root(tmp_path)


async def test_without_a_thread_to_record_with_the_sound_goes_on_and_it_is_tried_again(camera, root, caplog):
    async with recording(camera.url("porch"), root) as rec:
        await rec.heard.opened()
        before = threading.stack_size(1 << 48)  # more than there is of addresses: no thread can be started
        try:
            rec.continuous()
            await rec.told(writing=False, code="internal")
            lives = len(rec.heard.of(Alive))
            await eventually(lambda: len(rec.heard.of(Alive)) > lives + 1, timeout_s=5)
        finally:
            threading.stack_size(before)
        assert caplog.text.count("recording cannot begin") == 1
        await rec.told(writing=True, code=None)


async def test_files_adjoin_and_hold_all_pictures_and_sound_in_step(camera, root):
    async with recording(camera.url("porch"), root) as rec:
        rec.continuous(segment_s=4.0)
        part = await rec.written()
        open_file = play(part)
        assert open_file.pictures >= 15
        assert open_file.damaged == 0
        await rec.saved(2)
        await rec.told(writing=True, code=None)
    reports = rec.heard.of(Recorded)
    assert len(reports) == 3  # the session's end finishes the open one
    assert not rec.parts
    assert rec.heard.of(Writing)[-1] == Writing(1, writing=False, code=None)
    assert isinstance(rec.heard.reports[-1][1], Ended)
    check_names(root, reports)
    for before, after in pairwise(reports):
        assert after.start == before.end
    for report in reports[:2]:
        lasts_s = report.end - report.start
        assert 3.9 <= lasts_s <= 6.1  # the first key frame after 4 s; they come every 2 s
        seen = play(root / report.path)
        assert seen.codecs == ("avc1", "mp4a")
        assert seen.begins_with_key
        assert seen.upward
        assert seen.damaged == 0
        assert seen.pictures == pytest.approx(15 * lasts_s, abs=3)
        assert seen.picture_s == pytest.approx((0.0, lasts_s), abs=0.15)
        assert seen.sound_s == pytest.approx((0.0, lasts_s), abs=0.15)


@pytest.mark.parametrize(
    ("codec", "sound", "codecs"),
    [
        ("h265", "pcma", ("hvc1", "mp4a")),
        ("mjpeg", "pcmu", ("mp4v", "mp4a")),
        ("h264", "opus", ("avc1", "Opus")),
    ],
)
async def test_what_mp4_carries_is_copied_and_other_sound_becomes_aac(talk, root, codec, sound, codecs):
    clip = camera_clip(talk, Picture(codec=codec, width=320, height=180), sound)
    async with FakeCamera({"porch": clip}) as camera, recording(camera.url("porch"), root) as rec:
        rec.continuous(segment_s=4.0)
        report = await rec.saved()
    lasts_s = report.end - report.start
    seen = play(root / report.path)
    assert seen.codecs == codecs
    assert seen.damaged == 0
    assert seen.upward
    assert seen.pictures == pytest.approx(15 * lasts_s, abs=3)
    assert seen.picture_s == pytest.approx((0.0, lasts_s), abs=0.2)
    assert seen.sound_s == pytest.approx((0.0, lasts_s), abs=0.3)


@pytest.mark.parametrize(("source", "codecs"), [("blind", ("mp4a",)), ("mute", ("avc1",))])
async def test_a_camera_without_picture_or_without_sound_is_recorded_with_what_it_has(camera, root, source, codecs):
    async with recording(camera.url(source), root) as rec:
        rec.continuous(segment_s=3.0)
        await rec.saved()
    reports = rec.heard.of(Recorded)
    check_names(root, reports)
    seen = play(root / reports[0].path)
    assert seen.codecs == codecs
    assert seen.damaged == 0
    assert seen.sound_s or seen.picture_s == pytest.approx((0.0, reports[0].end - reports[0].start), abs=0.15)


async def test_a_file_tells_when_it_was_sent(camera, root):
    async with recording(camera.url("porch"), root) as rec:
        rec.continuous(segment_s=2.0)
        report = await rec.saved(2)
        began = [loop.began_at for loop in camera.loops("porch")]
        # Key frames are sent every two seconds of the clip.
        error_s = min(abs(report.start - (at + 2 * number)) for at in began for number in range(20))
        assert error_s < 0.3


async def test_what_is_stopped_is_finished_and_what_is_ordered_anew_begins_anew(camera, root):
    async with recording(camera.url("porch"), root) as rec:
        rec.continuous()
        await rec.written()
        rec.stop()
        await rec.saved()
        await rec.told(writing=False, code=None)
        rec.continuous()
        await rec.told(writing=True, code=None)
        await rec.written()
    reports = rec.heard.of(Recorded)
    assert len(reports) == 2
    check_names(root, reports)

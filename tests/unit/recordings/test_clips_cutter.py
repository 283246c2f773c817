"""What is cut out of recorded files: where it begins and ends, and that every frame of it is the one recorded."""

from datetime import datetime, timedelta
from pathlib import Path

import pytest

from tests.support.clips import Picture, camera_clip
from tests.support.footage import Filmed, as_open, film, recordings_root
from tests.support.recorded import MORNING, at
from tests.support.sentences import SENTENCES
from tests.support.speech import Track, compose
from tests.support.watching import pictures, watch
from wallflower_sidecar.recordings.cutter import FaultError, cut
from wallflower_sidecar.recordings.cutter_messages import Order, Source

FPS = 15
SMALL = Picture(width=320, height=180)


@pytest.fixture(scope="module")
def track() -> Track:
    return compose(SENTENCES[:8], pause_s=1.0)


@pytest.fixture(scope="module")
def clip(track: Track) -> Path:
    return camera_clip(track, SMALL)


@pytest.fixture(scope="module")
def shown(clip: Path) -> tuple[str, ...]:
    """Every picture that the camera showed."""
    return pictures(clip)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return recordings_root(tmp_path / "recordings")


@pytest.fixture
def target(tmp_path: Path) -> Path:
    return tmp_path / "clip.mp4"


def order(files: list[Filmed], begin_s: float, end_s: float, target: Path) -> Order:
    sources = tuple(Source(each.path, each.start.timestamp(), each.end.timestamp()) for each in files)
    return Order(sources, MORNING.timestamp() + begin_s, MORNING.timestamp() + end_s, target)


def done(told: Order) -> tuple[float, float, list[str]]:
    """Cut; returns where the clip begins and ends, in seconds from MORNING, and what was left out."""
    *_, last = cut(told)
    assert last["t"] == "done", last
    return last["start"] - MORNING.timestamp(), last["end"] - MORNING.timestamp(), last["left_out"]


def test_a_clip_spans_files_and_begins_at_the_key_frame_before(
    root: Path, clip: Path, shown: tuple[str, ...], target: Path
) -> None:
    files = film(root, clip)
    begin_s, end_s, left_out = done(order(files, 3.3, 9.5, target))
    assert begin_s == pytest.approx(2.0, abs=0.002)
    assert end_s == pytest.approx(9.5, abs=0.07)
    assert not left_out
    seen = watch(target)
    assert seen.codecs == ("h264", "aac")
    assert seen.begins_with_key_frame
    assert seen.index_first
    assert seen.frames == shown[2 * FPS : 2 * FPS + len(seen.frames)], "each picture of that time, once and in order"
    assert len(seen.frames) == pytest.approx(7.5 * FPS, abs=1)
    assert seen.sound_s == pytest.approx(7.5, abs=0.15)
    assert seen.duration_s == pytest.approx(7.5, abs=0.1)
    assert seen.longest_step_s < 0.15


@pytest.mark.parametrize(("begin_s", "key_s"), [(0.0, 0.0), (4.0, 4.0), (3.999, 2.0), (4.001, 4.0), (5.9, 4.0)])
def test_it_begins_at_the_last_key_frame_at_or_before(
    root: Path, clip: Path, shown: tuple[str, ...], target: Path, begin_s: float, key_s: float
) -> None:
    files = film(root, clip, count=2)
    assert done(order(files, begin_s, 7.0, target))[0] == pytest.approx(key_s, abs=0.002)
    assert watch(target).frames[0] == shown[round(key_s * FPS)]


def test_a_time_before_the_first_recording_begins_with_it(root: Path, clip: Path, target: Path) -> None:
    files = film(root, clip, count=1)
    assert done(order(files, -20.0, 2.0, target))[:2] == pytest.approx((0.0, 2.0), abs=0.07)


def test_a_time_after_the_last_recording_ends_with_it(root: Path, clip: Path, target: Path) -> None:
    files = film(root, clip, count=2)
    assert done(order(files, 5.0, 60.0, target))[1] == pytest.approx(8.0, abs=0.07)


def test_a_gap_is_closed(root: Path, clip: Path, target: Path) -> None:
    files = film(root, clip, count=3)
    begin_s, end_s, _ = done(order([files[0], files[2]], 0.0, 12.0, target))
    assert (begin_s, end_s) == pytest.approx((0.0, 12.0), abs=0.07)
    seen = watch(target)
    assert seen.duration_s == pytest.approx(8.0, abs=0.15)
    assert seen.longest_step_s < 0.2


def test_what_was_recorded_twice_is_shown_once(root: Path, clip: Path, target: Path) -> None:
    files = film(root, clip, segment_s=8.0, count=1) + film(root / "again", clip, count=3)[1:]
    # 0-8 s, 4-8 s and 8-12 s: as if a second session had recorded beside the first.
    begin_s, end_s, _ = done(order(files, 0.0, 12.0, target))
    assert (begin_s, end_s) == pytest.approx((0.0, 12.0), abs=0.07)
    assert watch(target).duration_s == pytest.approx(12.0, abs=0.15)


@pytest.mark.parametrize("until_s", [7.3, 7.9, 9.7, 11.5])
def test_where_one_session_took_over_from_another_no_picture_is_missing_or_twice(
    root: Path, clip: Path, shown: tuple[str, ...], target: Path, until_s: float
) -> None:
    (old,) = film(root, clip, segment_s=60.0, until_s=until_s)
    new = film(root / "again", clip, segment_s=6.0, count=2)[1]
    begin_s, end_s, _ = done(order([old, new], 0.0, 11.0, target))
    assert (begin_s, end_s) == pytest.approx((0.0, 11.0), abs=0.07)
    seen = watch(target)
    assert seen.frames == shown[: len(seen.frames)]
    assert len(seen.frames) == pytest.approx(11.0 * FPS, abs=1)


def test_where_the_clock_was_set_back_a_little_no_picture_is_missing(
    root: Path, clip: Path, shown: tuple[str, ...], target: Path
) -> None:
    files = film(root, clip, count=2)
    adjoin = files[0].end - timedelta(seconds=2)
    shortened = Filmed(files[0].path, files[0].start, adjoin)
    named_anew = Filmed(files[1].path, adjoin, files[1].end - timedelta(seconds=2))
    assert done(order([shortened, named_anew], 0.0, 6.0, target))[:2] == pytest.approx((0.0, 6.0), abs=0.07)
    assert watch(target).frames == shown[: 8 * FPS]


def test_the_file_being_written_is_part_of_it(root: Path, clip: Path, shown: tuple[str, ...], target: Path) -> None:
    files = film(root, clip, count=2)
    path = as_open(files[1], lost_bytes=2000)
    files[1] = Filmed(path, files[1].start, files[1].end)
    _, end_s, left_out = done(order(files, 1.0, 60.0, target))
    assert 5.9 < end_s < 8.0, "all whole fragments that are on disk"
    assert not left_out
    seen = watch(target)
    assert seen.frames == shown[: len(seen.frames)]
    assert seen.sound_s == pytest.approx(end_s, abs=0.3)


def test_a_file_that_got_its_last_name_meanwhile_is_found(root: Path, clip: Path, target: Path) -> None:
    files = film(root, clip, count=1)
    was = as_open(files[0])
    was.rename(files[0].path)
    assert done(order([Filmed(was, files[0].start, files[0].end)], 0.0, 3.0, target))[2] == []


@pytest.mark.parametrize("content", [b"", b"not an mp4" * 100, b"\0\0\0\x20ftypisom" + bytes(5000)])
def test_a_file_that_cannot_be_read_is_left_out(root: Path, clip: Path, target: Path, content: bytes) -> None:
    files = film(root, clip, count=3)
    files[1].path.write_bytes(content)
    begin_s, end_s, left_out = done(order(files, 0.0, 12.0, target))
    assert (begin_s, end_s) == pytest.approx((0.0, 12.0), abs=0.07)
    assert len(left_out) == 1
    assert files[1].path.name in left_out[0]
    assert watch(target).duration_s == pytest.approx(8.0, abs=0.15)


def test_a_file_that_ends_in_its_middle_is_used_up_to_there(root: Path, clip: Path, target: Path) -> None:
    files = film(root, clip, count=3)
    raw = files[1].path.read_bytes()
    files[1].path.write_bytes(raw[: len(raw) * 4 // 10])
    assert done(order(files, 0.0, 12.0, target))[2] == [f"{files[1].path.name} (damaged)"]
    assert 8.5 < watch(target).duration_s < 11.0


def test_files_of_which_none_can_be_read(root: Path, clip: Path, target: Path) -> None:
    files = film(root, clip, count=1)
    files[0].path.write_bytes(b"nothing")
    with pytest.raises(FaultError, match="unreadable"):
        list(cut(order(files, 0.0, 12.0, target)))


def test_a_change_of_size_leaves_the_longer_part(root: Path, clip: Path, track: Track, target: Path) -> None:
    large = camera_clip(track, Picture(width=640, height=360))
    before = film(root, clip, count=1)
    after = film(root / "b", large, start=MORNING + (before[0].end - before[0].start), count=2)
    begin_s, end_s, left_out = done(order(before + after, 0.0, 12.0, target))
    assert begin_s == pytest.approx(4.0, abs=0.07)
    assert end_s == pytest.approx(12.0, abs=0.1)
    assert left_out == ["1 files with another codec or size"]
    assert watch(target).duration_s == pytest.approx(8.0, abs=0.15)


def test_a_change_of_codec_leaves_the_longer_part(root: Path, clip: Path, track: Track, target: Path) -> None:
    other = camera_clip(track, Picture(width=320, height=180, codec="h265"))
    before = film(root, clip, count=2)
    after = film(root / "b", other, start=before[1].end, count=1)
    assert done(order(before + after, 0.0, 12.0, target))[1] == pytest.approx(8.0, abs=0.07)
    assert watch(target).codecs == ("h264", "aac")


@pytest.mark.parametrize("codec", ["h265", "mjpeg"])
def test_other_codecs(root: Path, track: Track, target: Path, codec: str) -> None:
    files = film(root, camera_clip(track, Picture(width=320, height=180, codec=codec)), count=2)
    done(order(files, 1.0, 7.0, target))
    seen = watch(target)
    assert seen.codecs[0] == {"h265": "hevc", "mjpeg": "mjpeg"}[codec]
    assert len(seen.frames) == pytest.approx((7.0 if codec == "h265" else 6.0) * FPS, abs=2)
    assert codec != "h265" or b"hvc1" in target.read_bytes()


def test_opus(root: Path, track: Track, target: Path) -> None:
    files = film(root, camera_clip(track, SMALL, "opus"), count=2)
    done(order(files, 1.0, 7.0, target))
    seen = watch(target)
    assert seen.codecs == ("h264", "opus")
    assert seen.sound_s == pytest.approx(7.0, abs=0.2)


def test_picture_and_sound_stay_in_step_over_many_files(root: Path, clip: Path, target: Path) -> None:
    one = film(root / "one", clip, count=1)[0]
    files = [Filmed(one.path, at(4.0 * number), at(4.0 * (number + 1))) for number in range(60)]
    done(order(files, 0.0, 240.0, target))
    seen = watch(target)
    assert seen.duration_s == pytest.approx(240.0, abs=0.2)
    assert seen.longest_step_s < 0.15


def test_sound_alone(root: Path, track: Track, target: Path) -> None:
    files = film(root, camera_clip(track, None), count=3)
    begin_s, end_s, _ = done(order(files, 3.0, 9.0, target))
    assert (begin_s, end_s) == pytest.approx((3.0, 9.0), abs=0.07)
    assert watch(target).sound_s == pytest.approx(6.0, abs=0.15)


def test_a_picture_without_sound(root: Path, target: Path) -> None:
    files = film(root, camera_clip(None, SMALL), count=3)
    assert done(order(files, 3.0, 9.0, target))[0] == pytest.approx(2.0, abs=0.01)
    assert len(watch(target).frames) == pytest.approx(7 * FPS, abs=1)


def test_it_can_be_cut_out_of_what_another_clip_was_made_of(root: Path, clip: Path, target: Path) -> None:
    files = film(root, clip, count=2)
    before = [each.path.read_bytes() for each in files]
    done(order(files, 0.0, 8.0, target))
    assert [each.path.read_bytes() for each in files] == before


def test_the_time_of_day_is_that_of_the_names(root: Path, clip: Path, target: Path) -> None:
    later = datetime.fromisoformat("2031-03-30T01:59:58.001Z")
    files = film(root, clip, start=later, count=1)
    sources = tuple(Source(each.path, each.start.timestamp(), each.end.timestamp()) for each in files)
    *_, last = cut(Order(sources, later.timestamp() + 2.5, later.timestamp() + 3.5, target))
    assert last["start"] == pytest.approx(later.timestamp() + 2.0, abs=0.002)

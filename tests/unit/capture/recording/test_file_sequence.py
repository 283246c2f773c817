"""One file after another: cut at key frames, given up and begun again, with real packets on a real disk."""

from dataclasses import replace

import av
import pytest

from tests.unit.capture.hand_clock import HandClock
from tests.unit.capture.recording.recorded_packets import pictures
from wallflower_sidecar.capture.recording.clock import RecordingClock
from wallflower_sidecar.capture.recording.file_sequence import FORGIVEN_S, RETRY_S, FileSequence
from wallflower_sidecar.capture.recording.packets import Tracks, VideoTrack
from wallflower_sidecar.domain.recordings import MARKER


@pytest.fixture(scope="module")
def clip(tmp_path_factory):
    """12 s with a key frame each second."""
    return pictures(tmp_path_factory.mktemp("clips") / "clip.h264", gop=15)


class Sequence(FileSequence):
    """A sequence whose clock goes with what it is given."""

    def __init__(self, root, segment_s=4.0):
        self.clock = HandClock()
        self.saved = []
        tracks = Tracks(VideoTrack("h264", None), None)
        super().__init__(tracks, self.clock, RecordingClock(self.clock), 0, self.saved.append)
        self.go_to(root, "porch", segment_s)

    def feed(self, packets):
        for packet in packets:
            self.clock.advance(1 / 15)
            self.add(packet)


@pytest.fixture
def root(tmp_path):
    (tmp_path / MARKER).touch()
    return tmp_path


def counted(file):
    with av.open(str(file.path)) as opened:
        return sum(1 for _ in opened.decode(video=0))


def test_files_are_cut_at_the_first_key_frame_after_their_time_and_miss_no_picture(root, clip):
    files = Sequence(root)
    files.feed(clip)
    files.close()
    assert [counted(file) for file in files.saved] == [60, 60, 60]
    assert [file.end for file in files.saved[:2]] == [file.start for file in files.saved[1:]]
    assert files.lost == 0


def test_a_mark_to_cut_is_obeyed_at_the_next_key_frame(root, clip):
    files = Sequence(root, segment_s=60.0)
    files.feed([*clip[:20], replace(clip[20], cut=True), *clip[21:60]])
    files.close()
    assert [counted(file) for file in files.saved] == [30, 30]


def test_other_parameter_sets_begin_a_new_file(root, clip, tmp_path):
    other = pictures(tmp_path / "other.h264", gop=15, seconds=2, size="320x180")
    moved = [replace(each, pts_s=each.pts_s + 4, dts_s=each.dts_s + 4) for each in other]
    files = Sequence(root, segment_s=60.0)
    files.feed([*clip[:60], *moved])
    files.close()
    assert [counted(file) for file in files.saved] == [60, 30]
    with av.open(str(files.saved[1].path)) as opened:
        assert opened.streams.video[0].width == 320


def damaged(packet):
    return replace(packet, data=b"\x00\x00\x00\x01\x65" + bytes(50)) if packet.key else packet


def test_one_unreadable_key_frame_is_passed_over_and_many_are_a_fault_that_ends(root, clip):
    files = Sequence(root, segment_s=60.0)
    files.feed(damaged(packet) for packet in clip[:15])
    assert files.fault is None
    files.feed(damaged(packet) for packet in clip[15:60])
    assert files.fault == "corrupt_stream"
    assert not list(root.glob("*/*/*"))
    files.clock.advance(RETRY_S)
    files.feed(clip[60:120])
    assert files.is_open
    assert files.fault is None
    files.close()
    assert counted(files.saved[0]) == 60


def test_a_fault_of_the_packets_is_forgiven_after_a_while_and_the_disks_when_it_is_well(root, clip):
    files = Sequence(root)
    files.feed(damaged(packet) for packet in clip[:60])
    files.look_at_disk()
    assert files.fault == "corrupt_stream"
    files.clock.advance(RETRY_S + FORGIVEN_S)
    files.look_at_disk()
    assert files.fault is None
    (root / MARKER).unlink()
    files.look_at_disk()
    assert files.fault == "disk_error"
    (root / MARKER).touch()
    files.look_at_disk()
    assert files.fault is None


def test_a_file_that_is_given_up_keeps_its_whole_fragments(root, clip):
    files = Sequence(root, segment_s=60.0)
    files.feed(clip[:70])
    (root / MARKER).unlink()
    files.look_at_disk()
    assert not files.is_open
    (file,) = files.saved
    assert counted(file) >= 45
    assert files.ended_s <= clip[69].dts_s
    files.feed(clip[70:80])
    assert files.lost == 10


def test_a_file_without_a_whole_fragment_is_removed(root, clip):
    files = Sequence(root, segment_s=60.0)
    files.feed(clip[:5])
    assert list(root.glob("*/*/*.part"))
    (root / MARKER).unlink()
    files.look_at_disk()
    assert files.saved == []
    assert not list(root.glob("*/*/*"))

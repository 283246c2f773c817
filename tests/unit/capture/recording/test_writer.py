"""What is kept around a hit, with real packets on a real disk."""

from dataclasses import replace

import av
import pytest

from tests.unit.capture.hand_clock import HandClock
from tests.unit.capture.recording.recorded_packets import pictures
from wallflower_sidecar.capture.messages import Keep, Record
from wallflower_sidecar.capture.recording.disk import RecordingDisks
from wallflower_sidecar.capture.recording.packet_queue import PacketQueue
from wallflower_sidecar.capture.recording.packets import Sample, Tracks, VideoTrack
from wallflower_sidecar.capture.recording.writer import RecordingWriter
from wallflower_sidecar.domain.recordings import MARKER

FRAME_S = 1 / 15


@pytest.fixture(scope="module")
def clip(tmp_path_factory):
    """12 s with a key frame each second."""
    return pictures(tmp_path_factory.mktemp("clips") / "clip.h264", gop=15)


class Recording:
    """A writer in mode `keyword` whose clock goes with what it is given; its turns are the test's."""

    def __init__(self, root):
        (root / MARKER).touch()
        self.clock = HandClock()
        self.saved = []
        self.told = []
        self._queue = PacketQueue()
        self.writer = RecordingWriter(
            Tracks(VideoTrack("h264", None), None),
            self._queue,
            self.clock,
            RecordingDisks(0),
            lambda **what: self.told.append(what),
            self.saved.append,
        )
        self.writer.obey(Record(1, str(root), "porch", "keyword", 5.0, 60.0))

    def feed(self, packets):
        for packet in packets:
            self.clock.advance(FRAME_S)
            self._queue.put(
                Sample("video", packet.data, packet.pts_s, packet.dts_s, FRAME_S, packet.key, self.clock.monotonic())
            )
        self.writer._turn()

    def keep(self, since_s, until_s):
        """Keep a time, in seconds from now."""
        now_s = self.clock.now().timestamp()
        self.writer.obey(Keep(1, now_s + since_s, now_s + until_s))
        self.writer._turn()

    def end(self):
        self.writer._last_turn()


def counted(file):
    with av.open(str(file.path)) as opened:
        return sum(1 for _ in opened.decode(video=0))


def test_a_key_frame_that_cannot_be_read_costs_its_group_alone(tmp_path, clip):
    rec = Recording(tmp_path)
    rec.feed([replace(clip[0], data=b"\0\0\1\x65" + bytes(50)), *clip[1:60]])
    rec.keep(-4.0, 0.0)
    assert rec.told[-1] == {"writing": True, "code": None}
    rec.feed(clip[60:90])
    rec.end()
    assert sum(map(counted, rec.saved)) == pytest.approx(45, abs=15)

"""One line for picture and sound, whatever a camera's clocks do."""

from dataclasses import replace
import itertools

import pytest

from tests.unit.capture.recording.recorded_packets import FRAME_S, SOUND_S, sample
from wallflower_sidecar.capture.recording.packets import Placed
from wallflower_sidecar.capture.recording.timeline import Interleaver, Timeline

BEGAN_S = 1000.0
"""Monotonic arrival of the first packet."""


class Camera:
    """Sends pictures and sound in real time; its clocks are set by hand."""

    def __init__(self):
        self.timeline = Timeline()
        self.shift_s = {"video": 0.0, "audio": 0.0}
        self.sent = {"video": 0.0, "audio": 0.0}
        self.placed = []

    def run(self, until_s, held_until_s=0.0, stamp=None):
        """Send all up to here, arriving late while held up; `stamp` makes a time stamp of a time."""
        while min(self.sent.values()) < until_s:
            kind = min(self.sent, key=self.sent.get)
            at_s = self.sent[kind]
            self.sent[kind] += FRAME_S if kind == "video" else SOUND_S
            shown_s = (stamp or (lambda each: each))(at_s) + self.shift_s[kind]
            packet = self.timeline.place(sample(kind, shown_s, BEGAN_S + max(at_s, held_until_s)))
            self.placed.append((at_s, packet))

    def errors(self, since_s=0.0):
        """How far each packet's place is from the truth."""
        return [packet.dts_s - BEGAN_S - at_s for at_s, packet in self.placed if at_s >= since_s]

    def cuts(self):
        return [(packet.kind, at_s) for at_s, packet in self.placed if packet.cut]

    def assert_upward(self):
        for kind in ("video", "audio"):
            times = [packet.dts_s for _, packet in self.placed if packet.kind == kind]
            assert all(before < after for before, after in itertools.pairwise(times))


@pytest.fixture
def camera():
    return Camera()


def test_times_are_the_cameras_own_put_where_they_arrived(camera):
    camera.shift_s = {"video": 77_000.0, "audio": 77_000.0}
    camera.run(10)
    assert camera.errors() == pytest.approx([0.0] * len(camera.placed), abs=1e-6)
    assert camera.cuts() == []


def test_the_difference_of_picture_and_sound_is_kept(camera):
    camera.shift_s = {"video": 5.0, "audio": 5.25}
    camera.run(1)
    kinds = {packet.kind: packet.dts_s - BEGAN_S - at_s for at_s, packet in camera.placed}
    assert kinds["audio"] - kinds["video"] == pytest.approx(0.25)


def test_clocks_that_have_nothing_to_do_with_each_other_are_brought_together(camera):
    camera.shift_s = {"video": 5.0, "audio": 90_000.0}
    camera.run(5)
    assert max(map(abs, camera.errors())) < 0.01


@pytest.mark.parametrize("jump_s", [3600.0, 4.0, -2.0, -95_443.7])
def test_a_jump_of_both_is_no_jump_on_the_line_and_asks_for_a_new_file(camera, jump_s):
    camera.run(5)
    camera.shift_s = {"video": jump_s, "audio": jump_s}
    camera.run(10)
    assert max(map(abs, camera.errors())) < 0.15
    assert {kind for kind, _ in camera.cuts()} == {"video", "audio"}
    camera.assert_upward()
    after = {packet.kind: packet.dts_s - BEGAN_S - at_s for at_s, packet in camera.placed[-20:]}
    assert after["audio"] == pytest.approx(after["video"], abs=1e-6)  # still in step


def test_a_wrap_of_the_rtp_time_is_a_jump_like_others(camera):
    camera.run(20, stamp=lambda at_s: (at_s + 95_443.7 - 10) % 95_443.7)
    assert max(map(abs, camera.errors())) < 0.15
    camera.assert_upward()


def test_packets_out_of_order_are_put_one_after_another(camera):
    stamps = iter([0.0, 0.1, 0.3, 0.2, 0.4])
    places = [
        camera.timeline.place(sample("video", stamp, BEGAN_S + number / 10)) for number, stamp in enumerate(stamps)
    ]
    assert not any(place.cut for place in places)
    assert all(before.dts_s < after.dts_s for before, after in itertools.pairwise(places))
    assert places[-1].dts_s == pytest.approx(BEGAN_S + 0.4)


def test_a_burst_after_a_delay_moves_nothing(camera):
    camera.run(5)
    camera.run(9, held_until_s=9.5)
    camera.run(15)
    assert camera.cuts() == []
    assert max(map(abs, camera.errors())) < 0.01


def test_a_real_gap_stays_a_gap(camera):
    camera.run(5)
    camera.sent = {"video": 12.0, "audio": 12.0}
    camera.run(15)
    assert camera.cuts() == []
    assert max(map(abs, camera.errors())) < 0.01


@pytest.mark.parametrize("stamp", [lambda _: 3.0, lambda at_s: -at_s * 0.5, lambda at_s: at_s * 0.1])
def test_times_that_stand_still_crawl_or_run_backwards_are_left_behind_by_seconds_only(camera, stamp):
    camera.run(120, stamp=stamp)
    assert max(map(abs, camera.errors())) < 9
    camera.assert_upward()


def test_packets_without_times_follow_their_arrival():
    timeline = Timeline()
    places = [timeline.place(unstamped(BEGAN_S + number / 10)) for number in range(30)]
    assert places[-1].dts_s == pytest.approx(BEGAN_S + 2.9, abs=0.2)


def unstamped(arrival_s):
    return replace(sample("video", 0.0, arrival_s), pts_s=None, dts_s=None)


def test_a_picture_is_never_shown_before_it_is_decoded():
    timeline = Timeline()
    reordered = replace(sample("video", 1.0, BEGAN_S), pts_s=0.9)
    later = replace(sample("video", 1.1, BEGAN_S + 0.1), pts_s=1.4)
    places = [timeline.place(each) for each in (reordered, later)]
    assert places[0].pts_s == places[0].dts_s
    assert places[1].pts_s - places[1].dts_s == pytest.approx(0.3)


def test_packets_come_out_in_the_order_of_their_times_and_wait_for_no_silent_track():
    interleaver = Interleaver(0.7)
    came = []
    for kind, at_s in [("video", 0.0), ("audio", -0.1), ("video", 0.5), ("audio", 0.3), ("video", 1.3)]:
        interleaver.push(Placed(kind, b"", at_s, at_s, 0.1, False))
        while (packet := interleaver.pop()) is not None:
            came.append(packet.dts_s)
    assert came == [-0.1, 0.0, 0.3, 0.5]
    assert [packet.dts_s for packet in interleaver.flush()] == [1.3]
    assert interleaver.flush() == []

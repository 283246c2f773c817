"""The last seconds in memory: whole groups of pictures, bounded in time and bytes."""

import pytest

from tests.unit.capture.recording.recorded_packets import group, picture
from wallflower_sidecar.capture.recording.packet_ring import PacketRing


def filled(span_s, groups, max_bytes=10**9, size=1000):
    ring = PacketRing(span_s, max_bytes)
    for number in range(groups):
        for packet in group(float(number), size=size):
            ring.add(packet)
    return ring


def test_it_holds_the_span_and_the_rest_of_the_group_in_which_that_begins():
    ring = filled(3.5, 10)  # ends at 9.9
    assert ring.begins_s == 6.0
    assert ring.bytes == 40 * 1000


def test_nothing_is_held_before_the_first_key_frame():
    ring = PacketRing(5.0)
    ring.add(picture(0.0))
    assert ring.begins_s is None
    assert ring.bytes == 0
    ring.add(picture(0.1, key=True))
    assert ring.begins_s == 0.1


@pytest.mark.parametrize(
    ("at_s", "not_before_s", "begins_s"),
    [
        (8.0, float("-inf"), 8.0),
        (8.95, float("-inf"), 8.0),
        (0.0, float("-inf"), 6.0),  # further back than what is held
        (7.5, 7.2, 8.0),  # a file ended within that group
        (7.5, 8.0, 8.0),
    ],
)
def test_what_is_kept_begins_with_the_last_key_frame_at_or_before_it(at_s, not_before_s, begins_s):
    packets = filled(3.5, 10).since(at_s, not_before_s)
    assert packets[0].dts_s == begins_s
    assert packets[0].key
    assert packets[-1].dts_s == pytest.approx(9.9)


def test_what_ended_after_all_that_is_held_leaves_nothing_to_begin_with():
    assert filled(3.5, 10).since(9.5, 9.95) == []


def test_when_the_bytes_run_out_the_past_is_shorter():
    ring = filled(60.0, 10, max_bytes=35_000)
    assert ring.bytes <= 35_000
    assert ring.begins_s == 7.0


def test_a_group_that_is_bigger_than_the_bound_is_let_go_up_to_the_next_key_frame():
    ring = PacketRing(60.0, 35_000)
    for packet in group(0.0, length=100):
        ring.add(packet)
        assert ring.bytes <= 35_000
    assert ring.begins_s is None
    assert ring.since(0.0) == []
    ring.add(picture(10.0, key=True))
    assert [packet.dts_s for packet in ring.since(0.0)] == [10.0]


def test_cleared_it_holds_nothing_and_goes_on():
    ring = filled(3.5, 10)
    ring.clear()
    assert (ring.bytes, ring.begins_s) == (0, None)
    for packet in group(20.0):
        ring.add(packet)
    assert ring.since(20.0)[0].dts_s == 20.0

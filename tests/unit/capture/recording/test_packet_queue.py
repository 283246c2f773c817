"""Packets between two threads: bounded, and whole from key frame to key frame after a loss."""

from tests.unit.capture.recording.recorded_packets import sample
from wallflower_sidecar.capture.recording.packet_queue import PacketQueue


def drain(queue):
    return list(iter(queue.take, None))


def test_what_fits_comes_out_in_order():
    queue = PacketQueue()
    packets = [sample(at_s=number * 0.1) for number in range(5)]
    for packet in packets:
        queue.put(packet)
    assert drain(queue) == packets
    assert queue.dropped == 0


def test_after_a_loss_it_goes_on_with_a_key_frame_that_says_so():
    queue = PacketQueue(max_bytes=3500)
    for number in range(6):
        queue.put(sample(at_s=number * 0.1, key=number == 0))
    assert [packet.dts_s for packet in drain(queue)] == [0.0, 0.1, 0.2]
    queue.put(sample(at_s=0.6))  # there is room, but it cannot be decoded
    queue.put(sample("audio", at_s=0.65))
    queue.put(sample(at_s=0.7, key=True))
    queue.put(sample(at_s=0.8))
    assert [(packet.kind, packet.dts_s, packet.after_loss) for packet in drain(queue)] == [
        ("audio", 0.65, False),
        ("video", 0.7, True),
        ("video", 0.8, False),
    ]
    assert queue.dropped == 4


def test_seconds_are_bounded_too():
    queue = PacketQueue(max_s=2.0)
    for number in range(10):
        queue.put(sample("audio", at_s=number * 0.5, key=True, size=1))
    assert len(drain(queue)) == 5
    assert queue.dropped == 5


def test_one_packet_is_taken_however_big_it_is():
    queue = PacketQueue(max_bytes=10)
    queue.put(sample(key=True, size=1000))
    assert len(drain(queue)) == 1


def test_a_packet_that_is_passed_over_breaks_the_picture():
    queue = PacketQueue()
    queue.put(sample(at_s=0.0, key=True))
    queue.pass_over()
    queue.put(sample(at_s=0.2))
    queue.put(sample(at_s=0.3, key=True))
    assert [(packet.dts_s, packet.after_loss) for packet in drain(queue)] == [(0.0, False), (0.3, True)]
    assert queue.dropped == 2

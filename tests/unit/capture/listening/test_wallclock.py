"""When a sample was heard, by the lower envelope of arrivals."""

import random

import pytest

from tests.unit.capture.hand_clock import HandClock
from tests.unit.capture.listening.clocked_camera import PACKET_S, ClockedCamera
from wallflower_sidecar.capture.listening.wallclock import WallClock


@pytest.fixture
def camera():
    return ClockedCamera()


def test_late_first_packets_do_not_shift_the_time(camera):
    for _ in range(8):
        camera.send(delay_s=0.55)
    for _ in range(60):
        camera.send(delay_s=0.02)
    assert camera.error_s() == pytest.approx(0.02, abs=0.01)


def test_jitter_and_stalls_of_the_network_do_not_move_the_time(camera):
    rng = random.Random(1)
    worst = 0.0
    for count in range(1500):
        camera.send(delay_s=2.5 if count == 700 else 0.01 + rng.expovariate(20))
        if count > 20:
            worst = max(worst, abs(camera.error_s()))
    assert worst < 0.1


@pytest.mark.parametrize("drift", [-200e-6, 200e-6])
def test_a_camera_whose_clock_runs_wrong_is_followed(drift):
    camera = ClockedCamera(drift=drift)
    for _ in range(round(3600 / PACKET_S)):
        camera.send()
    assert camera.error_s() == pytest.approx(0.02, abs=0.05)


def test_after_a_step_of_the_clock_the_new_clock_holds(camera):
    for _ in range(200):
        camera.send()
    before = camera.wall.utc(camera.wall.media_s)
    camera.step(-3600)
    camera.send()
    assert camera.error_s() == pytest.approx(0.02, abs=0.01)
    assert (before - camera.wall.utc(camera.wall.media_s)).total_seconds() == pytest.approx(3600 - PACKET_S, abs=0.01)


@pytest.mark.parametrize("shift_s", [5.0, -5.0, 86_400.0, -400.0])
def test_a_jump_of_the_time_stamps_alone_changes_nothing(camera, shift_s):
    for _ in range(100):
        camera.send()
    assert camera.send(shift_pts_s=shift_s) == 0.0
    for _ in range(100):
        assert camera.send() == 0.0
    assert camera.error_s() == pytest.approx(0.02, abs=0.01)


@pytest.mark.parametrize("lost", [3, 20, 200])
def test_lost_sound_leaves_a_gap_of_its_length(camera, lost):
    for _ in range(100):
        camera.send()
    for _ in range(lost):
        camera.send(lost=True)
    assert camera.send() == pytest.approx(lost * PACKET_S, abs=0.01)
    assert camera.error_s() == pytest.approx(0.02, abs=0.01)


def test_a_camera_that_paused_and_goes_on_where_it_was_is_believed_after_seconds(camera):
    for _ in range(300):
        camera.send()
    camera.pause(20)
    for _ in range(round(6 / PACKET_S)):
        camera.send()
    assert abs(camera.error_s()) < 0.1


def test_a_pause_of_less_than_a_second_is_believed_later(camera):
    for _ in range(300):
        camera.send()
    camera.pause(0.6)
    for _ in range(round(12 / PACKET_S)):
        camera.send()
    assert abs(camera.error_s()) < 0.1


def test_sound_without_time_stamps_is_counted():
    clock = HandClock()
    wall = WallClock(clock)
    for _ in range(100):
        clock.advance(PACKET_S)
        assert wall.place(None, PACKET_S, clock.monotonic()) == 0.0
    assert abs((wall.utc(wall.media_s - PACKET_S) - clock.now()).total_seconds()) < 0.001

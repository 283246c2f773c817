"""When a sample was heard, by the lower envelope of arrivals."""

from datetime import timedelta
import random

import pytest

from tests.unit.capture.hand_clock import START, HandClock
from wallflower_sidecar.capture.wallclock import WallClock

PACKET_S = 0.064


class Camera:
    """Sends a piece of sound every 64 ms of its own time; the test says how late each arrives."""

    def __init__(self, clock, *, pts_s=500.0, drift=0.0):
        self.clock = clock
        self.wall = WallClock(clock)
        self.began = clock.monotonic()
        self.sent = 0
        self.pts_s = pts_s
        self.drift = drift
        self.busy_until = self.began

    def send(self, delay_s=0.02, *, lost=False, shift_pts_s=0.0):
        """Send the next piece; it arrives after its delay, but never before the one sent earlier."""
        sent_at = self.began + self.sent * PACKET_S * (1 + self.drift)
        arrival = max(sent_at + delay_s, self.busy_until)
        self.busy_until = arrival
        self.clock.advance(max(0.0, arrival - self.clock.monotonic()))
        self.sent += 1
        self.pts_s += shift_pts_s
        pts, self.pts_s = self.pts_s, self.pts_s + PACKET_S
        self.last_sent_at = sent_at
        return None if lost else self.wall.place(pts, PACKET_S, arrival)

    def error_s(self):
        """How far the wall time of the piece sent last is from the truth."""
        truth = START + timedelta(seconds=self.last_sent_at - self.began)
        return (self.wall.utc(self.wall.media_s - PACKET_S) - truth).total_seconds()


@pytest.fixture
def camera():
    return Camera(HandClock())


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
    camera = Camera(HandClock(), drift=drift)
    for _ in range(round(3600 / PACKET_S)):
        camera.send()
    assert camera.error_s() == pytest.approx(0.02, abs=0.05)


def test_after_a_step_of_the_clock_the_new_clock_holds(camera):
    for _ in range(200):
        camera.send()
    camera.clock.step(-3600)
    camera.send()
    assert camera.error_s() == pytest.approx(-3600 + 0.02, abs=0.01)


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
    camera.clock.advance(20)
    camera.began += 20
    for _ in range(round(6 / PACKET_S)):
        camera.send()
    truth = camera.clock.now() - timedelta(seconds=0.02)
    heard = camera.wall.utc(camera.wall.media_s - PACKET_S)
    assert abs((heard - truth).total_seconds()) < 0.1


def test_sound_without_time_stamps_is_counted():
    clock = HandClock()
    wall = WallClock(clock)
    for _ in range(100):
        clock.advance(PACKET_S)
        assert wall.place(None, PACKET_S, clock.monotonic()) == 0.0
    assert abs((wall.utc(wall.media_s - PACKET_S) - clock.now()).total_seconds()) < 0.001

"""Whatever a camera, its network and the system clock do: no sample is placed more than 0.3 s wrong for long."""

import random

import pytest

from tests.unit.capture.hand_clock import HandClock
from tests.unit.capture.listening.clocked_camera import PACKET_S, ClockedCamera
from wallflower_sidecar.capture.listening.wallclock import WallClock

TOLERANCE_S = 0.3
EVENT_EVERY_S = 15.0
SETTLED_S = 0.5


def packets(seconds):
    return range(round(seconds / PACKET_S))


def errors(camera, seconds, **how):
    """Send for so long; returns how far off each piece was placed."""
    found = []
    for _ in packets(seconds):
        camera.send(**how)
        found.append(camera.error_s())
    return found


def late(rng):
    """A network's delay."""
    return 0.01 + min(rng.expovariate(20), 0.5)


def reconnect(camera, rng):
    camera.reconnect(rng.uniform(0, 40_000))
    for _ in range(8):
        camera.send(0.7)


def jump(camera, rng):
    shift_s = rng.choice((0.2, 1.0, 7.0, 3600.0, 47_721.9)) * rng.choice((-1, 1))
    camera.send(late(rng), shift_pts_s=shift_s)


def repeat(camera, rng):
    for _ in range(rng.randint(1, 10)):
        camera.send(late(rng), twice=True)


def lose(camera, rng):
    for _ in range(rng.randint(1, 100)):
        camera.send(lost=True)


def stall(camera, rng):
    camera.send(rng.uniform(0.3, 4.0))


def step(camera, rng):
    camera.step(rng.choice((-3600.0, -2.0, 2.0, 3600.0)))


def restart(camera, rng):
    for _ in range(rng.randint(10, 100)):
        camera.send(lost=True)
    camera.send(late(rng), shift_pts_s=-camera.pts_s)


@pytest.mark.parametrize("seed", range(40))
def test_faults_in_any_order_leave_every_time_right(seed):
    """Each fault in turn, chosen at random, on a jittery network with a camera whose clock runs wrong."""
    rng = random.Random(seed)
    camera = ClockedCamera(pts_s=rng.uniform(0, 40_000), drift=rng.uniform(-200e-6, 200e-6))
    for _ in packets(3):
        camera.send(late(rng))
    for _ in range(20):
        fault = rng.choice((reconnect, jump, repeat, lose, stall, step, restart))
        fault(camera, rng)
        for count in packets(EVENT_EVERY_S):
            camera.send(late(rng))
            if count * PACKET_S > SETTLED_S:
                assert abs(camera.error_s()) <= TOLERANCE_S, fault.__name__


@pytest.mark.parametrize("burst_s", [0.5, 2.0, 6.0])
def test_sound_that_a_camera_kept_from_before_the_connection_is_placed_before_it(burst_s):
    camera = ClockedCamera()
    camera.clock.advance(burst_s)
    camera.busy_until = camera.clock.monotonic()
    for _ in packets(burst_s):
        camera.send()
    assert camera.clock.monotonic() == pytest.approx(camera.began + burst_s, abs=0.1)
    assert camera.error_s() == pytest.approx(0.02, abs=0.1)
    first = camera.wall.utc(0.0)
    assert (camera.clock.now() - first).total_seconds() == pytest.approx(burst_s, abs=0.1)


@pytest.mark.parametrize("drift", [-200e-6, 200e-6])
def test_ten_minutes_of_a_clock_that_runs_wrong_with_jitter_and_stalls(drift):
    rng = random.Random(1)
    camera = ClockedCamera(drift=drift)
    found = []
    for count in packets(600):
        camera.send(3.0 if count % 1000 == 999 else 0.01 + rng.expovariate(20))
        found.append(abs(camera.error_s()))
    assert max(found[20:]) < 0.1


def test_a_camera_that_loses_sound_and_counts_anew_is_right_at_once():
    camera = ClockedCamera()
    errors(camera, 20)
    for _ in packets(8):
        camera.send(lost=True)
    camera.send(shift_pts_s=-camera.pts_s)
    assert max(map(abs, errors(camera, 20))) < 0.1


def test_a_stall_while_the_time_stamps_jump_is_made_up_for_when_the_backlog_arrives():
    camera = ClockedCamera()
    errors(camera, 20)
    camera.send(4.0, shift_pts_s=-300.0)
    errors(camera, 4.5)
    assert max(map(abs, errors(camera, 20))) < 0.1


@pytest.mark.parametrize("pause_s", [0.2, 0.6, 2.0, 30.0])
def test_a_pause_that_no_time_stamp_tells_of_is_wrong_for_a_limited_time(pause_s):
    camera = ClockedCamera()
    errors(camera, 20)
    camera.pause(pause_s)
    found = errors(camera, 40)
    longest_s = 0.0 if pause_s < TOLERANCE_S else 11.0 if pause_s < 1.0 else 5.0
    assert all(abs(error) <= TOLERANCE_S for error in found[round(longest_s / PACKET_S) :])


def test_a_network_that_is_slow_for_seconds_is_not_taken_for_a_pause():
    camera = ClockedCamera()
    errors(camera, 20)
    assert max(map(abs, errors(camera, 8, delay_s=0.8))) < 0.1
    assert max(map(abs, errors(camera, 20))) < 0.1


def test_moments_read_together_keep_their_distance_across_a_step():
    camera = ClockedCamera()
    errors(camera, 20)
    utc = camera.wall.reading()
    start = utc(5.0)
    camera.step(-3600)
    assert (utc(8.0) - start).total_seconds() == pytest.approx(3.0, abs=1e-5)
    assert (camera.wall.utc(8.0) - start).total_seconds() == pytest.approx(-3597.0, abs=1e-5)


class InterruptedClock(HandClock):
    """Now and then the thread is made to wait just after it read the wall clock."""

    def __init__(self):
        super().__init__()
        self.readings = 0

    def now(self):
        seen = super().now()
        self.readings += 1
        if self.readings % 2:
            self.advance(0.25)
        return seen


def test_a_thread_made_to_wait_between_the_two_clocks_shifts_no_time():
    clock = InterruptedClock()
    wall = WallClock(clock)
    wall.place(0.0, PACKET_S, clock.monotonic())
    truth = HandClock().now()
    assert abs((wall.utc(0.0) - truth).total_seconds()) < 0.001

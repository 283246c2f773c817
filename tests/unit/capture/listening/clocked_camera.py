"""A camera whose packets arrive as late as a test says, and a WallClock that places them."""

from datetime import timedelta

from tests.unit.capture.hand_clock import START, HandClock
from wallflower_sidecar.capture.listening.wallclock import WallClock

PACKET_S = 0.064


class ClockedCamera:
    """Sends a piece of sound every 64 ms of its own time; the test says how late each arrives."""

    def __init__(self, clock=None, *, pts_s=500.0, drift=0.0):
        self.clock = clock or HandClock()
        self.wall = WallClock(self.clock)
        self.began = self._origin = self.clock.monotonic()
        self.sent = 0
        self.pts_s = pts_s
        self.drift = drift
        self.busy_until = self.began
        self.stepped_s = 0.0

    def send(self, delay_s=0.02, *, lost=False, shift_pts_s=0.0, twice=False):
        """Send the next piece; it arrives after its delay, but never before the one sent earlier."""
        sent_at = self.began + self.sent * PACKET_S * (1 + self.drift)
        arrival = max(sent_at + delay_s, self.busy_until)
        self.busy_until = arrival
        self.clock.advance(max(0.0, arrival - self.clock.monotonic()))
        self.sent += 1
        self.pts_s += shift_pts_s
        pts, self.pts_s = self.pts_s, self.pts_s + PACKET_S
        self.last_sent_at = sent_at
        if lost:
            return None
        gap_s = self.wall.place(pts, PACKET_S, arrival)
        return gap_s + self.wall.place(pts, PACKET_S, arrival) if twice else gap_s

    def pause(self, seconds):
        """Send nothing for a while, and then go on as if no time had passed."""
        self.began += seconds

    def reconnect(self, pts_s=0.0):
        """Begin a new session with other time stamps."""
        self.wall = WallClock(self.clock)
        self.pts_s = pts_s

    def step(self, seconds):
        """Step the host's clock."""
        self.clock.step(seconds)
        self.stepped_s += seconds

    def error_s(self):
        """How far the wall time of the piece sent last is from the truth, by the clock as it goes now."""
        truth = START + timedelta(seconds=self.last_sent_at - self._origin + self.stepped_s)
        return (self.wall.utc(self.wall.media_s - PACKET_S) - truth).total_seconds()

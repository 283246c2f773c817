"""Why a camera that is being opened will not open, told while libav still waits for it."""

from collections.abc import Callable
import threading
import time

from ...domain.errors import CaptureCode
from .traffic import SocketTraffic, Traffic
from .waking import wake

ANSWER_S = 4.5
"""How long a camera may take for one answer; a little less than libav waits for it."""

_NEARLY_S = 4.0
"""After so long without any answer libav's own patience ran out between two looks."""

_LATE = frozenset({CaptureCode.CONNECT_TIMEOUT, CaptureCode.NOT_RTSP})
"""What libav says then: in the beginning it takes no answer for a wrong one."""

_DROPPED_LOOKS = 6
"""So many looks with media and without an open camera: libav throws them away."""


class Opening:
    """Watches one attempt after another of the thread that made it; `look` is called by another, twice a second."""

    def __init__(
        self, traffic: Callable[[int], Traffic] = SocketTraffic, clock: Callable[[], float] = time.monotonic
    ) -> None:
        """Watch the thread that runs this."""
        self.fault: CaptureCode | None = None
        self.received = 0
        """Bytes that came in the attempt under way, when last looked at."""

        self._thread_id = threading.get_native_id()
        self._make_traffic = traffic
        self._clock = clock
        self._traffic: Traffic | None = None
        self._acknowledged: int | None = None
        self._quiet_since_s = 0.0

    def begin(self) -> None:
        """The next attempt begins; nothing is wrong with it yet."""
        self.fault = None
        self.received = 0
        self._acknowledged = None
        self._traffic = self._make_traffic(self._thread_id)

    def end(self) -> None:
        """The attempt is over."""
        self._traffic = None

    def failed(self, code: CaptureCode) -> CaptureCode | None:
        """Return why an attempt was in vain that libav ended with `code`, None where only the camera can tell."""
        unanswered = self._acknowledged is not None and not self.received
        if self.fault is None and unanswered and code in _LATE and self._quiet_s() >= _NEARLY_S:
            return CaptureCode.CONNECT_TIMEOUT
        return self.fault

    def look(self) -> None:
        """Find out whether the attempt under way is in vain; if so, end it."""
        traffic = self._traffic
        if traffic is None:
            return
        if self.fault is None:
            traffic.look()
            fault = self._judge(traffic)
            self.fault = fault if self._traffic is traffic else None
        if self.fault is not None:
            wake(self._thread_id)

    def _judge(self, traffic: Traffic) -> CaptureCode | None:
        connected = traffic.connected
        if connected is None:
            return None
        self.received = connected.received
        if connected.acknowledged != self._acknowledged:
            self._acknowledged, self._quiet_since_s = connected.acknowledged, self._clock()
        if traffic.flowed(_DROPPED_LOOKS):
            return CaptureCode.CORRUPT_STREAM
        if self._quiet_s() < ANSWER_S or traffic.flowed(1):
            return None
        return CaptureCode.STALLED if connected.answered_last else CaptureCode.CONNECT_TIMEOUT

    def _quiet_s(self) -> float:
        return self._clock() - self._quiet_since_s

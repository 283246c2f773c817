"""Whether an open camera still sends what it announced, found out while the session's thread may wait in libav."""

from collections import deque
from collections.abc import Callable
import threading

from ...domain.errors import CaptureCode
from .flow import Flow
from .traffic import SocketTraffic, Traffic

LOOK_EVERY_S = 0.5
"""How often `look` is called."""

_LOOKS = 6
"""Half seconds in which next to nothing comes out"""

_LITTLE = 0.75
"""is so much: seconds of sound, or pictures."""

_FLOW_LOOKS = 4
"""In so many of them media must have come in."""

_PAUSE_LOOKS = 2
"""Sound is decoded in blocks of up to one look: so many without any are a pause, in which it pays to look closer."""

_LIVELY_S = 1.0

_RARE_LOOKS = 8
"""How far back pictures are counted: less than it takes until sound counts as gone."""


class Flowing:
    """Notes what arrives; `look` is called twice a second by a thread of its own."""

    def __init__(
        self,
        heard_s: Callable[[], float],
        traffic: Callable[[int], Traffic] = SocketTraffic,
        looks_wrong: Callable[[], bool] = lambda: False,
    ) -> None:
        """Watch the thread that runs this; `heard_s` is how much sound it has decoded.

        `looks_wrong` tells whether the last pictures were not what was announced.
        """
        self.video, self.audio = Flow(), Flow()
        self._heard_s = heard_s
        self._looks_wrong = looks_wrong
        self._thread_id = threading.get_native_id()
        self._make_traffic = traffic
        self._traffic: Traffic | None = None
        self._pictures: deque[int] = deque(maxlen=_RARE_LOOKS)
        # Nothing came out while it opened: what opens on garbage need not be watched for as long again.
        self._brought: deque[float] = deque([heard_s()] * _FLOW_LOOKS, maxlen=_LOOKS + 1)

    def look(self, now_s: float) -> CaptureCode | None:
        """Return what is wrong, None while nothing is."""
        self._pictures.append(self.video.count)
        if self.audio.last_s > now_s - _LIVELY_S and self.video.is_gone(now_s):
            return CaptureCode.NO_VIDEO
        if self.video.last_s > now_s - _LIVELY_S and self.audio.is_gone_after_steadiness(now_s):
            # What passes for a picture now and then is garbage too where the sound is.
            doubtful = self._looks_wrong() or self._are_pictures_rare()
            return CaptureCode.CORRUPT_STREAM if doubtful else CaptureCode.NO_AUDIO
        self._brought.append(self._heard_s() + self.video.count)
        return CaptureCode.CORRUPT_STREAM if self._are_thrown_away() else None

    def _are_pictures_rare(self) -> bool:
        """Whether far fewer came since the sound ceased than before."""
        first_s, last_s = self.video.first_s, self.video.last_s
        if first_s is None or len(self._pictures) < _RARE_LOOKS:
            return False
        lately = (self._pictures[-1] - self._pictures[0]) / (_RARE_LOOKS - 1) / LOOK_EVERY_S
        before = self._pictures[0] / max(last_s - first_s - (_RARE_LOOKS - 1) * LOOK_EVERY_S, LOOK_EVERY_S)
        return lately < before / 2

    def _are_thrown_away(self) -> bool:
        """Whether media come and libav makes nothing of them; the kernel is asked only while little comes out."""
        brought = self._brought
        if len(brought) <= _PAUSE_LOOKS or brought[-1] - brought[-1 - _PAUSE_LOOKS] > _LITTLE / _LOOKS:
            self._traffic = None
            return False
        if self._traffic is None:
            self._traffic = self._make_traffic(self._thread_id)
        self._traffic.look()
        return len(brought) > _LOOKS and brought[-1] - brought[0] < _LITTLE and self._traffic.flowed(_FLOW_LOOKS)

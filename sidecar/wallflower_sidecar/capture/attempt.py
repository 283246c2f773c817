"""One session as the sidecar sees it: what it offered, when it last said something, who speaks in it."""

from dataclasses import dataclass, field

from ..domain.errors import CaptureCode
from .escalation import Escalation
from .messages import Alive, Opened

STALLED_AFTER_S = 5.0
OPENING_S = 30.0
MISSING_AFTER_S = 10.0


@dataclass(slots=True)
class Attempt:
    """A session that was begun at monotonic `began_s`; `ending` once it was told to end, `failure` if unplanned."""

    session: int
    began_s: float
    opened: Opened | None = None
    last_packet_s: float | None = None
    last_audio_s: float = 0.0
    last_video_s: float = 0.0
    ending: Escalation | None = None
    failure: CaptureCode | None = None
    speaking: set[str] = field(default_factory=set)

    def alive(self, report: Alive, now_s: float) -> None:
        """Note what arrived."""
        if self.last_packet_s is None:
            self.last_audio_s = self.last_video_s = now_s
        self.last_packet_s = now_s
        if report.audio:
            self.last_audio_s = now_s
        if report.video:
            self.last_video_s = now_s

    def silence(self, now_s: float) -> CaptureCode | None:
        """Return why this session is stuck, None while it is not."""
        if self.last_packet_s is None:
            return CaptureCode.CONNECT_TIMEOUT if now_s - self.began_s > OPENING_S else None
        return CaptureCode.STALLED if now_s - self.last_packet_s > STALLED_AFTER_S else None

    def lack(self, now_s: float) -> CaptureCode | None:
        """Return what is missing of sound and picture, None when both arrive."""
        if self.opened is None:
            return None
        if self.opened.audio is None or now_s - self.last_audio_s > MISSING_AFTER_S:
            return CaptureCode.NO_AUDIO
        if self.opened.video is None or now_s - self.last_video_s > MISSING_AFTER_S:
            return CaptureCode.NO_VIDEO
        return None

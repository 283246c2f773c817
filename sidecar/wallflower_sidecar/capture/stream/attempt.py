"""One session as the sidecar sees it: what it offered, when it last said something, whose words it tells."""

from dataclasses import dataclass, field
from typing import Protocol

from ...domain.errors import CaptureCode
from ..messages import Alive, Command, Opened, Pull
from .ear import Ear
from .escalation import Escalation

STALLED_AFTER_S = 5.0
OPENING_S = 30.0
NO_AUDIO_AFTER_S = 6.0
NO_VIDEO_AFTER_S = 10.0
"""Cameras exist that send a picture in some seconds while nothing moves."""


class Carrier(Protocol):
    """The worker that a session runs in, as the session needs it."""

    def send(self, command: Command) -> bool:
        """Send a command; False when the worker is down."""

    async def snapshot(self, session: int, width: int | None) -> bytes:
        """Return a JPEG of a session's newest picture, or of its next; raises UnavailableError."""

    def kill(self, reason: str) -> None:
        """End the worker with all its sessions; it starts again."""


@dataclass(slots=True, eq=False)
class Attempt:
    """A session that was begun at monotonic `began_s`; `ending` once it was told to end, `failure` if unplanned.

    `missing` is what the session before it ended for want of, which this one wants too until it comes.
    """

    session: int
    line: Carrier
    pull: Pull
    began_s: float
    opened: Opened | None = None
    last_packet_s: float | None = None
    first_audio_s: float | None = None
    last_audio_s: float = 0.0
    last_video_s: float = 0.0
    ending: Escalation | None = None
    failure: CaptureCode | None = None
    missing: CaptureCode | None = None
    ear: Ear = field(default_factory=Ear)
    listens: bool = True
    """Whether what is said is heard, where there is sound."""

    @property
    def delivers(self) -> bool:
        """Whether packets came and more are awaited."""
        return self.last_packet_s is not None and self.ending is None

    @property
    def gives(self) -> Pull:
        """What comes of what was asked for, as far as is known."""
        return self.pull if self.opened is None else self.opened.pull

    @property
    def is_whole(self) -> bool:
        """Whether the camera was asked for everything, or gives nothing less."""
        return self.gives == "all"

    @property
    def cost_its_worker(self) -> bool:
        """Whether the worker had to be killed to end a session that failed."""
        return self.failure is not None and self.ending is not None and self.ending.exhausted

    @property
    def has_picture(self) -> bool:
        """Whether this session brings a picture."""
        return self.gives != "sound" and self.opened is not None and self.opened.video is not None

    def alive(self, report: Alive, now_s: float) -> None:
        """Note what arrived."""
        if self.last_packet_s is None:
            self.last_audio_s = float("-inf") if self.missing is CaptureCode.NO_AUDIO else now_s
            self.last_video_s = float("-inf") if self.missing is CaptureCode.NO_VIDEO else now_s
        self.last_packet_s = now_s
        if report.audio:
            self.last_audio_s = now_s
            if self.first_audio_s is None:
                self.first_audio_s = now_s
        if report.video:
            self.last_video_s = now_s

    def silence(self, now_s: float) -> CaptureCode | None:
        """Return why this session is stuck, None while it is not."""
        if self.last_packet_s is None:
            return CaptureCode.CONNECT_TIMEOUT if now_s - self.began_s > OPENING_S else None
        return CaptureCode.STALLED if now_s - self.last_packet_s > STALLED_AFTER_S else None

    def lack(self, now_s: float) -> CaptureCode | None:
        """Return what is missing of what was asked for, None when all of it arrives or nobody listens for it."""
        if self.opened is None:
            return None
        soundless = self.opened.audio is None or now_s - self.last_audio_s > NO_AUDIO_AFTER_S
        if soundless and self.listens and self.gives != "picture":
            return CaptureCode.NO_AUDIO
        if self.gives != "sound" and (self.opened.video is None or now_s - self.last_video_s > NO_VIDEO_AFTER_S):
            return CaptureCode.NO_VIDEO
        return None

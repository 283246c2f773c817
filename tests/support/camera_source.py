"""One named picture and sound of a test camera: its stream, its faults, and what was asked of it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from .rtp_clip import Kind
from .rtp_source import RtpSource


@dataclass(slots=True)
class Faults:
    """What is wrong with the answers of a source (freeze and garbage belong to its stream)."""

    status: int | None = None
    """Answer this status instead."""

    answer_delay_s: float = 0.0
    """Wait before each answer."""

    silent: bool = False
    """Never answer."""

    html: bool = False
    """Answer a web page, as something that is no RTSP server does."""

    most_sessions: int | None = None
    """Refuse a session beyond this many with 453."""

    whole_only: bool = False
    """Refuse to play sound or picture alone with 455."""

    whole_or_nothing: bool = False
    """Play sound or picture alone, but send nothing of it."""

    datagrams_lost: bool = False
    """Send no datagrams, as a firewall on the way does."""

    description: Callable[[str], str] | None = None
    """Describe the session in other words."""


@dataclass(frozen=True, slots=True)
class Counters:
    """What clients have asked of a source."""

    describes: int
    """DESCRIBE requests, whatever was answered."""

    plays_now: int
    """Sessions that play now."""

    plays_ever: int
    """Sessions that began to play."""

    video_now: int
    """Sessions that are being sent the picture now."""

    audio_now: int
    """Sessions that are being sent the sound now."""

    audio_setups: int
    """How often the sound was set up."""

    audio_sent_at: float
    """When (seconds since 1970) sound was last sent to anybody."""

    rejected: int
    """Requests with wrong credentials."""

    dropped: int
    """Packets thrown away because playing clients did not read."""


class Session(Protocol):
    """What a source knows of a connection that asks for it."""

    @property
    def dropped(self) -> int:
        """Packets thrown away because the client did not read."""

    @property
    def kinds(self) -> frozenset[Kind]:
        """The media set up."""

    def abort(self) -> None:
        """Reset the connection."""


@dataclass(slots=True, eq=False)
class CameraSource:
    """A source, by name."""

    name: str
    stream: RtpSource
    faults: Faults = field(default_factory=Faults)
    connections: set[Session] = field(default_factory=set)
    playing: set[Session] = field(default_factory=set)
    describes: int = 0
    plays_ever: int = 0
    audio_setups: int = 0
    audio_sent_at: float = 0.0
    rejected: int = 0

    @property
    def counters(self) -> Counters:
        """The present counts."""
        return Counters(
            describes=self.describes,
            plays_now=len(self.playing),
            plays_ever=self.plays_ever,
            video_now=sum("video" in session.kinds for session in self.playing),
            audio_now=sum("audio" in session.kinds for session in self.playing),
            audio_setups=self.audio_setups,
            audio_sent_at=self.audio_sent_at,
            rejected=self.rejected,
            dropped=sum(session.dropped for session in self.playing),
        )

    def description(self) -> str:
        """Return the session description that DESCRIBE answers."""
        lines = [
            "v=0",
            "o=- 1 1 IN IP4 127.0.0.1",
            f"s={self.name}",
            "c=IN IP4 0.0.0.0",
            "t=0 0",
            "a=control:*",
        ]
        for number, track in enumerate(self.stream.clip.tracks):
            medium, _, *rest = track.sdp[0].split(" ")
            lines += [" ".join((medium, "0", *rest)), *track.sdp[1:], f"a=control:trackID={number}"]
        description = "\r\n".join((*lines, ""))
        return description if self.faults.description is None else self.faults.description(description)


type Sources = Mapping[str, CameraSource]

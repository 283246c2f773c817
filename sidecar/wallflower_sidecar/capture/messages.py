"""What the sidecar and a capture worker tell each other: frozen values that travel as wire messages."""

from dataclasses import asdict, dataclass
from typing import Any, Literal

from ..domain.camera_certificate import ANY
from ..domain.streams import AudioInfo, VideoInfo
from ..processes.wire import Message, WireError

type LowerTransport = Literal["tcp", "udp"]

type Pull = Literal["all", "sound", "picture"]
"""What a session asks the camera for: everything it has, or one part alone."""


@dataclass(frozen=True, slots=True)
class Open:
    """Start a session; `transports` are tried in this order; `url` holds its password in clear.

    A camera that does not give a part alone is pulled whole: `Opened.pull` says what came of it. A session that does
    not listen throws sound away undecoded.
    """

    session: int
    url: str
    transports: tuple[LowerTransport, ...]
    pull: Pull = "all"
    certificate: str = ANY
    listens: bool = True


@dataclass(frozen=True, slots=True)
class Close:
    """End a session between two packets."""

    session: int


@dataclass(frozen=True, slots=True)
class Shut:
    """Shut the sockets of a session that does not end, so that its thread wakes up."""

    session: int


@dataclass(frozen=True, slots=True)
class TakeSnapshot:
    """Make a JPEG of the newest picture, `width` pixels wide (None, or more than it has: as it is)."""

    session: int
    request: int
    width: int | None


@dataclass(frozen=True, slots=True)
class Probe:
    """Find out what a camera offers."""

    request: int
    url: str
    transports: tuple[LowerTransport, ...]
    certificate: str = ANY


@dataclass(frozen=True, slots=True)
class Cancel:
    """Nobody waits for the answer any more."""

    request: int


@dataclass(frozen=True, slots=True)
class WantDrafts:
    """Hand over utterances under way too (`Growing`), or no longer; a session begins without."""

    session: int
    wanted: bool


@dataclass(frozen=True, slots=True)
class Listen:
    """Hear what is said from now on, or forget what was heard and hear nothing more."""

    session: int
    wanted: bool


@dataclass(frozen=True, slots=True)
class Watch:
    """Send a session's picture as JPEGs (`Frame`), at most `fps` a second, no wider than `width` pixels."""

    session: int
    watch: int
    width: int | None
    fps: float


@dataclass(frozen=True, slots=True)
class Unwatch:
    """Nobody looks any more."""

    session: int
    watch: int


@dataclass(frozen=True, slots=True)
class Record:
    """Write a session's packets below `root`/`stream`: all of them, or (`keyword`) what `Keep` asks for.

    In mode `keyword` the last `pre_s` seconds, and what an utterance takes to become a hit, are held in memory.
    A session that records already takes the new orders up.
    """

    session: int
    root: str
    stream: str
    mode: Literal["continuous", "keyword"]
    pre_s: float
    segment_s: float


@dataclass(frozen=True, slots=True)
class Keep:
    """Have on disk what was sent from `start` to `end` (seconds since 1970, UTC), `end` mostly in the future."""

    session: int
    start: float
    end: float


@dataclass(frozen=True, slots=True)
class StopRecording:
    """Finish the open file and write no more."""

    session: int


@dataclass(frozen=True, slots=True)
class Connecting:
    """The host name is resolved; the camera is being spoken to."""

    session: int


@dataclass(frozen=True, slots=True)
class Answered:
    """The camera answers, perhaps slowly, while it is being opened."""

    session: int


@dataclass(frozen=True, slots=True)
class Opened:
    """The camera offers this; None is what it has not."""

    session: int
    transport: LowerTransport
    video: VideoInfo | None
    audio: AudioInfo | None
    pull: Pull = "all"


@dataclass(frozen=True, slots=True)
class Alive:
    """Packets arrived since the last report, twice a second; `level_dbfs` is the newest sound's level."""

    session: int
    video: bool
    audio: bool
    level_dbfs: float | None


@dataclass(frozen=True, slots=True)
class SpeechEdge:
    """Speech started or ended at `at` (seconds since 1970, UTC); for each utterance exactly one of each."""

    session: int
    utterance: str
    started: bool
    at: float


@dataclass(frozen=True, slots=True)
class Spoken:
    """A whole utterance: int16 mono 16 kHz from `pcm_start`; times are seconds since 1970, UTC."""

    session: int
    utterance: str
    start: float
    end: float
    pcm_start: float
    pcm: bytes


@dataclass(frozen=True, slots=True)
class Growing:
    """An utterance under way as it stands, only while drafts are wanted; `end` is its last speech so far."""

    session: int
    utterance: str
    start: float
    end: float
    pcm_start: float
    pcm: bytes


@dataclass(frozen=True, slots=True)
class Writing:
    """Whether a file is being written now, and the CaptureCode that keeps it from being so; sent at each change.

    It is the disk's (disk_full, disk_error), or corrupt_stream when what the camera sends cannot be put into a file.
    """

    session: int
    writing: bool
    code: str | None


@dataclass(frozen=True, slots=True)
class Recorded:
    """A file is finished and has its last name; times are seconds since 1970, UTC."""

    session: int
    path: str
    start: float
    end: float
    bytes: int


@dataclass(frozen=True, slots=True)
class Ended:
    """The session's last word; `code` is a CaptureCode, None when it was asked to end.

    `message` is a better sentence than the code's own, where there is one.
    """

    session: int
    code: str | None = None
    message: str | None = None


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The JPEG that was asked for, None when the picture cannot be decoded."""

    request: int
    jpeg: bytes | None


@dataclass(frozen=True, slots=True)
class Frame:
    """The next picture of a watch."""

    watch: int
    jpeg: bytes


@dataclass(frozen=True, slots=True)
class Probed:
    """What a camera offers, or the CaptureCode that kept it from saying so, with a better sentence where there is one.

    `certificate` is the choice that would accept none but the certificate which it shows now.
    """

    request: int
    code: str | None
    transport: LowerTransport | None = None
    video: VideoInfo | None = None
    audio: AudioInfo | None = None
    took_s: float = 0.0
    certificate: str | None = None
    message: str | None = None


type Command = (
    Open
    | Close
    | Shut
    | TakeSnapshot
    | Probe
    | Cancel
    | WantDrafts
    | Listen
    | Watch
    | Unwatch
    | Record
    | Keep
    | StopRecording
)
type SessionReport = Connecting | Answered | Opened | Alive | SpeechEdge | Growing | Spoken | Writing | Recorded | Ended
type Answer = Snapshot | Probed
type Report = SessionReport | Answer | Frame

_COMMANDS: tuple[type[Command], ...] = (
    Open,
    Close,
    Shut,
    TakeSnapshot,
    Probe,
    Cancel,
    WantDrafts,
    Listen,
    Watch,
    Unwatch,
    Record,
    Keep,
    StopRecording,
)
_REPORTS: tuple[type[Report], ...] = (
    Connecting,
    Answered,
    Opened,
    Alive,
    SpeechEdge,
    Growing,
    Spoken,
    Writing,
    Recorded,
    Ended,
    Snapshot,
    Frame,
    Probed,
)


def to_message(item: Command | Report) -> Message:
    """Write a command or report as a wire message."""
    return {"t": type(item).__name__, **asdict(item)}


def read_command(message: Message) -> Command:
    """Read what the sidecar sent; raises WireError when it is no command."""
    for kind in _COMMANDS:
        if kind.__name__ == message["t"]:
            return _read(kind, message)
    raise WireError("a command of an unknown type")


def read_report(message: Message) -> Report:
    """Read what a worker sent; raises WireError when it is no report."""
    for kind in _REPORTS:
        if kind.__name__ == message["t"]:
            return _read(kind, message)
    raise WireError("a report of an unknown type")


def _read[T](kind: type[T], message: Message) -> T:
    fields: dict[str, Any] = {key: value for key, value in message.items() if key != "t"}
    try:
        if isinstance(fields.get("video"), dict):
            fields["video"] = VideoInfo(**fields["video"])
        if isinstance(fields.get("audio"), dict):
            fields["audio"] = AudioInfo(**fields["audio"])
        if "transports" in fields:
            fields["transports"] = tuple(fields["transports"])
        return kind(**fields)
    except TypeError:
        raise WireError("a message with other fields than its type has") from None

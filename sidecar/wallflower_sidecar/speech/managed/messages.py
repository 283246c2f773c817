"""What the sidecar and the keeper of a WhisperLive server say to each other; `t` names the kind."""

from dataclasses import dataclass
from pathlib import Path

from wallflower_sidecar.processes.wire import Message

from ..models.find import LocalModel

SERVE = "serve"
STATE = "state"


@dataclass(frozen=True, slots=True)
class ServerOptions:
    """What a server is started with, whatever its model.

    `python` has whisper-live; `folder` is the keeper's own; `threads` decode (0: by the machine); the server takes
    `max_clients` sessions with `token`.
    """

    python: str
    folder: Path
    threads: int
    max_clients: int
    token: str


def serve(number: int, model: LocalModel, options: ServerOptions) -> Message:
    """To the keeper, once: keep a server with this model running; `number` comes back with each state."""
    return {
        "t": SERVE,
        "number": number,
        "name": model.name,
        "model": str(model.folder),
        "sha256": dict(model.sha256),
        "python": options.python,
        "folder": str(options.folder),
        "threads": options.threads,
        "max_clients": options.max_clients,
        "token": options.token,
    }


def read_serve(message: Message) -> tuple[LocalModel, ServerOptions]:
    """The model and the options in a message."""
    return (
        LocalModel(message["name"], Path(message["model"]), message["sha256"]),
        ServerOptions(
            message["python"], Path(message["folder"]), message["threads"], message["max_clients"], message["token"]
        ),
    )


def state(number: int, name: str, *, code: str = "", detail: str = "", port: int = 0) -> Message:
    """From the keeper: starting, listening (on `port` of loopback), or failed; with a code and a sentence.

    The code bad_model ends its tries.
    """
    return {"t": STATE, "number": number, "state": name, "code": code, "detail": detail, "port": port}

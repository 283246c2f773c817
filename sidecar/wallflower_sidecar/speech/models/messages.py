"""What the sidecar and the process that downloads a model say to each other; `t` names the kind."""

from pathlib import Path

from wallflower_sidecar.processes.wire import Message

from .find import HubModel

FETCH = "fetch"
WAITING = "waiting"
PROGRESS = "progress"
FETCHED = "fetched"
FAILED = "failed"


def fetch(model: HubModel, models_dir: Path) -> Message:
    """To the process, once: fetch this model into the folder of models."""
    return {"t": FETCH, "name": model.name, "repository": model.repository, "models_dir": str(models_dir)}


def read_fetch(message: Message) -> tuple[HubModel, Path]:
    """The model and the folder of models in a message."""
    return HubModel(message["name"], message["repository"]), Path(message["models_dir"])


def waiting() -> Message:
    """From the process: another one fetches this model."""
    return {"t": WAITING}


def progress(done: int, total: int) -> Message:
    """From the process: so many bytes of so many have arrived."""
    return {"t": PROGRESS, "done": done, "total": total}


def fetched() -> Message:
    """From the process: the model is in its place and whole."""
    return {"t": FETCHED}


def failed(reason: str, advice: str) -> Message:
    """From the process: why not, in a few words, and what to do, in a sentence."""
    return {"t": FAILED, "reason": reason, "advice": advice}

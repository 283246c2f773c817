"""How the sidecar itself is: what recognises speech, and which models are being fetched."""

from dataclasses import dataclass
from typing import Self

from .models import Document

# It loads its model then, which takes seconds.
STARTING = "starting"
READY = "ready"


@dataclass(frozen=True, slots=True)
class Transcriber:
    """What recognises speech; `detail` is a sentence while it cannot work, or while another model stands in."""

    engine: str
    model: str | None
    state: str
    progress: float | None
    detail: str | None

    @property
    def has_problem(self) -> bool:
        """Whether speech does not become text, or not with the model that was chosen."""
        return self.state not in {STARTING, READY} or self.detail is not None

    @classmethod
    def from_document(cls, document: Document) -> Self:
        """Read the transcriber of `/health` and `server.changed`."""
        progress = document.get("progress")
        return cls(
            engine=str(document["engine"]),
            model=document.get("model"),
            state=str(document["state"]),
            progress=None if progress is None else float(progress),
            detail=document.get("detail"),
        )


@dataclass(frozen=True, slots=True)
class ModelDownload:
    """A model that is being fetched, or whose last fetching failed; `progress` 0-1 while it is under way."""

    name: str
    state: str
    progress: float | None

    @classmethod
    def from_document(cls, document: Document) -> Self:
        """Read a model of `/health` and `server.changed`."""
        progress = document.get("progress")
        return cls(str(document["name"]), str(document["state"]), None if progress is None else float(progress))


@dataclass(frozen=True, slots=True)
class ServerCondition:
    """The sidecar's condition; `transcriber` is None where it is not told."""

    transcriber: Transcriber | None = None
    downloads: tuple[ModelDownload, ...] = ()

    @property
    def download(self) -> ModelDownload | None:
        """The model that is being fetched now."""
        if found := next((each for each in self.downloads if each.state == "downloading"), None):
            return found
        if (working := self.transcriber) is not None and working.state == "downloading":
            return ModelDownload(working.model or working.engine, working.state, working.progress)
        return None

    @classmethod
    def from_document(cls, document: Document) -> Self:
        """Read the answer of `/health` and `server.changed`."""
        transcriber = document.get("transcriber")
        return cls(
            None if transcriber is None else Transcriber.from_document(transcriber),
            tuple(ModelDownload.from_document(each) for each in document.get("models") or ()),
        )

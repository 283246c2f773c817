"""What is shown of a model: whether it is here, how large it is, what it knows, what is wrong with it."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from wallflower_sidecar.domain.documents import Document

from .catalogue import KNOWN_MODELS
from .download import partial_folders
from .find import (
    BUNDLED_NAME,
    ModelError,
    bundled_if_installed,
    kept_model,
    known_languages,
    missing_files,
)


class ModelState(StrEnum):
    """available: can be downloaded; failed: the last download did; damaged: it is here and cannot be used."""

    AVAILABLE = "available"
    DOWNLOADING = "downloading"
    INSTALLED = "installed"
    FAILED = "failed"
    DAMAGED = "damaged"


@dataclass(frozen=True, slots=True)
class ModelItem:
    """One model.

    `bytes` is its size on disk, or of its download; `languages` are codes, empty when nobody knows; `progress` is 0-1
    while it downloads; `detail` a sentence where there is something to say. `reason` (a few words) and `retry_s` tell
    why the last download failed, and after how long it is tried again if it is by itself.
    """

    name: str
    state: ModelState
    bytes: int
    languages: tuple[str, ...]
    bundled: bool = False
    in_use: bool = False
    progress: float | None = None
    detail: str | None = None
    reason: str | None = None
    retry_s: float | None = None

    @property
    def installed(self) -> bool:
        """Whether it can be loaded."""
        return self.state is ModelState.INSTALLED


def model_document(item: ModelItem) -> Document:
    """The contract's object of a model; `languages` are codes, empty when nobody knows."""
    return {
        "name": item.name,
        "installed": item.installed,
        "bytes": item.bytes,
        "languages": list(item.languages),
        "state": item.state.value,
        "progress": item.progress,
        "bundled": item.bundled,
        "in_use": item.in_use,
        "detail": item.detail,
    }


def names(models_dir: Path) -> Iterator[str]:
    """The names of all models: those that are known, then the other folders in the folder of models."""
    yield from KNOWN_MODELS
    if models_dir.is_dir():
        folders = (path.name for path in models_dir.iterdir() if path.is_dir() and not path.name.startswith("."))
        yield from sorted(name for name in folders if name not in KNOWN_MODELS)


def on_disk(name: str, models_dir: Path) -> ModelItem:
    """What the disk tells of a model that has one of the names; the hashes of its files are not looked at."""
    known = KNOWN_MODELS.get(name)
    try:
        model = kept_model(name, models_dir)
    except ModelError as error:
        return _damaged(name, models_dir, str(error))
    if model is not None and (missing := missing_files(model)):
        return _damaged(name, models_dir, f"Its folder lacks {', '.join(missing)}. Download it again.")
    bundled = model is None and name == BUNDLED_NAME
    if bundled:
        model = bundled_if_installed()
    if model is not None:
        languages = known.languages if known else known_languages(model.folder)
        return ModelItem(name, ModelState.INSTALLED, _size(model.folder), tuple(sorted(languages)), bundled=bundled)
    have = sum(_size(folder) for folder in partial_folders(name, models_dir))
    detail = f"{have // 10**6} MB have been downloaded; a new download goes on from there." if have else None
    size = known.download_bytes if known else 0
    return ModelItem(name, ModelState.AVAILABLE, size, tuple(sorted(known.languages)) if known else (), detail=detail)


def stamp(folder: Path) -> tuple[int, ...]:
    """What changes when a model's files do; empty when they cannot be looked at."""
    try:
        return tuple(path.stat().st_mtime_ns for path in sorted(folder.iterdir()))
    except OSError:
        return ()


def _damaged(name: str, models_dir: Path, detail: str) -> ModelItem:
    folder = models_dir / name
    languages = KNOWN_MODELS[name].languages if name in KNOWN_MODELS else known_languages(folder)
    return ModelItem(name, ModelState.DAMAGED, _size(folder), tuple(sorted(languages)), detail=detail)


def _size(folder: Path) -> int:
    try:
        return sum(path.stat().st_size for path in folder.iterdir() if path.is_file())
    except OSError:  # another process is just replacing it
        return 0

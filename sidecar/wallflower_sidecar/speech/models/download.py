"""Fetches a model from the hub: resumed where it broke off, checked, and only then put in its place."""

from collections.abc import Buffer, Callable, Iterable
from dataclasses import dataclass
from functools import partial
import hashlib
from io import BufferedWriter, FileIO
import logging
import os
from pathlib import Path
import shutil
from typing import Any

from .errors import NOT_UNDERSTOOD, FetchError, fetch_error
from .find import HubModel, LocalModel, ModelError, check_model, kept_model, write_manifest

_LOGGER = logging.getLogger(__name__)

_WANTED = frozenset(
    {
        "config.json",
        "model.bin",
        "preprocessor_config.json",
        "tokenizer.json",
        "vocabulary.json",
        "vocabulary.txt",
    }
)
_REQUEST_TIMEOUT_S = 15.0
_SPARE_BYTES = 64 * 1024 * 1024
"""Left free on the disk beyond the model itself."""

_CHUNK_BYTES = 1024 * 1024
"""Written at once: what a broken connection loses, and the step of the progress on a slow line."""

type OnProgress = Callable[[int, int], None]
"""Is told how many bytes have arrived, and of how many."""


@dataclass(frozen=True, slots=True)
class _RemoteFile:
    """One file as the hub describes it: a large one by its SHA-256, a small one by git's SHA-1 of it."""

    name: str
    size: int
    sha256: str | None
    blob_id: str | None


class _Growing(BufferedWriter):
    """A file written at its end that tells its size after each write."""

    def __init__(self, path: Path, tell: Callable[[int], None]) -> None:
        super().__init__(FileIO(path, "ab"))
        self._tell = tell

    def write(self, data: Buffer, /) -> int:
        """Write, then tell the size in bytes."""
        written = super().write(data)
        self._tell(self.tell())
        return written


def fetch_model(model: HubModel, models_dir: Path, on_progress: OnProgress) -> LocalModel:
    """Fetch a model into `models_dir/NAME` unless it is there and whole; no token of this machine is used.

    Raises FetchError. What has arrived is kept, and the next call goes on from there. Only for the holder of the
    model's FetchLock.
    """
    if (whole := _whole(model.name, models_dir)) is not None:
        return whole
    try:
        return _fetch(model, models_dir, on_progress)
    except FetchError:
        raise
    except Exception as error:
        known = fetch_error(model.name, error)
        if (known.reason, known.advice) == NOT_UNDERSTOOD:
            _LOGGER.exception("the model %s could not be fetched", model.name)
        raise known from error


def partial_folders(name: str, models_dir: Path) -> list[Path]:
    """The folders with what has arrived of a model that is not whole yet."""
    return sorted(models_dir.glob(f".{name}.partial-*"))


def remove_model(name: str, models_dir: Path) -> None:
    """Remove a model and what has arrived of it; raises OSError. Only for the holder of its FetchLock."""
    _set_aside(models_dir / name)
    for folder in partial_folders(name, models_dir):
        shutil.rmtree(folder)


def _whole(name: str, models_dir: Path) -> LocalModel | None:
    try:
        model = kept_model(name, models_dir)
        if model is not None:
            check_model(model)
    except ModelError:
        return None
    return model


def _fetch(model: HubModel, models_dir: Path, on_progress: OnProgress) -> LocalModel:
    from huggingface_hub import HfApi, constants, hf_hub_url  # noqa: PLC0415 - half a second that only a fetch is worth
    from huggingface_hub.file_download import http_get  # noqa: PLC0415 - the same

    constants.DOWNLOAD_CHUNK_SIZE = _CHUNK_BYTES
    described = HfApi(token=False).model_info(model.repository, files_metadata=True, timeout=_REQUEST_TIMEOUT_S)
    revision = str(described.sha)
    files = _model_files(described.siblings or ())
    if "model.bin" not in {file.name for file in files}:
        raise FetchError(model.name, "the hub's answer cannot be understood", "Choose another model.")
    folder = models_dir / f".{model.name}.partial-{revision[:12]}"
    folder.mkdir(parents=True, exist_ok=True)
    total = sum(file.size for file in files)
    _need_room(folder, total, model)
    sha256: dict[str, str] = {}
    before = 0
    for file in files:
        path = folder / file.name
        have = path.stat().st_size if path.exists() else 0
        if have > file.size:
            path.unlink()
            have = 0
        on_progress(before + have, total)
        url = hf_hub_url(model.repository, file.name, revision=revision)
        with _Growing(path, partial(_tell, on_progress, before, total)) as at:
            http_get(url, at, resume_size=have, expected_size=file.size)
            at.flush()
            os.fsync(at.fileno())
        sha256[file.name] = _checked(path, file, model)
        before += file.size
    check_model(LocalModel(model.name, folder))
    write_manifest(folder, model.repository, revision, sha256)
    return _put_in_place(model, folder, models_dir / model.name, sha256)


def _tell(on_progress: OnProgress, before: int, total: int, size: int) -> None:
    on_progress(min(before + size, total), total)


def _model_files(siblings: Iterable[Any]) -> list[_RemoteFile]:
    return [
        _RemoteFile(entry.rfilename, int(entry.size or 0), entry.lfs.sha256 if entry.lfs else None, entry.blob_id)
        for entry in siblings
        if entry.rfilename in _WANTED
    ]


def _need_room(folder: Path, total: int, model: HubModel) -> None:
    present = sum(path.stat().st_size for path in folder.iterdir())
    missing = total - present + _SPARE_BYTES - shutil.disk_usage(folder).free
    if missing > 0:
        raise FetchError(
            model.name,
            f"the disk has {missing // 2**20 + 1} MiB too little room",
            "Free some space in the data folder.",
        )


def _checked(path: Path, file: _RemoteFile, model: HubModel) -> str:
    """Return the SHA-256 of a file that is what the hub described; one that is not is removed."""
    with path.open("rb") as content:
        sha256 = hashlib.file_digest(content, "sha256").hexdigest()
    if file.sha256 is not None:
        right = sha256 == file.sha256
    else:
        blob = hashlib.sha1(b"blob %d\0" % file.size, usedforsecurity=False)
        blob.update(path.read_bytes())
        right = file.blob_id is None or blob.hexdigest() == file.blob_id
    if not right:
        path.unlink()
        raise FetchError(
            model.name, f"the file {file.name} arrived damaged", "Try again; only the damaged file is fetched anew."
        )
    return sha256


def _put_in_place(model: HubModel, fetched: Path, folder: Path, sha256: dict[str, str]) -> LocalModel:
    _set_aside(folder)  # a damaged one
    fetched.rename(folder)
    for other in partial_folders(model.name, folder.parent):
        shutil.rmtree(other, ignore_errors=True)
    return LocalModel(model.name, folder, sha256)


def _set_aside(folder: Path) -> None:
    """Remove a model so that nobody finds half of it under its name; what a crash left of the last time goes too."""
    aside = folder.with_name(f".{folder.name}.removed")
    if aside.exists():
        shutil.rmtree(aside)
    if folder.exists():
        folder.rename(aside)
        shutil.rmtree(aside)

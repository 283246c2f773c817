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

from .models import HubModel, LocalModel, ModelError, check_model, write_manifest

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


def fetch_model(model: HubModel, models_dir: Path, on_progress: Callable[[float], None]) -> LocalModel:
    """Fetch a model into `models_dir/NAME`, telling progress from 0 to 1; no token of this machine is used.

    Raises ModelError. What has arrived is kept, and the next call goes on from there.
    """
    try:
        return _fetch(model, models_dir, on_progress)
    except ModelError:
        raise
    except Exception as error:
        _LOGGER.exception("the model %s could not be fetched", model.name)
        raise ModelError(
            "download_failed",
            f"The model {model.name} could not be fetched from the hub. Check the network connection; "
            "it is tried again by itself and goes on where it stopped.",
        ) from error


def _fetch(model: HubModel, models_dir: Path, on_progress: Callable[[float], None]) -> LocalModel:
    from huggingface_hub import HfApi, hf_hub_url  # noqa: PLC0415 - half a second that only a fetch is worth
    from huggingface_hub.file_download import http_get  # noqa: PLC0415 - the same

    described = HfApi(token=False).model_info(model.repository, files_metadata=True, timeout=_REQUEST_TIMEOUT_S)
    revision = str(described.sha)
    files = _model_files(described.siblings or ())
    folder = models_dir / f".{model.name}.{revision[:12]}.partial"
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


def _tell(on_progress: Callable[[float], None], before: int, total: int, size: int) -> None:
    on_progress(min(1.0, (before + size) / total))


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
        raise ModelError(
            "download_failed",
            f"The model {model.name} needs {missing // 2**20 + 1} MiB more room in the data folder. Free some space.",
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
        raise ModelError(
            "download_failed", f"The file {file.name} of the model {model.name} arrived damaged; it is fetched again."
        )
    return sha256


def _put_in_place(model: HubModel, fetched: Path, folder: Path, sha256: dict[str, str]) -> LocalModel:
    if folder.exists():  # without its manifest, or there would have been nothing to fetch
        shutil.rmtree(folder)
    fetched.rename(folder)
    for other in folder.parent.glob(f".{model.name}.*.partial"):
        shutil.rmtree(other, ignore_errors=True)
    return LocalModel(model.name, folder, sha256)

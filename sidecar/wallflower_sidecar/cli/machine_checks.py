"""Doctor's checks of this machine: Python, libraries, data folder, database, speech model."""

from collections.abc import Iterator
import importlib
import os
from pathlib import Path
import shutil
import sqlite3
import sys
import tempfile

from ..settings import Settings
from ..speech.models.find import HubModel, ModelError, check_model, find_model
from .findings import Finding, doubtful, failed, fine

PYTHON = (3, 14)
LOW_BYTES = 1024**3
LIBRARIES = {
    "webrtcvad": "the speech gate",
    "cv2": "still pictures",
    "faster_whisper": "speech recognition",
    "ctranslate2": "speech recognition",
    "onnxruntime": "speech recognition",
}
CODECS = ("h264", "hevc", "mjpeg", "aac", "opus", "pcm_alaw", "pcm_mulaw", "adpcm_g726")
"""What cameras send."""


def python_check() -> Finding:
    """Whether this Python is new enough."""
    found = sys.version.split()[0]
    if sys.version_info < PYTHON:
        return failed("Python", f"{found}; Wallflower needs 3.14 or newer. Install it and set Wallflower up again.")
    return fine("Python", found)


def library_checks() -> Iterator[Finding]:
    """Whether what is compiled can be loaded, and knows the codecs of cameras."""
    broken = []
    for name, purpose in LIBRARIES.items():
        try:
            importlib.import_module(name)
        except (ImportError, OSError) as error:
            broken.append(name)
            yield failed("Libraries", f"{name} ({purpose}) cannot be loaded: {error}. Install Wallflower again.")
    if not broken:
        yield fine("Libraries", ", ".join(LIBRARIES))
    yield _codec_check()


def folder_checks(folder: Path) -> Iterator[Finding]:
    """Whether the data folder can be written and its disk has room."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder) as file:
            file.write(b"wallflower")
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        yield failed("Data folder", f"{folder} cannot be written: {error.strerror}. Change its owner, or set DATA_DIR.")
        return
    yield fine("Data folder", f"{folder} can be written.")
    free = shutil.disk_usage(folder).free
    text = f"{free / 1024**3:.1f} GiB are free."
    if free < LOW_BYTES:
        yield doubtful("Free space", f"{text} Make room, or let recordings and text be kept for a shorter time.")
    else:
        yield fine("Free space", text)


def database_check(settings: Settings) -> Finding:
    """Whether the database is whole; reads it without changing it."""
    path = settings.sqlite_path
    if not path.exists():
        return fine("Database", "There is none yet; the first start makes it.")
    try:
        connection = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True, timeout=5)
        try:
            faults = [row[0] for row in connection.execute("PRAGMA quick_check(3)")]
        finally:
            connection.close()
    except sqlite3.Error as error:
        return failed(
            "Database",
            f"{path} cannot be read: {error}. At its next start the server sets it aside and makes a new one.",
        )
    if faults != ["ok"]:
        return failed("Database", f"{path} is damaged: {faults[0]}. Restore a backup; the server sets it aside.")
    return fine("Database", f"{path} is whole ({path.stat().st_size / 1024**2:.1f} MiB).")


def model_check(settings: Settings) -> Finding:
    """Whether the speech model is here and whole."""
    try:
        model = find_model(settings.model, settings.models_dir)
        if isinstance(model, HubModel):
            return doubtful("Speech model", f"{model.name} is not here yet; the server fetches it from the hub.")
        check_model(model)
    except ModelError as error:
        return failed("Speech model", str(error))
    return fine("Speech model", f"{model.name} in {model.folder}")


def _codec_check() -> Finding:
    try:
        codec = importlib.import_module("av.codec").Codec
    except (ImportError, OSError) as error:
        return failed("Codecs", f"av (camera streams) cannot be loaded: {error}. Install Wallflower again.")
    missing = [name for name in CODECS if not _has(codec, name)]
    if missing:
        return doubtful("Codecs", f"Not decodable: {', '.join(missing)}. Cameras that send them stay silent or blind.")
    return fine("Codecs", ", ".join(CODECS))


def _has(codec: type, name: str) -> bool:
    try:
        codec(name, "r")
    except ValueError:
        return False
    return True

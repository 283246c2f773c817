"""Made files, kept by what they were made of."""

from collections.abc import Callable
import hashlib
from pathlib import Path
import tempfile

CACHE = Path(__file__).resolve().parents[2] / ".cache" / "test-material"
"""In the checkout and ignored by git; safe to delete."""


def made(name: str, ingredients: object, make: Callable[[Path], None], folder: Path = CACHE) -> Path:
    """Return the file of this name made of these ingredients, calling make(path) if there is none yet.

    The ingredients' repr is the key. A file appears whole or not at all, whoever else is making it.
    """
    key = hashlib.sha256(repr(ingredients).encode()).hexdigest()[:16]
    path = folder / f"{Path(name).stem}-{key}{Path(name).suffix}"
    if not path.exists():
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder, prefix=".making-") as workplace:
            unfinished = Path(workplace, path.name)
            make(unfinished)
            unfinished.replace(path)
    return path

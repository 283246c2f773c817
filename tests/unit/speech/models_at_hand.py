"""A library of models at work on a scripted hub, for the length of a test."""

from contextlib import asynccontextmanager
from pathlib import Path
import random

from tests.support.waiting import eventually
from wallflower_sidecar.domain.clock import SystemClock
from wallflower_sidecar.speech.models.find import HUB_MODELS, LocalModel, bundled_model, check_model, find_model
from wallflower_sidecar.speech.models.library import ModelLibrary
from wallflower_sidecar.speech.models.retries import Retries

from .running import running
from .scripted_hub import scripted_hub

NAME = "base.en"
"""What the scripted hub calls the bundled weights: a name that is nowhere on this machine."""

HALF = 40_000_000
SMALL_HALF = 4_000_000
PATIENT = Retries(first_s=600, last_s=600)


def hub_of(name=NAME):
    """A hub that has the bundled weights under the name of another model."""
    return scripted_hub(HUB_MODELS[name], bundled_model().folder)


def hub_of_small_files(folder):
    """A hub whose weights are 8 MB of noise, for what is downloaded and checked but never loaded."""
    folder.mkdir()
    for name in ("config.json", "tokenizer.json", "vocabulary.txt"):
        (folder / name).write_text(f'{{"of": "{name}"}}')
    (folder / "model.bin").write_bytes(random.Random(1).randbytes(2 * SMALL_HALF))
    return scripted_hub(HUB_MODELS[NAME], folder)


@asynccontextmanager
async def library_in(models_dir, retries=None):
    """A library that downloads until the block ends, and all that it told."""
    library = ModelLibrary(models_dir, SystemClock(), retries=retries)
    seen = []
    library.subscribe(seen.append)
    async with running(library):
        yield library, seen


async def state_of(library, name, state, timeout_s=30):
    """Wait until a model is in a state; returns it."""
    await eventually(lambda: library.item(name).state == state, timeout_s=timeout_s, interval_s=0.01)
    return library.item(name)


async def half_way(library, name=NAME):
    """Wait until a good part of a download has arrived."""
    await eventually(lambda: (library.item(name).progress or 0) > 0.3, timeout_s=30, interval_s=0.01)


def first_byte(wanted):
    """Where a range that was asked for begins; 0 for the whole."""
    return int(wanted.removeprefix("bytes=").partition("-")[0]) if wanted else 0


def ranges(hub, name="model.bin"):
    """Where each request for a file began."""
    return [first_byte(wanted) for asked, wanted in hub.asked if asked == name]


def assert_whole(models_dir: Path, name=NAME):
    """The model is in its place, whole and checked, and nothing else is left."""
    model = find_model(name, models_dir)
    assert isinstance(model, LocalModel)
    assert set(model.sha256) == {"config.json", "model.bin", "tokenizer.json", "vocabulary.txt"}
    check_model(model)
    assert [path.name for path in models_dir.iterdir()] == [name]

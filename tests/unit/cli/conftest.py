"""The command in a clean environment."""

from collections.abc import Callable, Generator
import logging
from pathlib import Path

from click.testing import CliRunner, Result
import pytest

from wallflower_sidecar.cli import main

type Run = Callable[..., Result]


@pytest.fixture
def data_dir(tmp_path: Path) -> Path:
    return tmp_path / "data"


@pytest.fixture(autouse=True)
def logging_as_it_was() -> Generator[None]:
    root, ours = logging.getLogger(), logging.getLogger("wallflower_sidecar")
    handlers, levels = root.handlers[:], (root.level, ours.level)
    yield
    root.handlers[:] = handlers
    root.setLevel(levels[0])
    ours.setLevel(levels[1])


@pytest.fixture
def run(data_dir: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    import os  # noqa: PLC0415

    for name in [name for name in os.environ if name.startswith("WALLFLOWER_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("WALLFLOWER_DATA_DIR", str(data_dir))

    def invoke(*arguments: str, stdin: str = "", **environ: str) -> Result:
        settings = {f"WALLFLOWER_{name.upper()}": value for name, value in environ.items()}
        return CliRunner().invoke(main, arguments, env=settings, input=stdin)

    return invoke

"""A camera that speaks and a sidecar that listens, both real."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from tests.support.camera_process import CameraProcess
from tests.support.clips import camera_clip
from tests.support.leaks import no_leaks
from tests.support.ports import free_port
from tests.support.sentences import HELP, SENTENCES
from tests.support.sidecar import Sidecar, sidecar
from tests.support.speech import compose

SPOKEN = (HELP, *SENTENCES[1:4])


@pytest.fixture(autouse=True)
def nothing_left() -> Iterator[None]:
    with no_leaks():
        yield


@pytest.fixture
async def camera() -> AsyncIterator[CameraProcess]:
    async with CameraProcess({"porch": camera_clip(compose(SPOKEN, pause_s=1.5))}) as camera:
        yield camera


@pytest.fixture
def port() -> int:
    return free_port()


@pytest.fixture
async def server(tmp_path: Path, port: int) -> AsyncIterator[Sidecar]:
    async with sidecar(tmp_path, port) as server:
        yield server


@pytest.fixture
def porch(camera: CameraProcess) -> dict[str, object]:
    rule = {"id": "help", "phrases": ["help"]}
    return {"name": "Porch", "url": camera.url("porch"), "keywords": [rule]}

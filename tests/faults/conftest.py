"""What the faults are provoked on."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.faults.capture_rig import Rig, running_capture
from tests.support.clips import Picture, camera_clip
from tests.support.leaks import no_leaks
from tests.support.rtsp_camera import FakeCamera
from tests.support.speech import Track, compose

SENTENCES = ("The front door is open.", "Please help me at the pool.", "The weather is very nice today.")
SMALL = Picture(width=320, height=180)


@pytest.fixture(scope="session")
def talk() -> Track:
    """Three sentences with pauses, about 10 s."""
    return compose(SENTENCES, pause_s=1.5)


@pytest.fixture(scope="session")
def clip(talk: Track) -> Path:
    """H.264 and AAC."""
    return camera_clip(talk, SMALL)


@pytest.fixture
async def camera(clip: Path, talk: Track) -> AsyncIterator[FakeCamera]:
    """A camera with a password; sources `porch` (H.264 + AAC), `mute` and `blind`."""
    sources = {"porch": clip, "mute": camera_clip(None, SMALL), "blind": camera_clip(talk, None)}
    async with FakeCamera(sources, auth=("admin", "s3cr3t-pass")) as fake:
        yield fake


@pytest.fixture
async def rig() -> AsyncIterator[Rig]:
    """A capture whose worker is up."""
    with no_leaks():
        async with running_capture() as running:
            yield running

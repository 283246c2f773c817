"""Clips and a leak check for the tests of the support."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.clips import TEST_CARD, camera_clip
from tests.support.leaks import no_leaks
from tests.support.sentences import DOOR
from tests.support.speech import Track, compose, silence


@pytest.fixture(scope="session")
def track() -> Track:
    """One sentence, about 1.6 s in all."""
    return compose((DOOR,), lead_s=0.2, pause_s=0.1)


@pytest.fixture(scope="session")
def clip(track: Track) -> Path:
    """H.264 and AAC."""
    return camera_clip(track, TEST_CARD)


@pytest.fixture(scope="session")
def pcm_clip(track: Track) -> Path:
    """H.264 and G.711 µ-law."""
    return camera_clip(track, TEST_CARD, "pcmu")


@pytest.fixture(scope="session")
def short_clip() -> Path:
    """H.264 and AAC, ten frames of silence and one of priming: it loops every 0.7 s."""
    return camera_clip(silence(0.64), TEST_CARD)


@pytest.fixture
def leak_check() -> Iterator[None]:
    with no_leaks():
        yield

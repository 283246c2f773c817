"""The engine at work speaks to the sidecar alone, and leaves nothing in anybody's home folder."""

from pathlib import Path

import psutil
import pytest

from tests.support.hearing import words
from tests.support.sentences import DOOR
from tests.support.speech import synthesise
from tests.unit.speech.running import ready, running
from tests.unit.speech.utterances import utterance_of
from wallflower_sidecar.domain.clock import SystemClock
from wallflower_sidecar.domain.transcripts import Hints
from wallflower_sidecar.speech import EmbeddedTranscriber

pytestmark = pytest.mark.faults


async def test_no_socket_is_opened_and_no_file_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home = tmp_path / "home"
    home.mkdir()
    monkeypatch.setenv("HOME", str(home))
    for name in ("XDG_CACHE_HOME", "XDG_DATA_HOME", "ORT_DISABLE_TELEMETRY"):
        monkeypatch.delenv(name, raising=False)

    async with running(EmbeddedTranscriber(None, models_dir=tmp_path / "models", clock=SystemClock())) as transcriber:
        await ready(transcriber)
        heard = await transcriber.transcribe(utterance_of(synthesise(DOOR)), Hints("en"))

        assert words(heard.text) == words(DOOR)
        assert transcriber.pid is not None
        assert psutil.Process(transcriber.pid).net_connections("inet") == []
    assert list(home.rglob("*")) == []

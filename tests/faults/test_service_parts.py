"""The running service when a part of it fails: the rest goes on, and the part comes back."""

from pathlib import Path

import pytest

from tests.support.leaks import no_leaks
from tests.support.rtsp_camera import FakeCamera
from tests.support.waiting import eventually
from wallflower_sidecar.domain.health import HealthStatus
from wallflower_sidecar.domain.streams import Stream, StreamState
from wallflower_sidecar.service import Service
from wallflower_sidecar.settings import load_settings

pytestmark = [pytest.mark.faults, pytest.mark.timeout(120)]


async def test_capture_that_fails_unexpectedly_is_started_again_and_listens(
    tmp_path: Path, camera: FakeCamera, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = load_settings({"WALLFLOWER_DATA_DIR": str(tmp_path), "WALLFLOWER_MODEL": str(tmp_path)}).settings
    with no_leaks():
        async with Service.open(settings) as service:
            await service.streams.put(Stream("porch", "Porch", camera.url("porch")))

            def state() -> StreamState:
                return service.streams.status("porch").state

            await eventually(lambda: state() is StreamState.STREAMING, timeout_s=20)
            workers = service._capture.worker_pids

            with monkeypatch.context() as broken:
                broken.setattr(service._capture, "_tick", lambda: 1 / 0)
                await eventually(lambda: service._upkeep.failures["capture"] > 0)

            await eventually(lambda: service._capture.worker_pids not in ([], workers), timeout_s=20)
            counted = camera.counters("porch").plays_ever
            await eventually(lambda: camera.counters("porch").plays_ever > counted, timeout_s=30)
            await eventually(lambda: state() is StreamState.STREAMING, timeout_s=20)
            assert {check.name: check.status for check in service.health()}["service"] is HealthStatus.OK


async def test_the_engines_death_is_told_at_once(tmp_path: Path) -> None:
    settings = load_settings({"WALLFLOWER_DATA_DIR": str(tmp_path)}).settings
    with no_leaks():
        async with Service.open(settings) as service, service.events.open() as events:
            await eventually(lambda: service.transcriber().state == "ready", timeout_s=40)
            service._transcriber.current._engine.child.kill("the test does")
            told = []
            async for event in events:
                state = event.data["transcriber"]["state"]
                # Told again when more than the state changes, as while a model is loaded.
                told += [] if told[-1:] == [state] else [state]
                if told[-2:] == ["starting", "ready"] and told.count("ready") == 2:
                    break
    assert told[-3:] == ["ready", "starting", "ready"]

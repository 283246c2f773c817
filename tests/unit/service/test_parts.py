"""Reports, health, pairing and looking at things while the database fails, and after."""

import asyncio
from functools import partial
import logging
import re
import shutil

import pytest

from tests.support.waiting import eventually
from tests.unit.store.heard import stream
from wallflower_sidecar.domain.access import Role
from wallflower_sidecar.domain.errors import UnavailableError
from wallflower_sidecar.domain.health import HealthStatus, TranscriberInfo
from wallflower_sidecar.domain.streams import StreamState
from wallflower_sidecar.service import access, health, write_queue

from .probing import told, write_protected, write_reports, writer_taken


async def test_reports_that_cannot_be_written_now_are_written_later_once_and_in_order(service, database, monkeypatch):
    monkeypatch.setattr(write_queue, "RETRY_S", 0.02)
    await service.streams.put(stream())
    task = asyncio.create_task(service._reports.run())
    board = service._capture._captures["door"]._board
    states = [StreamState.RESOLVING, StreamState.CONNECTING, StreamState.STREAMING]
    async with write_protected(database):
        for state in states:
            board.enter(state)
            await asyncio.sleep(0.05)
        assert not task.done()
        assert len(await told(service)) == 1
    events = await eventually(lambda: more_than(service, 3))
    assert [event.data["status"]["state"] for event in events[1:]] == states
    assert service._reports.dropped == 0
    task.cancel()


async def more_than(service, count):
    events = await told(service)
    return events if len(events) > count else None


async def test_a_stop_right_after_a_report_loses_and_doubles_none(service):
    await service.streams.put(stream())
    for steps in range(0, 30, 3):
        before = len(await told(service))
        writing = asyncio.create_task(service._reports.run())
        service._reports.speech_started("door", f"u{steps}", service._clock.now())
        for _ in range(steps):
            await asyncio.sleep(0.0003)
        await service._reports.finish()
        writing.cancel()
        await asyncio.wait([writing])
        assert len(await told(service)) == before + 1


async def test_a_report_that_can_never_be_written_takes_no_other_with_it(service, caplog):
    await service.streams.put(stream())

    async def poison(writer):
        raise ZeroDivisionError

    service._reports.speech_started("door", "u1", service._clock.now())
    service._reports._waiting.put(poison)
    service._reports.speech_ended("door", "u1", service._clock.now())
    await write_reports(service)
    assert [event.type.value for event in await told(service)][1:] == ["speech.started", "speech.ended"]
    assert service._reports.dropped == 1


async def test_with_too_many_reports_the_oldest_go_and_are_counted(service):
    service._reports._waiting._bound = 5
    await service.streams.put(stream())
    for number in range(8):
        service._reports.speech_started("door", f"u{number}", service._clock.now())
    await write_reports(service)
    assert [event.data["utterance"] for event in (await told(service))[1:]] == ["u3", "u4", "u5", "u6", "u7"]
    assert service._reports.dropped == 3


async def test_a_stop_does_not_wait_for_a_disk_that_takes_nothing(service, database, monkeypatch, caplog):
    monkeypatch.setattr(write_queue, "FINISH_S", 0.05)
    await service.streams.put(stream())
    service._reports.speech_started("door", "u1", service._clock.now())
    async with asyncio.timeout(5), writer_taken(database):
        await write_reports(service)
    assert "1 reports could not be stored" in caplog.text


async def test_health_is_told_at_the_start_and_at_once_when_the_transcriber_changes(service):
    info = TranscriberInfo("embedded", "tiny.en", "ready")
    watch = health.HealthWatch(service.events, service._clock, checks=list, transcriber=lambda: info)
    task = asyncio.create_task(watch.run())
    await eventually(lambda: more_than(service, 0))
    for state in ("starting", "ready"):
        info = TranscriberInfo("embedded", "tiny.en", state)
        watch.transcriber_changed(info)
        await eventually(partial(last_state, service, state), timeout_s=1, interval_s=0.01)
    task.cancel()


async def last_state(service, state):
    return (await told(service))[-1].data["transcriber"]["state"] == state


async def test_health_that_cannot_be_told_is_told_later(service, database, monkeypatch):
    monkeypatch.setattr(health, "CHECK_INTERVAL_S", 0.02)
    task = asyncio.create_task(service._health.run())
    async with write_protected(database):
        await asyncio.sleep(0.1)
        assert not task.done()
        assert service._database.check().status is HealthStatus.DEGRADED
    await eventually(lambda: service._database.check().status is HealthStatus.OK)
    await eventually(lambda: database_told_well(service))
    task.cancel()


async def test_a_fault_that_comes_back_after_it_was_told_heals_without_anybody_writing(service, database, monkeypatch):
    monkeypatch.setattr(health, "CHECK_INTERVAL_S", 0.02)
    async with write_protected(database):
        with pytest.raises(UnavailableError):
            await service.streams.put(stream())
    await service._health._look()  # tells of the fault, which is over with that
    async with write_protected(database):
        with pytest.raises(UnavailableError):
            await service.streams.put(stream())
    task = asyncio.create_task(service._health.run())
    await eventually(lambda: service._database.check().status is HealthStatus.OK)
    await eventually(lambda: database_told_well(service))
    task.cancel()


async def database_told_well(service):
    events = await told(service)
    return bool(events) and events[-1].data["checks"][0] == {
        "name": "database",
        "status": "ok",
        "detail": "The database is well.",
    }


async def test_a_data_folder_that_is_gone_is_a_fault_and_no_failure(settings):
    assert health.disk_check(settings.data_dir).status in {HealthStatus.OK, HealthStatus.DEGRADED}
    shutil.rmtree(settings.data_dir)
    check = health.disk_check(settings.data_dir)
    assert (check.status, check.detail) == (
        HealthStatus.DEGRADED,
        "The data folder cannot be looked at (No such file or directory).",
    )


async def test_a_token_is_good_for_looking_while_nothing_can_be_written(service, database):
    info, secret = await service.access.create_token("a client", Role.CLIENT)
    async with write_protected(database):
        identity = await service.access.identify(secret)
        assert identity is not None
        assert identity.id == info.id
        with pytest.raises(UnavailableError):
            await service.access.new_pairing_code()


async def test_a_pairing_code_is_in_the_log_while_and_whenever_no_client_is_paired(service, monkeypatch, caplog):
    monkeypatch.setattr(access, "ANNOUNCE_EVERY_S", 0.01)
    caplog.set_level(logging.INFO)
    task = asyncio.create_task(service.access.announce_codes())

    def codes():
        return re.findall(r"Pairing code for Home Assistant: (\d{6})", caplog.text)

    await eventually(codes)
    await asyncio.sleep(0.05)
    assert len(codes()) == 1
    await service.access.pair(codes()[0])
    await asyncio.sleep(0.05)
    assert len(codes()) == 1
    (token,) = await service.access.tokens()
    await service.access.delete_token(token.id)
    await eventually(lambda: len(codes()) == 2)
    task.cancel()

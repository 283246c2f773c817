"""Streams: what is committed, what is told and what is followed are one."""

import asyncio
from dataclasses import replace

import pytest

from tests.unit.speech.utterances import silent_utterance
from tests.unit.store.heard import stream
from wallflower_sidecar.capture.stream.status import CaptureStatus
from wallflower_sidecar.domain.errors import CaptureCode, ConflictError, UnavailableError
from wallflower_sidecar.domain.streams import StreamState
from wallflower_sidecar.domain.transcripts import Hints

from .probing import kept_streams, known_streams, told, write_protected, write_reports


async def test_a_change_that_changes_nothing_writes_and_tells_nothing(service):
    await service.streams.put(stream())
    before = await told(service)

    await service.streams.put(stream())
    await service.streams.put(replace(stream(), url="rtsp://u:***@10.0.0.1/door"))
    await service.streams.patch("door", lambda known: replace(known, name=known.name))

    assert await told(service) == before


async def test_no_more_than_max_streams_and_a_replacement_is_always_possible(service):
    for name in ("a", "b", "c"):
        await service.streams.put(stream(name))
    with pytest.raises(ConflictError, match="MAX_STREAMS"):
        await service.streams.put(stream("d"))
    await service.streams.put(stream("c", name="Another"))
    await service.streams.delete("a", purge=False)
    assert await service.streams.put(stream("d"))


async def test_a_report_that_waited_shows_the_configuration_of_now(service):
    await service.streams.put(stream())
    service._capture._captures["door"]._board.enter(StreamState.CONNECTING)
    await service.streams.put(stream(name="Front door"))

    await write_reports(service)

    last = (await told(service))[-1].data
    assert (last["name"], last["status"]["state"]) == ("Front door", "connecting")


async def test_nothing_follows_a_removal(service):
    await service.streams.put(stream())
    service._reports.speech_started("door", "u1", service._clock.now())
    service._capture._captures["door"]._board.enter(StreamState.CONNECTING)

    await service.streams.delete("door", purge=False)
    await write_reports(service)

    assert [event.type.value for event in await told(service)] == ["stream.changed", "stream.removed"]


@pytest.mark.parametrize("steps", range(0, 60, 3))
async def test_a_cancelled_change_is_whole_or_not_at_all(service, database, steps):
    await service.streams.put(stream())
    for change in (
        lambda: service.streams.put(stream("pool")),
        lambda: service.streams.put(stream(name="Front door")),
        lambda: service.streams.delete("door", purge=True),
    ):
        task = asyncio.create_task(change())
        for _ in range(steps):
            await asyncio.sleep(0.0002)
            if task.done():
                break
        task.cancel()
        await asyncio.wait([task])

        assert known_streams(service) == await kept_streams(database)
        assert known_streams(service).keys() == service._capture._captures.keys()
        events = await told(service)
        gone = {event.stream for event in events if event.type == "stream.removed"}
        assert known_streams(service).keys().isdisjoint(gone)


async def test_a_removal_that_cannot_be_written_changes_nothing_and_can_be_repeated(service, database):
    await service.streams.put(stream())
    await service.transcripts.simulate(service.streams.get("door"), "somebody was here", 1.0, store=True)
    async with write_protected(database):
        with pytest.raises(UnavailableError):
            await service.streams.delete("door", purge=True)
    assert known_streams(service) == {"door": stream()}

    await service.streams.delete("door", purge=True)

    assert known_streams(service) == {}
    assert [(event.type.value, event.data) for event in await told(service)] == [
        ("transcript.forgotten", {"stream": "door", "from": None, "to": None}),
        ("stream.removed", {"stream": "door"}),
    ]


async def test_a_purge_that_fails_takes_the_removal_back(service, database, monkeypatch):
    """Else the text would stay: a stream that is gone cannot be purged again."""
    await service.streams.put(stream())
    await service.transcripts.simulate(service.streams.get("door"), "somebody was here", 1.0, store=True)
    async with database.write() as connection:
        await connection.exec_driver_sql(
            "CREATE TRIGGER broken BEFORE DELETE ON segments BEGIN SELECT RAISE(ABORT, 'no'); END"
        )
    with pytest.raises(Exception, match="no"):
        await service.streams.delete("door", purge=True)
    assert known_streams(service) == await kept_streams(database) == {"door": stream()}


async def test_a_stream_switched_off_is_not_transcribed_any_more(service):
    for fields in ({"enabled": False}, {"transcribe": False}):
        await service.streams.put(stream())
        service._reports.utterance_ready(silent_utterance(2.0, "door"))
        assert len(service._scheduler._queue) == 1
        await service.streams.put(stream(**fields))
        assert len(service._scheduler._queue) == 0
        service._reports.utterance_ready(silent_utterance(2.0, "door"))  # what its session had under way
        assert len(service._scheduler._queue) == 0
        assert service.streams.status("door").transcription.state == "off"


async def test_the_hint_is_the_streams_language_or_the_settings(service):
    await service.streams.put(stream())
    await service.streams.put(stream("pool", language="de"))
    service.configuration.settings = service.configuration.settings.model_copy(update={"language": "nl"})
    for name in ("door", "pool"):
        service._reports.utterance_ready(silent_utterance(2.0, name))
    queue = service._scheduler._queue
    assert [queue.take().hints, queue.take().hints] == [Hints("nl"), Hints("de")]


async def test_errors_that_a_former_run_left_open_end_when_the_camera_delivers(service, clock):
    await service.streams.put(stream())
    board = service._capture._captures["door"]._board
    board.fault(StreamState.BACKOFF, CaptureCode.CONNECTION_REFUSED)
    await write_reports(service)
    board.status = CaptureStatus(StreamState.IDLE, clock.now())  # as after a restart
    board.enter(StreamState.STREAMING)
    await write_reports(service)
    errors = await service.streams.errors("door")
    assert [(error.code, error.recovered_at) for error in errors] == [("connection_refused", clock.now())]

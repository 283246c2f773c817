"""The event log: what was committed is told, whatever becomes of what was to follow the commit."""

from tests.unit.store.heard import stream
from wallflower_sidecar.domain.events import EventType, NewEvent

from .probing import told


def note(service, number):
    return NewEvent(EventType.STREAM_REMOVED, {"stream": f"s{number}"}, service._clock.now(), f"s{number}")


async def test_what_fails_after_a_commit_keeps_no_event_from_those_who_listen(service, caplog):
    done = []
    async with service.events.open() as live:
        async with service.events.transaction() as writer:
            writer.add(note(service, 1))
            writer.after_commit(lambda: 1 / 0)
            writer.after_commit(lambda: done.append("the next"))
        async with service.events.transaction() as writer:
            writer.add(note(service, 2))

        assert [await anext(live), await anext(live)] == await told(service)

    assert done == ["the next"]
    assert "ZeroDivisionError" in caplog.text
    assert service._upkeep.failures.total() == 1
    assert "1 failures" in service._upkeep.check().detail


async def test_a_change_of_which_something_that_follows_fails_is_answered_and_kept(service):
    service.streams.follow(lambda: 1 / 0)
    await service.streams.put(stream())
    assert [event.stream for event in await told(service)] == ["door"]
    assert service.streams.get("door") == stream()

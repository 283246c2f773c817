"""A recogniser that fails or comes back is told for each stream that needs it, once."""

from dataclasses import replace

from tests.unit.store.heard import stream
from wallflower_sidecar.domain.streams import TranscriptionState, TranscriptionStatus

from .probing import told


async def test_each_stream_whose_speech_ceases_or_begins_to_become_text_is_told_once(service, monkeypatch):
    shown = [TranscriptionState.OK]
    monkeypatch.setattr(service._scheduler, "status", lambda _: TranscriptionStatus(shown[-1]))
    for name in ("door", "pool", "yard"):
        await service.streams.put(stream(name, transcribe=name != "yard"))
    await service._transcription.look()
    newest = (await told(service))[-1].id

    for state in (TranscriptionState.UNAVAILABLE, TranscriptionState.UNAVAILABLE, TranscriptionState.LAGGING):
        shown.append(state)
        await service._transcription.look()

    events = await told(service, newest)
    assert [(event.type.value, event.stream) for event in events] == [
        ("stream.changed", name) for name in ("door", "pool", "door", "pool")
    ]
    assert [event.data["status"]["transcription"]["state"] for event in events] == [
        "unavailable",
        "unavailable",
        "lagging",
        "lagging",
    ]


async def test_what_a_change_of_the_stream_told_is_not_told_again(service, monkeypatch):
    monkeypatch.setattr(service._scheduler, "status", lambda _: TranscriptionStatus(TranscriptionState.OK))
    await service.streams.put(stream())
    await service._transcription.look()
    await service.streams.patch("door", lambda known: replace(known, transcribe=False))
    newest = (await told(service))[-1].id

    await service._transcription.look()
    await service.streams.patch("door", lambda known: replace(known, transcribe=True))
    await service._transcription.look()

    assert len(await told(service, newest)) == 1

"""Streams as configured come back as they were."""

from datetime import timedelta

import pytest

from wallflower_sidecar.domain.keywords import Match, Rule
from wallflower_sidecar.domain.streams import Recording, RecordingMode, StorePolicy, StreamError, Transport
from wallflower_sidecar.store import streams
from wallflower_sidecar.store.rows import stream_from_document, stream_to_document

from .heard import MORNING, at, keep, segment, stream

FULL = stream(
    "pool",
    name="Pool 😀",
    transport=Transport.UDP,
    enabled=False,
    transcribe=False,
    language="de",
    keywords=(
        Rule("sos", "SOS", ("help", "hilfe"), Match.FUZZY, 80.0, ("no help",), 0.5, 30.0, ("ann",), early=True),
        Rule("any", "any", (r"\bfire\b",), Match.REGEX),
    ),
    store=StorePolicy.KEYWORDS,
    retain_days=0.5,
    recording=Recording(RecordingMode.KEYWORD, 3.0, 10**12, 5.0, 15.0),
)


async def load(database):
    async with database.read() as connection:
        return await streams.load_streams(connection)


async def save(database, *configured):
    async with database.write() as connection:
        for each in configured:
            await streams.save_stream(connection, each)


async def test_every_field_comes_back(database):
    await save(database, stream("door"), FULL)
    assert await load(database) == [stream("door"), FULL]


async def test_saving_again_replaces(database):
    await save(database, stream("door"), stream("door", name="Front door"))
    assert await load(database) == [stream("door", name="Front door")]


async def test_a_field_that_an_older_version_did_not_write_has_its_default(database):
    document = stream_to_document(FULL)
    del document["retain_days"], document["recording"]["pre_s"], document["keywords"][0]["early"]
    loaded = stream_from_document(document)
    assert (loaded.retain_days, loaded.recording.pre_s, loaded.keywords[0].early) == (None, 10.0, False)


async def test_a_deleted_stream_takes_its_errors_along(database):
    await save(database, stream("door"))
    async with database.write() as connection:
        await streams.add_error(connection, "door", StreamError("eof", "Gone.", MORNING))
        await streams.delete_stream(connection, "door")
        await streams.delete_stream(connection, "door")
    await save(database, stream("door"))
    assert await load(database) == [stream("door")]
    async with database.read() as connection:
        assert await streams.list_errors(connection, "door") == []


async def test_the_last_hundred_errors_newest_first(database):
    await save(database, stream("door"), stream("pool"))
    async with database.write() as connection:
        await streams.add_error(connection, "pool", StreamError("eof", "Other.", MORNING))
        for number in range(105):
            error = StreamError("stalled", f"Number {number}.", MORNING + timedelta(seconds=number))
            await streams.add_error(connection, "door", error)
    async with database.read() as connection:
        errors = await streams.list_errors(connection, "door")
        assert len(await streams.list_errors(connection, "pool")) == 1
    assert [error.message for error in errors] == [f"Number {number}." for number in range(104, 4, -1)]
    assert errors[0].at == at(104)


async def test_recovery_ends_what_was_open_and_only_that(database):
    await save(database, stream("door"), stream("pool"))
    async with database.write() as connection:
        await streams.add_error(connection, "door", StreamError("eof", "First.", at(0)))
        await streams.recover_errors(connection, "door", at(5))
        await streams.add_error(connection, "door", StreamError("eof", "Second.", at(10)))
        await streams.add_error(connection, "pool", StreamError("eof", "Other.", at(10)))
        await streams.recover_errors(connection, "door", at(20))
    async with database.read() as connection:
        assert [error.recovered_at for error in await streams.list_errors(connection, "door")] == [at(20), at(5)]
        assert [error.recovered_at for error in await streams.list_errors(connection, "pool")] == [None]


async def test_an_error_of_a_stream_that_is_gone_is_dropped(database):
    async with database.write() as connection:
        await streams.add_error(connection, "nobody", StreamError("eof", "Gone.", MORNING))
        assert await streams.list_errors(connection, "nobody") == []


@pytest.mark.parametrize("text_of", ["door", "nobody"])
async def test_the_end_of_the_newest_transcript_of_each_stream(database, text_of):
    await save(database, stream("door"), stream("quiet"))
    await keep(database, segment("old", at_s=0), segment("new", at_s=60), segment("mid", at_s=30, stream=text_of))
    async with database.read() as connection:
        assert await streams.last_transcripts(connection) == {"door": at(62)}

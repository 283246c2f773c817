"""A stream whose stored document cannot be read any more costs itself, never the start."""

import pytest

from wallflower_sidecar.store import Database, streams, transcripts

from .heard import Clock, stream

OTHER_TRANSPORT = (
    '{"id":"door","name":"x","url":"x","transport":"carrier pigeon","store":"all","keywords":[],"recording":{}}'
)


@pytest.mark.parametrize("document", ["{bad", '{"id": "door"}', "[]", "null", OTHER_TRANSPORT])
async def test_a_stream_that_cannot_be_read_is_left_out(
    file_database: Database, document: str, caplog: pytest.LogCaptureFixture
) -> None:
    database = file_database
    async with database.write() as connection:
        await streams.save_stream(connection, stream())
        await streams.save_stream(connection, stream("pool"))
        await connection.exec_driver_sql("UPDATE streams SET document = ? WHERE id = 'door'", (document,))
    async with database.read() as connection:
        assert await streams.load_streams(connection) == [stream("pool")]
    assert "Stream door cannot be read" in caplog.text
    async with database.erase() as connection:
        await transcripts.expire(connection, Clock().now())
    async with database.write() as connection:
        await streams.save_stream(connection, stream())
        assert await streams.load_streams(connection) == [stream(), stream("pool")]
        await connection.exec_driver_sql("UPDATE streams SET document = ? WHERE id = 'door'", (document,))
        await streams.delete_stream(connection, "door")

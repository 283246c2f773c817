"""Log lines: their two shapes, the request they belong to, and the secrets they keep."""

from collections.abc import Generator
import io
import json
import logging
import sqlite3

import pytest
from sqlalchemy import exc

from wallflower_sidecar.logs import configure_logging, current_request_id, request_marked


@pytest.fixture
def restored() -> Generator[None]:
    root, ours = logging.getLogger(), logging.getLogger("wallflower_sidecar")
    handlers, levels = root.handlers[:], (root.level, ours.level)
    yield
    root.handlers[:] = handlers
    root.setLevel(levels[0])
    ours.setLevel(levels[1])


def written(style: str, level: str = "debug") -> tuple[io.StringIO, logging.Logger]:
    output = io.StringIO()
    configure_logging(level, style, output)  # type: ignore[arg-type]
    return output, logging.getLogger("wallflower_sidecar.somewhere")


pytestmark = pytest.mark.usefixtures("restored")


def test_a_line_of_text_has_time_level_logger_request_and_message() -> None:
    output, log = written("text")
    with request_marked("abc"):
        log.info("hello %s", "world")
    time, rest = output.getvalue().split(" ", 1)
    assert time.endswith("Z")
    assert rest == "INFO    somewhere [abc] hello world\n"


def test_a_line_of_json_says_the_same() -> None:
    output, log = written("json")
    with request_marked("abc"):
        log.warning("hello")
    log.warning("later")
    first, second = (json.loads(line) for line in output.getvalue().splitlines())
    assert (first["level"], first["logger"], first["message"], first["request_id"]) == (
        "warning",
        "somewhere",
        "hello",
        "abc",
    )
    assert "request_id" not in second


async def test_a_task_that_outlives_its_request_loses_its_id() -> None:
    import asyncio  # noqa: PLC0415

    ended = asyncio.Event()

    async def outlive() -> tuple[str | None, str | None]:
        before = current_request_id()
        await ended.wait()
        return before, current_request_id()

    with request_marked("abc"):
        task = asyncio.create_task(outlive())
        await asyncio.sleep(0)
    ended.set()
    assert await task == ("abc", None)


def test_other_libraries_speak_from_warning_on() -> None:
    output, _ = written("text")
    for name in ("aiosqlite", "sqlalchemy.engine.Engine", "alembic", "libav.rtsp", "asyncio", "aiohttp.access"):
        logging.getLogger(name).debug("parameters (secret)")
        logging.getLogger(name).info("SELECT secret")
    assert output.getvalue() == ""


def test_the_level_is_that_of_the_settings() -> None:
    output, log = written("text", "warning")
    log.info("not this")
    log.warning("this")
    assert "not this" not in output.getvalue()
    assert "this" in output.getvalue()


@pytest.mark.parametrize("style", ["text", "json"])
@pytest.mark.parametrize(
    "message",
    [
        "opening rtsp://user:Xyzzy@camera/live failed",
        "opening RTSPS://user:Xyzzy/with@at@camera:322/",
        "header Authorization: Bearer Xyzzy",
        "rtsp://:Xyzzy@camera",
        "cannot open 'rtsp://camera/live?anything=Xyzzy': refused",
        "rtsp://camera/Xyzzy",
        "ws://user:Xyzzy@server/?x=1",
        "ws://server/?token=Xyzzy",
    ],
)
def test_passwords_and_tokens_are_masked(style: str, message: str) -> None:
    output, log = written(style)
    log.error("it said: %s", message)
    try:
        raise ValueError(message)
    except ValueError:
        log.exception("failed")
    assert "Xyzzy" not in output.getvalue()
    assert "***" in output.getvalue()


def test_a_database_error_hides_what_was_written() -> None:
    output, log = written("text")
    secret = "Xyz" + "zy"
    try:
        try:
            raise exc.IntegrityError("INSERT INTO t VALUES (?)", (secret,), sqlite3.IntegrityError("UNIQUE failed"))
        except exc.IntegrityError as error:
            raise RuntimeError("while saving") from error
    except RuntimeError:
        log.exception("failed")
    try:
        raise sqlite3.OperationalError(f'fts5: syntax error near "{secret}"')
    except sqlite3.OperationalError:
        log.exception("failed")
    assert "UNIQUE failed" in output.getvalue()
    assert "Xyzzy" not in output.getvalue()


def test_a_message_is_one_line() -> None:
    output, log = written("text")
    log.info("a\nb\r\x1b[31m\u2028c\ud800")
    assert output.getvalue().count("\n") == 1
    assert "\x1b" not in output.getvalue()

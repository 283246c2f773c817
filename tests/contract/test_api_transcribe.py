"""Files handed over are transcribed and kept nowhere; what is refused is refused before it is sent."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
import socket
import sqlite3

import psutil
import pytest
import pytest_asyncio

from tests.support.children import child_running, children_running
from tests.support.clips import Picture, camera_clip
from tests.support.hearing import words
from tests.support.media import media
from tests.support.ports import free_port
from tests.support.sentences import DOOR, FIRE, SENTENCES
from tests.support.sidecar import TOKEN, Sidecar, sidecar
from tests.support.speech import Track, compose
from tests.support.waiting import eventually
from wallflower_sidecar.api import speech

from .api_client import Api, running_api
from .contract_shapes import Answer

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.timeout(120)]

SAID = (DOOR, FIRE)
START = "1970-01-01T00:00:00.000Z"
SMALL = Picture(width=320, height=180)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("transcribe")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def wallflower(folder: Path) -> AsyncIterator[Sidecar]:
    """A real sidecar with the bundled model, ready."""
    async with sidecar(folder / "data", free_port()) as running:

        async def ready() -> bool:
            health = await running.request("GET", "/health")
            return {check["name"]: check["status"] for check in health["checks"]}["transcriber"] == "ok"

        await eventually(ready, timeout_s=30)
        yield running


@pytest.fixture(scope="module")
def client(wallflower: Sidecar) -> Api:
    return Api(int(wallflower.url.rpartition(":")[2]), token=TOKEN)


@pytest.fixture(scope="module")
def track() -> Track:
    return compose(SAID)


@pytest.fixture(scope="module")
def spoken(folder: Path, track: Track) -> bytes:
    return media(folder / "said.wav", track).read_bytes()


@pytest.fixture(scope="module")
def long(folder: Path) -> bytes:
    """Minutes of speech, which take the recogniser many seconds."""
    return media(folder / "long.mp3", compose(SENTENCES * 8, pause_s=0.8), "-b:a", "32k").read_bytes()


@pytest_asyncio.fixture(autouse=True, loop_scope="module")
async def nothing_is_left(wallflower: Sidecar, folder: Path) -> AsyncIterator[None]:
    """No file, no process, and no place taken."""
    yield
    await eventually(lambda: not files(folder) and not readers(wallflower), timeout_s=15)


def files(folder: Path) -> list[Path]:
    return list((folder / "data" / "uploads").glob("*"))


def readers(wallflower: Sidecar) -> list[psutil.Process]:
    return children_running("capture.files.reader", wallflower.process.pid)


async def post(client: Api, raw: bytes | Iterator[bytes], query: str = "", **headers: str) -> Answer:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return await asyncio.to_thread(client.ask, "POST", f"/transcribe{query}", raw=raw, headers=named)


@contextmanager
def request(client: Api, *headers: str, query: str = "") -> Iterator[socket.socket]:
    """Send a request's head, the body is up to the block."""
    with socket.create_connection(("127.0.0.1", client.port), 30) as link:
        head = [f"POST /api/v1/transcribe{query} HTTP/1.1", "Host: x", f"Authorization: Bearer {client.token}"]
        link.sendall("\r\n".join([*head, *headers, "", ""]).encode())
        yield link


async def status(link: socket.socket) -> int:
    """Read the next status line and the headers after it."""
    read = b""
    while b"\r\n\r\n" not in read:
        data = await asyncio.to_thread(link.recv, 1)
        assert data, f"the server closed after {read!r}"
        read += data
    return int(read.split(b" ")[1])


@pytest.mark.parametrize(
    ("name", "options"),
    [("said.wav", ()), ("said.mp3", ("-ar", "44100", "-ac", "2")), ("said.m4a", ("-c:a", "aac", "-b:a", "48k"))],
)
async def test_what_is_said_in_a_file_is_answered(
    client: Api, tmp_path: Path, track: Track, name: str, options: tuple[str, ...]
) -> None:
    answer = await post(client, media(tmp_path / name, track, *options).read_bytes())
    assert answer.status == 200, answer
    items = answer.document["items"]
    assert [words(item["text"]) for item in items] == [words(sentence) for sentence in SAID]
    for item, sentence in zip(items, track.sentences, strict=True):
        assert (item["id"], item["stream"], item["source"], item["speaker"]) == (None, "file", "file", None)
        assert since(item["start"], START) == pytest.approx(sentence.start_s, abs=0.3)
        assert since(item["end"], START) == pytest.approx(sentence.end_s, abs=0.3)
        assert [words(word["word"]) for word in item["words"]] == [[word] for word in words(sentence.text)]


async def test_the_sound_of_a_video_counts_from_the_time_given(client: Api, track: Track) -> None:
    start = "2026-11-22T07:20:42.125Z"
    answer = await post(client, camera_clip(track, SMALL).read_bytes(), f"?start={start}&language=en")
    items = answer.document["items"]
    assert [words(item["text"]) for item in items] == [words(sentence) for sentence in SAID]
    assert since(items[1]["start"], start) == pytest.approx(track.sentences[1].start_s, abs=0.3)


async def test_a_body_of_unknown_length_is_taken_in(client: Api, spoken: bytes) -> None:
    answer = await post(client, (spoken[at : at + 10_000] for at in range(0, len(spoken), 10_000)))
    assert len(answer.document["items"]) == len(SAID)


async def test_nothing_of_it_is_stored_or_told(client: Api, folder: Path, spoken: bytes) -> None:
    assert (await post(client, spoken)).status == 200
    with sqlite3.connect(f"file:{folder}/data/wallflower.db?mode=ro", uri=True) as connection:
        stored = [connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0] for table in ("segments", "hits")]
        told = {kind for (kind,) in connection.execute("SELECT DISTINCT type FROM events")}
    connection.close()
    assert stored == [0, 0]
    assert told <= {"server.changed"}


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(b"Dear sidecar, what do I say here?", id="text"),
        pytest.param(b"\x1a\x45\xdf\xa3" + bytes(5000), id="the beginning of a video"),
    ],
)
async def test_a_body_that_holds_no_sound_is_invalid(client: Api, content: bytes) -> None:
    answer = await post(client, content)
    assert (answer.status, answer.paths) == (422, ["body"])


async def test_a_video_without_sound_is_invalid(client: Api) -> None:
    answer = await post(client, camera_clip(None, SMALL).read_bytes())
    assert (answer.status, answer.paths) == (422, ["body"])
    assert "no sound" in answer.document["detail"]


async def test_a_form_is_told_what_to_send(client: Api, spoken: bytes) -> None:
    answer = await post(client, spoken, Content_Type="multipart/form-data; boundary=x")
    assert (answer.status, answer.paths) == (422, ["body"])
    assert "not a form" in answer.document["detail"]


@pytest.mark.parametrize(
    ("query", "named"),
    [
        ("?language=klingon", ["language"]),
        ("?language=", ["language"]),
        ("?start=yesterday", ["start"]),
        ("?start=9999-12-31T00:00:00Z", ["start"]),
        ("?language=xx&model=large", ["language", "model"]),
    ],
)
async def test_bad_parameters_are_refused_before_the_body_is_sent(client: Api, query: str, named: list[str]) -> None:
    with request(client, "Expect: 100-continue", "Content-Length: 1000", query=query) as link:
        assert await status(link) == 422
    assert (await post(client, b"", query)).paths == named


async def test_a_client_that_waits_to_be_invited_is(client: Api, spoken: bytes) -> None:
    with request(client, "Expect: 100-continue", f"Content-Length: {len(spoken)}") as link:
        assert await status(link) == 100
        await asyncio.to_thread(link.sendall, spoken)
        assert await status(link) == 200


async def test_an_expectation_that_nobody_knows_is_refused(client: Api) -> None:
    with request(client, "Expect: a miracle", "Content-Length: 1000") as link:
        assert await status(link) == 417


@pytest.mark.parametrize("expect", [("Expect: 100-continue",), ()])
async def test_more_than_200_mb_is_refused_by_its_announcement(client: Api, expect: tuple[str, ...]) -> None:
    with request(client, *expect, "Content-Length: 200000001") as link:
        assert await status(link) == 413


async def test_more_than_200_mb_of_unknown_length_is_cut_off(client: Api, wallflower: Sidecar) -> None:
    block = bytes(1_000_000)
    before = psutil.Process(wallflower.process.pid).memory_info().rss
    grown = 0

    def blocks() -> Iterator[bytes]:
        nonlocal grown
        for _ in range(201):
            yield block
            grown = max(grown, psutil.Process(wallflower.process.pid).memory_info().rss - before)

    answer = await post(client, blocks())
    assert (answer.status, answer.code) == (413, "too_large")
    assert grown < 50_000_000, "it is never all in memory"


async def test_a_third_file_at_once_has_to_wait(client: Api, folder: Path, spoken: bytes) -> None:
    half = len(spoken) // 2
    with (
        request(client, f"Content-Length: {len(spoken)}") as first,
        request(client, f"Content-Length: {len(spoken)}") as second,
    ):
        for link in (first, second):
            await asyncio.to_thread(link.sendall, spoken[:half])
        await eventually(lambda: len(files(folder)) == 2)
        answer = await post(client, spoken)
        assert (answer.status, answer.code) == (429, "rate_limited")
        assert int(answer.headers["Retry-After"]) > 0
        for link in (first, second):
            await asyncio.to_thread(link.sendall, spoken[half:])
            assert await status(link) == 200
    assert (await post(client, spoken)).status == 200


async def test_a_client_that_leaves_while_it_sends_leaves_nothing(client: Api, folder: Path, spoken: bytes) -> None:
    for _ in range(3):
        with request(client, f"Content-Length: {len(spoken)}") as link:
            await asyncio.to_thread(link.sendall, spoken[: len(spoken) // 2])
            await eventually(lambda: files(folder))
    await eventually(lambda: not files(folder))
    assert (await post(client, spoken)).status == 200


async def test_a_client_that_leaves_while_it_waits_ends_the_work(
    client: Api, wallflower: Sidecar, folder: Path, long: bytes, spoken: bytes
) -> None:
    for _ in range(2):
        with request(client, f"Content-Length: {len(long)}") as link:
            await asyncio.to_thread(link.sendall, long)
            await eventually(lambda: readers(wallflower), timeout_s=20)
    await eventually(lambda: not readers(wallflower) and not files(folder), timeout_s=10)
    assert (await post(client, spoken)).status == 200


async def test_others_are_answered_while_a_file_is_transcribed(client: Api, wallflower: Sidecar, long: bytes) -> None:
    with request(client, f"Content-Length: {len(long)}") as link:
        await asyncio.to_thread(link.sendall, long)
        await eventually(lambda: readers(wallflower), timeout_s=20)
        for path in ("/info", "/streams", "/transcripts"):
            assert (await asyncio.to_thread(client.ask, "GET", path)).status == 200
        assert readers(wallflower)


async def test_only_clients_and_admins_may(client: Api, spoken: bytes) -> None:
    made = await asyncio.to_thread(client.ask, "POST", "/tokens", {"name": "looks on", "role": "viewer"})
    viewer = client.as_holder_of(made.document["token"])
    assert (await post(viewer, spoken)).status == 403
    assert (await asyncio.to_thread(viewer.ask, "POST", "/transcriber/restart")).status == 403
    with request(client.as_holder_of("wrong"), "Expect: 100-continue", "Content-Length: 1000") as link:
        assert await status(link) == 401


async def test_a_restart_brings_another_engine(client: Api, wallflower: Sidecar, spoken: bytes) -> None:
    def engine() -> psutil.Process | None:
        return child_running("speech.embedded.engine", wallflower.process.pid)

    before = engine()
    assert before is not None
    answer = await asyncio.to_thread(client.ask, "POST", "/transcriber/restart")
    assert answer.status == 202
    assert answer.document["engine"] == "embedded"
    await eventually(lambda: (now := engine()) is not None and now.pid != before.pid, timeout_s=15)
    assert not before.is_running()
    assert len((await post(client, spoken)).document["items"]) == len(SAID), "it waits for the new engine"


async def test_without_a_recogniser_it_is_unavailable_before_the_body_is_sent(tmp_path: Path, spoken: bytes) -> None:
    with running_api(tmp_path) as (here, background):
        await eventually(lambda: background.service.transcriber().state == "no_model", timeout_s=30)
        answer = await post(here, spoken)
        assert (answer.status, answer.code) == (503, "unavailable")
        assert "model" in answer.document["detail"].lower()
        with request(here, "Expect: 100-continue", "Content-Length: 1000") as link:
            assert await status(link) == 503


async def test_a_body_that_stops_arriving_is_given_up(
    tmp_path: Path, spoken: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(speech, "IDLE_S", 0.2)
    with running_api(tmp_path, model="") as (here, _), request(here, "Content-Length: 1000") as link:
        await asyncio.to_thread(link.sendall, spoken[:500])
        assert await status(link) == 422
        assert not list((tmp_path / "uploads").glob("*"))


async def test_the_answer_to_a_long_file_keeps_the_link_alive(
    tmp_path: Path, spoken: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(speech, "QUIET_S", 0.0)
    with running_api(tmp_path, model="") as (here, _):
        answer = await post(here, spoken)
    assert answer.raw.startswith(b" "), "spaces came first"
    assert len(answer.document["items"]) == len(SAID)


async def test_an_answer_that_cannot_be_finished_is_cut_off(
    tmp_path: Path, long: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(speech, "QUIET_S", 0.0)
    with running_api(tmp_path, model="") as (here, _), request(here, f"Content-Length: {len(long)}") as link:
        await asyncio.to_thread(link.sendall, long)
        assert await status(link) == 200
        (await eventually(lambda: child_running("capture.files.reader"))).kill()
        rest = await asyncio.to_thread(lambda: b"".join(iter(lambda: link.recv(65536), b"")))
    assert b"items" not in rest
    assert not rest.endswith(b"0\r\n\r\n"), "the end of a whole answer"
    assert not list((tmp_path / "uploads").glob("*"))


def since(moment: str, start: str) -> float:
    """Seconds from one time to another."""
    between: timedelta = datetime.fromisoformat(moment) - datetime.fromisoformat(start)
    return between.total_seconds()

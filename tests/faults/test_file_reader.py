"""Hostile files, a reader that dies, a full disk, a sidecar that is killed: nothing hangs and nothing is left."""

import asyncio
from contextlib import aclosing, suppress
import logging
import os
from pathlib import Path
import signal
import struct

import aiohttp
import psutil
import pytest

from tests.support.children import child_running
from tests.support.full_disk import full_disk
from tests.support.leaks import no_leaks
from tests.support.media import media, write_wave
from tests.support.ports import free_port
from tests.support.sentences import DOOR, FIRE, SENTENCES
from tests.support.sidecar import TOKEN, Sidecar, sidecar
from tests.support.speech import Track, compose
from tests.support.waiting import eventually
from wallflower_sidecar.capture.files.media_file import FilePiece, MediaFileError, media_file
from wallflower_sidecar.domain.clock import SystemClock

pytestmark = [pytest.mark.faults, pytest.mark.timeout(120)]


@pytest.fixture(autouse=True)
def nothing_left():
    with no_leaks():
        yield


@pytest.fixture(scope="module")
def track() -> Track:
    return compose([DOOR, FIRE])


@pytest.fixture(scope="module")
def spoken(track: Track, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_wave(tmp_path_factory.mktemp("files") / "said.wav", track.samples)


async def all_of(path: Path, *, stuck_s: float = 30.0) -> list[FilePiece]:
    async with media_file(path, clock=SystemClock(), stuck_s=stuck_s) as pieces:
        return [piece async for piece in pieces]


def reader(parent: int | None = None) -> psutil.Process | None:
    return child_running("capture.files.reader", parent)


async def test_a_reader_that_gets_nowhere_is_ended(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "endless.wav")
    with pytest.raises(MediaFileError, match="no sound was found"):
        await all_of(tmp_path / "endless.wav", stuck_s=2.0)


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSEGV])
async def test_a_reader_that_dies_is_a_sentence(spoken: Path, number: signal.Signals) -> None:
    async with media_file(spoken, clock=SystemClock()) as pieces:
        assert await anext(pieces)
        reader().send_signal(number)
        with pytest.raises(MediaFileError, match=number.name):
            await anext(pieces)


async def test_a_reader_that_is_frozen_is_ended(spoken: Path) -> None:
    async with media_file(spoken, clock=SystemClock()) as pieces:
        assert await anext(pieces)
        reader().suspend()
        with pytest.raises(MediaFileError, match="no heartbeat"):
            await anext(pieces)


async def test_who_stops_listening_ends_the_reader(spoken: Path) -> None:
    async with media_file(spoken, clock=SystemClock()) as pieces, aclosing(pieces):
        assert await anext(pieces)
        process = reader()
    assert not process.is_running()


async def test_who_is_cancelled_ends_the_reader(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "endless.wav")
    reading = asyncio.create_task(all_of(tmp_path / "endless.wav"))
    process = await eventually(reader, timeout_s=20)
    reading.cancel()
    with pytest.raises(asyncio.CancelledError):
        await reading
    assert not process.is_running()


async def test_it_never_reads_ahead_of_who_listens(tmp_path: Path) -> None:
    path = media(tmp_path / "long.wav", compose(SENTENCES, pause_s=1.0))
    async with media_file(path, clock=SystemClock()) as pieces:
        first = await anext(pieces)
        process = reader()
        await eventually(lambda: process.status() == psutil.STATUS_SLEEPING, timeout_s=20)
        opened = next(each for each in process.open_files() if each.path == str(path))
        assert first.read_s < 5
        assert opened.position < path.stat().st_size / 2
        rest = [piece async for piece in pieces]
    assert sum(len(piece.utterances) for piece in [first, *rest]) == len(SENTENCES)


async def test_a_file_that_asks_for_all_memory_gets_what_it_may(tmp_path: Path, track: Track) -> None:
    path = media(tmp_path / "said.m4a", track, "-c:a", "aac")
    raw = bytearray(path.read_bytes())
    sizes = raw.index(b"stsz") + 4
    count = struct.unpack_from(">I", raw, sizes + 8)[0]
    struct.pack_into(">I", raw, sizes + 12 + 4 * (count * 2 // 3), 450_000_000)
    path.write_bytes(raw)
    os.truncate(path, 3 << 30)  # takes no room on the disk
    reading = asyncio.create_task(all_of(path))
    process = await eventually(lambda: reading.done() or reader(), timeout_s=20)
    most = 0
    while not reading.done():
        with suppress(psutil.NoSuchProcess):
            most = max(most, process.memory_info().rss)
        await asyncio.sleep(0)
    heard = [utterance for piece in reading.result() for utterance in piece.utterances]
    assert len(heard) >= 1, "what came before it"
    assert 0 < most < 400_000_000


async def test_what_a_file_says_of_itself_is_in_no_log(
    tmp_path: Path, track: Track, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    path = media(tmp_path / "tellnobody.mp3", track, "-metadata", "title=tellnobody")
    raw = bytearray(path.read_bytes())
    raw[len(raw) // 2 :: 7] = b"\xff" * len(raw[len(raw) // 2 :: 7])
    path.write_bytes(raw)
    await all_of(path)
    path.write_bytes(b"tellnobody" * 1000)
    with pytest.raises(MediaFileError) as error:
        await all_of(path)
    assert "tellnobody" not in caplog.text + str(error.value)
    assert not [record for record in caplog.records if record.name.startswith("libav")], "libav complains of damage"


async def test_a_killed_sidecar_leaves_no_reader_and_its_next_run_no_file(tmp_path: Path) -> None:
    long = media(tmp_path / "long.mp3", compose(SENTENCES * 4, pause_s=0.8)).read_bytes()
    async with sidecar(tmp_path / "data", free_port()) as server:
        sending = asyncio.create_task(hand_over(server, long))
        process = await eventually(lambda: reader(server.process.pid), timeout_s=30)
        server.process.kill()
        await eventually(lambda: not process.is_running(), timeout_s=5)
        with pytest.raises(aiohttp.ClientError):
            await sending
    assert uploads(tmp_path)
    async with sidecar(tmp_path / "data", free_port()):
        assert not uploads(tmp_path)


async def test_a_stop_in_the_middle_of_a_file_is_in_time_and_leaves_nothing(tmp_path: Path) -> None:
    long = media(tmp_path / "long.mp3", compose(SENTENCES * 4, pause_s=0.8)).read_bytes()
    async with sidecar(tmp_path / "data", free_port()) as server:
        sending = asyncio.create_task(hand_over(server, long))
        await eventually(lambda: reader(server.process.pid), timeout_s=30)
        server.process.process.terminate()
        assert await server.process.ended(10) == 0, server.process.lines
        await asyncio.gather(sending, return_exceptions=True)
    assert not uploads(tmp_path)
    assert not any("Traceback" in line for line in server.process.lines)


async def test_a_reader_that_dies_is_told_to_the_client(tmp_path: Path) -> None:
    long = media(tmp_path / "long.mp3", compose(SENTENCES * 4, pause_s=0.8)).read_bytes()
    async with sidecar(tmp_path / "data", free_port()) as server:
        sending = asyncio.create_task(hand_over(server, long))
        (await eventually(lambda: reader(server.process.pid), timeout_s=30)).kill()
        code, document = await sending
        assert (code, document["errors"][0]["path"]) == (422, "body")
        assert not uploads(tmp_path)


async def test_a_full_disk_is_told_to_the_client_and_heals(tmp_path: Path, spoken: Path) -> None:
    async with sidecar(tmp_path / "data", free_port()) as server:
        with full_disk(server):
            code, document = await hand_over(server, spoken.read_bytes())
            assert (code, document["code"]) == (503, "unavailable")
            assert "no room" in document["detail"]
            assert not uploads(tmp_path)
        code, document = await hand_over(server, spoken.read_bytes())
        assert (code, len(document["items"])) == (200, 2)


def uploads(folder: Path) -> list[Path]:
    return list((folder / "data" / "uploads").glob("*"))


async def hand_over(server: Sidecar, content: bytes) -> tuple[int, dict[str, object]]:
    """Have a file transcribed; returns status and document."""
    headers = {"Authorization": f"Bearer {TOKEN}"}
    async with (
        aiohttp.ClientSession(headers=headers) as session,
        session.post(f"{server.url}/api/v1/transcribe", data=content) as answer,
    ):
        return answer.status, await answer.json(content_type=None)

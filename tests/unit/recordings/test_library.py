"""The recordings folder: what is ours in it, what is not, and a folder that is not there."""

from pathlib import Path

import pytest

from tests.support.mounts import breakable_disk
from tests.support.recorded import at, write_part, write_recording
from wallflower_sidecar.domain.recordings import MARKER, RecordingName
from wallflower_sidecar.domain.transcripts import new_id
from wallflower_sidecar.recordings.library import FolderState, Library


@pytest.fixture
def library(tmp_path: Path) -> Library:
    library = Library(tmp_path / "recordings")
    library.create()
    return library


def test_a_folder_is_private_and_marked(library):
    assert library.root.stat().st_mode & 0o777 == 0o700
    assert (library.root / MARKER).stat().st_mode & 0o777 == 0o600
    assert library.look().state is FolderState.READY
    assert library.look().total > library.look().free > 0


def test_a_folder_without_its_marker_is_missing_and_nothing_is_done_in_it(library):
    saved = write_recording(library.root)
    (library.root / MARKER).unlink()

    assert library.look().state is FolderState.MISSING
    for act in (
        library.folders,
        lambda: library.files("porch/2026-11-22"),
        library.parts,
        lambda: library.begin(RecordingName("porch", at(0))),
        lambda: library.paths_of("porch"),
    ):
        with pytest.raises(FileNotFoundError):
            act()
    assert saved.path.exists()


def test_a_root_that_is_a_file_or_gone_is_missing(tmp_path):
    (tmp_path / "file").touch()
    assert Library(tmp_path / "file").look().state is FolderState.MISSING
    assert Library(tmp_path / "none").look().state is FolderState.MISSING


def test_a_disk_that_broke_in_mid_write_can_only_be_read(tmp_path):
    with breakable_disk(tmp_path / "disk", tmp_path / "image") as break_disk:
        library = Library(tmp_path / "disk" / "recordings")
        library.create()
        assert library.look().state is FolderState.READY
        break_disk()
        assert library.look().state is FolderState.READ_ONLY


def test_only_what_the_grammar_knows_is_listed(library, tmp_path):
    finished = write_recording(library.root)
    clip = write_recording(library.root, 10, clip=new_id())
    part = write_part(library.root, b"x", 60)
    folder = finished.path.parent
    (folder / "notes.txt").touch()
    (folder / "20261122T000000.000Z_1.mp4").symlink_to("/etc/hostname")
    (folder / "20261122T000001.000Z_1.mp4").mkdir()
    elsewhere = write_recording(tmp_path / "elsewhere", stream="far")
    (library.root / "linked").symlink_to(elsewhere.path.parent.parent)
    (library.root / "porch" / "2026-11-20").symlink_to(elsewhere.path.parent)
    (library.root / "porch" / "not-a-day").mkdir()

    assert library.folders() == ["porch/2026-11-22", "porch/clips"]
    found = [file for folder in library.folders() for file in library.files(folder)]
    assert {library.root / file.path for file in found} == {finished.path, clip.path, part}
    assert [library.root / file.path for file in library.parts()] == [part]


def test_a_folder_that_is_gone_is_empty(library):
    assert library.files("porch/2026-11-22") == []


@pytest.mark.parametrize("path", ["../../etc/passwd", "/etc/passwd", "porch/../../x", "porch", ""])
def test_no_other_place_is_ever_located(library, path):
    with pytest.raises(ValueError, match="no place"):
        library.locate(path)
    with pytest.raises(ValueError, match="no place"):
        library.remove([path])


def test_removing_takes_empty_folders_along_and_counts_what_was_gone_before(library):
    one, two = write_recording(library.root), write_recording(library.root, 60)
    paths = [str(each.path.relative_to(library.root)) for each in (one, two)]
    one.path.unlink()

    assert library.remove(paths[:1]).gone == paths[:1]
    assert two.path.exists()
    assert library.remove(paths[1:]).gone == paths[1:]
    assert list(library.root.iterdir()) == [library.root / MARKER]


def test_one_file_that_cannot_be_removed_keeps_no_other(library):
    stuck, free = write_recording(library.root), write_recording(library.root, 60)
    stuck.path.unlink()
    stuck.path.mkdir()
    paths = [str(each.path.relative_to(library.root)) for each in (stuck, free)]
    removal = library.remove(paths)
    assert removal.gone == paths[1:]
    assert isinstance(removal.fault, IsADirectoryError)


def test_a_folder_with_something_else_in_it_stays(library):
    saved = write_recording(library.root)
    (saved.path.parent / "notes.txt").touch()
    library.remove([str(saved.path.relative_to(library.root))])
    assert list(saved.path.parent.iterdir()) == [saved.path.parent / "notes.txt"]


def test_all_of_a_stream_goes_and_nothing_of_its_neighbour(library):
    write_recording(library.root)
    write_part(library.root, b"x", 60)
    write_recording(library.root, clip=new_id())
    neighbour = write_recording(library.root, stream="porch-2")

    assert len(library.remove(library.paths_of("porch")).gone) == 3
    assert not (library.root / "porch").exists()
    assert neighbour.path.exists()


def test_a_file_is_begun_and_finished_under_its_names(library):
    name = RecordingName("porch", at(0), clip=new_id())
    path = library.begin(name)
    path.write_bytes(b"abc")
    saved = library.finish(name, at(12))
    assert saved.path == library.root / name.finished(at(12)).path
    assert (saved.bytes, saved.path.read_bytes(), path.exists()) == (3, b"abc", False)
    assert library.name_of(saved.path) == name.finished(at(12))
    assert library.name_of(Path("/etc/passwd")) is None

"""`wallflower search`, `export`, `backup` and `restore` on a database of the data folder."""

import asyncio
import json
import os
from pathlib import Path

import pytest

from tests.unit.store.heard import Clock, keep, segment, stream
from wallflower_sidecar.settings import load_settings
from wallflower_sidecar.store import Database
from wallflower_sidecar.store.streams import save_stream

from .conftest import Run

SAID = (segment("The parcel is at the door", at_s=0), segment("Empty parcel", at_s=60, stream="pool"))


@pytest.fixture
def heard(data_dir: Path) -> Path:
    async def fill() -> None:
        settings = load_settings({"WALLFLOWER_DATA_DIR": str(data_dir)}).settings
        database = await Database.open(settings.sqlite_path, clock=Clock())
        async with database.write() as connection:
            await save_stream(connection, stream("door", name="Front door"))
        await keep(database, *SAID)
        await database.close()

    asyncio.run(fill())
    return data_dir


@pytest.mark.usefixtures("heard")
def test_search_prints_a_line_for_each_sentence(run: Run) -> None:
    result = run("search", "parcel", "door")
    assert result.exit_code == 0
    assert result.stdout.endswith("  door  The parcel is at the door\n")
    assert run("search", "--", "parcel", "-empty").stdout == result.stdout


@pytest.mark.usefixtures("heard")
def test_search_for_programs_is_the_api_s_answer(run: Run) -> None:
    document = json.loads(run("search", "--json", "--limit", "1", "parcel").stdout)
    assert len(document["items"]) == 1
    assert "<mark>" in document["items"][0]["highlight"]
    assert document["next"]


@pytest.mark.usefixtures("heard")
@pytest.mark.parametrize(
    ("arguments", "exit_code", "sentence"),
    [
        (["nothing"], 1, "Nothing was found."),
        (["--stream", "never-was"], 1, "There is no stream never-was."),
        (["--from", "someday"], 2, "is no time"),
        (["--limit", "0"], 2, "--limit"),
        (["--from", "2026-11-22T07:21:00Z", "door"], 1, "Nothing was found."),
    ],
)
def test_search_says_what_is_wrong(run: Run, arguments: list[str], exit_code: int, sentence: str) -> None:
    result = run("search", *arguments)
    assert result.exit_code == exit_code
    assert sentence in result.stderr
    assert "Traceback" not in result.output


@pytest.mark.parametrize("command", ["search", "export"])
def test_a_folder_where_nothing_was_heard_is_not_made(run: Run, data_dir: Path, command: str) -> None:
    result = run(command)
    assert result.exit_code == 1
    assert "There is no database in" in result.stderr
    assert not data_dir.exists()


@pytest.mark.usefixtures("heard")
def test_export_prints_all_streams_with_names(run: Run) -> None:
    assert run("export").stdout.splitlines() == [
        "2026-11-22 07:20:42Z  Front door: The parcel is at the door",
        "2026-11-22 07:21:42Z  pool: Empty parcel",
    ]


@pytest.mark.usefixtures("heard")
def test_export_writes_a_whole_file_or_leaves_what_was_there(run: Run, tmp_path: Path) -> None:
    output = tmp_path / "said.srt"
    assert run("export", "--format", "srt", "--stream", "door", "--output", str(output)).exit_code == 0
    assert output.read_text() == "1\n00:00:00,000 --> 00:00:02,000\nThe parcel is at the door\n"
    result = run("export", "--stream", "never-was", "--output", str(output))
    assert (result.exit_code, result.stderr) == (1, "Error: There is no stream never-was.\n")
    assert output.read_text().startswith("1\n")
    assert [path.name for path in tmp_path.iterdir() if path.suffix == ".part"] == []


@pytest.mark.usefixtures("heard")
def test_export_takes_the_place_of_no_pipe_device_or_link(run: Run, tmp_path: Path) -> None:
    pipe, link, target = tmp_path / "pipe", tmp_path / "link", tmp_path / "target.txt"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    try:
        assert run("export", "--stream", "door", "--output", str(pipe)).exit_code == 0
        assert pipe.is_fifo()
        assert b"parcel" in os.read(reader, 1_000)
    finally:
        os.close(reader)
    link.symlink_to(target)
    assert run("export", "--stream", "door", "--output", str(link)).exit_code == 0
    assert link.is_symlink()
    assert "parcel" in target.read_text()


@pytest.mark.parametrize("command", ["search", "export"])
def test_a_reversed_range_is_refused(run: Run, command: str) -> None:
    result = run(command, "--from", "2026-11-23", "--to", "2026-11-22")
    assert (result.exit_code, "--to lies before --from" in result.stderr) == (2, True)


@pytest.mark.usefixtures("heard")
def test_a_file_that_cannot_be_written_is_a_sentence(run: Run, tmp_path: Path) -> None:
    result = run("export", "--output", str(tmp_path / "no-folder" / "said.txt"))
    assert result.exit_code == 1
    assert "No such file or directory." in result.stderr


@pytest.mark.usefixtures("heard")
def test_a_backup_is_put_back(run: Run, data_dir: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy.db"
    made = run("backup", str(copy))
    assert made.exit_code == 0
    assert "1 cameras, 2 sentences" in made.stdout
    back = run("restore", str(copy))
    assert back.stdout.startswith("Restored: 1 cameras, 2 sentences.\nWhat was there before is ")
    assert [path.name for path in data_dir.iterdir() if "replaced" in path.name]


@pytest.mark.usefixtures("heard")
def test_backup_and_restore_for_programs(run: Run, tmp_path: Path) -> None:
    copy = tmp_path / "copy.db"
    made = json.loads(run("backup", "--json", str(copy)).stdout)
    assert made == {"file": str(copy), "bytes": copy.stat().st_size, "streams": 1, "segments": 2}
    back = json.loads(run("restore", "--json", str(copy)).stdout)
    assert (back["streams"], back["segments"]) == (1, 2)
    assert Path(back["replaced"]).is_file()


@pytest.mark.usefixtures("heard")
@pytest.mark.parametrize(
    ("arguments", "sentence"), [(["backup"], "is there already"), (["restore"], "damaged, or no database")]
)
def test_a_backup_that_cannot_be_is_a_sentence(run: Run, tmp_path: Path, arguments: list[str], sentence: str) -> None:
    (tmp_path / "copy.db").write_text("something else" * 1_000)
    result = run(*arguments, str(tmp_path / "copy.db"))
    assert result.exit_code == 1
    assert sentence in result.stderr
    assert "Traceback" not in result.output

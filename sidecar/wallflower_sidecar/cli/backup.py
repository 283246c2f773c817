"""`wallflower backup` and `wallflower restore`: the database as one file, and back."""

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from .common import debug_option, json_option, print_json, settings_of_environment, to_watcher
from .database import require_database, require_file

if TYPE_CHECKING:
    from ..store.backup import Contents


@click.command()
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@json_option
@debug_option
def backup(file: Path, *, as_json: bool) -> None:
    """Copy the database into a new FILE, while the sidecar runs or not.

    It holds cameras with their passwords, tokens, transcripts and hits: only you can read the file. Recordings are
    files of their own.
    """
    from rich.progress import Progress

    from ..store.backup import back_up

    path = require_database(settings_of_environment())
    console = to_watcher()
    with Progress(console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task("Copying", total=1.0)
        contents = back_up(path, file, lambda done: bar.update(task, completed=done))
    if as_json:
        print_json(
            {
                "file": str(file),
                "bytes": file.stat().st_size,
                "streams": contents.streams,
                "segments": contents.segments,
            }
        )
        return
    click.echo(f"{file}: {_described(contents)}, {file.stat().st_size / 1_000_000:.1f} MB.")


@click.command()
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@json_option
@debug_option
def restore(file: Path, *, as_json: bool) -> None:
    """Put the copy FILE in the database's place, while the sidecar is stopped.

    What was there is kept beside it; restore that file to go back. Recordings on the disk are found again at the next
    start.
    """
    from ..store.backup import look_into, restore as put_back

    settings = settings_of_environment()
    require_file(settings)
    with to_watcher().status("Restoring …"):
        contents = look_into(file)
        kept = put_back(file, settings.sqlite_path, datetime.now(UTC))
    if as_json:
        print_json(
            {"streams": contents.streams, "segments": contents.segments, "replaced": str(kept) if kept else None}
        )
        return
    click.echo(f"Restored: {_described(contents)}.")
    if kept:
        click.echo(f"What was there before is {kept}.")


def _described(contents: Contents) -> str:
    return f"{contents.streams} cameras, {contents.segments} sentences"

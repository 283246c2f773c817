"""`wallflower export`: what was said as a file."""

import asyncio
from datetime import datetime
import os
from pathlib import Path
import sys
from typing import TYPE_CHECKING, TextIO

import click

from .common import debug_option, settings_of_environment, to_watcher
from .moments import range_options

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from ..domain.transcripts import Segment
    from ..settings import Settings


@click.command()
@click.option("--format", "kind", type=click.Choice(["json", "txt", "srt", "vtt"]), default="txt", show_default=True)
@click.option("--stream", "streams", multiple=True, help="Of this camera alone (its id); may be given again.")
@range_options
@click.option("--output", type=click.Path(dir_okay=False, path_type=Path), help="Into this file instead of the screen.")
@debug_option
def export(
    kind: str, streams: tuple[str, ...], start: datetime | None, end: datetime | None, output: Path | None
) -> None:
    """Write down what was said, the oldest first, as text, captions or JSON."""
    settings = settings_of_environment()
    if output is None:
        asyncio.run(_export(settings, kind, streams, start, end, sys.stdout))
        return
    if output.exists() and not output.is_file():  # a pipe or a device
        with output.open("w", encoding="utf-8", newline="") as file:
            asyncio.run(_export(settings, kind, streams, start, end, file))
        return
    # Beside its place first: what was there is replaced by a whole file or not at all.
    target = output.resolve()
    part = target.with_name(f"{target.name}.part")
    try:
        with part.open("w", encoding="utf-8", newline="") as file:
            asyncio.run(_export(settings, kind, streams, start, end, file))
        part.replace(target)
    finally:
        part.unlink(missing_ok=True)


async def _export(
    settings: Settings,
    kind: str,
    streams: tuple[str, ...],
    start: datetime | None,
    end: datetime | None,
    file: TextIO,
) -> None:
    from ..domain.export_formats import ExportFormat, render
    from .database import open_archive

    async with open_archive(settings) as archive:
        names = await archive.names() if len(streams) != 1 else None
        segments = _counted(await archive.export(streams=streams, start=start, end=end), file)
        async for text in render(ExportFormat(kind), segments, names):
            file.write(text)
        file.flush()


async def _counted(segments: AsyncIterator[Segment], file: TextIO) -> AsyncIterator[Segment]:
    """Show how far it is, where somebody looks and does not see the text itself."""
    console = to_watcher()
    if not console.is_terminal or os.isatty(file.fileno()):
        async for segment in segments:
            yield segment
        return
    count = 0
    with console.status("Writing …") as status:
        async for segment in segments:
            yield segment
            count += 1
            if count % 1000 == 0:
                status.update(f"Writing … {count} segments, up to {segment.start.astimezone():%Y-%m-%d %H:%M}")
    console.print(f"{count} segments.")

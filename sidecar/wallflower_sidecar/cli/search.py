"""`wallflower search`: what was said, found again."""

import asyncio
from datetime import datetime
from typing import TYPE_CHECKING, Any

import click

from .common import debug_option, json_option, print_json, settings_of_environment, to_person
from .moments import range_options

if TYPE_CHECKING:
    from ..settings import Settings


@click.command()
@click.argument("words", nargs=-1)
@click.option("--stream", help="Of this camera alone (its id).")
@range_options
@click.option("--limit", type=click.IntRange(1, 1000), default=20, show_default=True)
@json_option
@debug_option
def search(
    words: tuple[str, ...],
    stream: str | None,
    start: datetime | None,
    end: datetime | None,
    limit: int,
    *,
    as_json: bool,
) -> None:
    """Find what was said: all WORDS must occur; the newest without any.

    "a phrase" in quotes of its own, prefix*, and after -- also -word for what must not occur:
    wallflower search -- parcel -empty
    """
    settings = settings_of_environment()
    document = asyncio.run(
        _search(settings, q=" ".join(words), streams=[stream] if stream else [], start=start, end=end, limit=limit)
    )
    if as_json:
        print_json(document)
        return
    for item in document["items"]:
        said = datetime.fromisoformat(item["start"]).astimezone()
        to_person().print(f"{said:%Y-%m-%d %H:%M:%S}  {item['stream']}  {item['text']}", markup=False)
    if not document["items"]:
        raise click.ClickException("Nothing was found.")
    if document["next"]:
        click.echo(f"There is more; --limit {min(1000, limit * 10)} shows it.", err=True)


async def _search(settings: Settings, *, q: str, **query: Any) -> dict[str, Any]:
    from ..domain.documents import segment_document
    from .database import open_archive

    async with open_archive(settings) as archive:
        page = await archive.search(q=q.strip() or None, **query)
    return {
        "items": [{**segment_document(found.segment), "highlight": found.highlight} for found in page.items],
        "next": page.next,
    }

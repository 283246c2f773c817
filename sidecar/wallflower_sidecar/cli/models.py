"""`wallflower models`: which speech models there are, fetching and removing them, with or without a server."""

import asyncio
from typing import TYPE_CHECKING, NoReturn

import click

from .common import debug_option, json_option, print_json, settings_of_environment, to_person, to_watcher

if TYPE_CHECKING:
    from ..speech.models.items import ModelItem
    from ..speech.models.library import ModelLibrary

_MB = 1_000_000
_FEW = 3


@click.group()
@debug_option
def models() -> None:
    """List, download and remove speech models.

    WALLFLOWER_MODEL names the one that is used.
    """


@models.command("list")
@json_option
@debug_option
def list_models(*, as_json: bool) -> None:
    """List the models: those that can be downloaded, and what is in the folder of models."""
    from rich.table import Table

    from ..speech.models.items import model_document

    items = _library().items()
    setting = settings_of_environment().model
    if as_json:
        print_json({"items": [model_document(item) for item in items]})
        return
    table = Table("model", "size", "languages", "state", box=None, pad_edge=False)
    table.columns[1].justify = "right"
    for item in items:
        table.add_row(item.name, _size(item.bytes), _languages(item), _state(item, setting))
    to_person().print(table)


@models.command("get")
@click.argument("name")
@json_option
@debug_option
def get_model(name: str, *, as_json: bool) -> None:
    """Download the model NAME; what an earlier try brought is not fetched again. Ctrl-C keeps what has arrived."""
    from ..speech.models.items import model_document
    from .fetching import fetch
    from .signals import run_until_signal

    library = _library()
    item = _item(library, name)
    if item.installed and not _is_damaged(library, item):
        _show_result(model_document(item), f"{name} is here and whole.", as_json=as_json)
        return
    try:
        item = run_until_signal(fetch(library, name))
    except asyncio.CancelledError:
        raise click.ClickException(
            f"Stopped. What has arrived is kept; `wallflower models get {name}` goes on from there."
        ) from None
    if not item.installed:
        raise click.ClickException(item.detail or f"{name} could not be fetched.")
    _show_result(model_document(item), f"{name} is here and whole ({_size(item.bytes)}).", as_json=as_json)


@models.command("remove")
@click.argument("name")
@json_option
@debug_option
def remove_model(name: str, *, as_json: bool) -> None:
    """Remove the model NAME, or the part of it that has arrived."""
    library = _library()
    _item(library, name)
    asyncio.run(_remove(library, name))
    _show_result({"removed": name}, f"{name} is removed.", as_json=as_json)


async def _remove(library: ModelLibrary, name: str) -> None:
    if settings_of_environment().model == name:
        with library.claimed(name):
            await library.remove(name)
    else:
        await library.remove(name)


def _library() -> ModelLibrary:
    from ..domain.clock import SystemClock
    from ..speech.models.library import ModelLibrary

    return ModelLibrary(settings_of_environment().models_dir, SystemClock())


def _item(library: ModelLibrary, name: str) -> ModelItem:
    from ..domain.errors import NotFoundError

    try:
        return library.item(name)
    except NotFoundError as error:
        _refuse(str(error))


def _refuse(sentence: str) -> NoReturn:
    raise click.BadParameter(sentence, param_hint="NAME")


def _is_damaged(library: ModelLibrary, item: ModelItem) -> bool:
    """Whether an installed model's hashes are wrong, which only reading all of it tells; it is noted then."""
    from ..speech.models.find import LocalModel, ModelError, check_model, find_model

    model = find_model(item.name, library.models_dir)
    if not isinstance(model, LocalModel):
        return False
    try:
        check_model(model)
    except ModelError as error:
        if item.bundled:
            raise
        to_watcher().print(str(error))
        library.note_damaged(model, str(error))
        return True
    return False


def _show_result(document: object, sentence: str, *, as_json: bool) -> None:
    if as_json:
        print_json(document)
    else:
        to_person().print(sentence, markup=False)


def _state(item: ModelItem, setting: str | None) -> str:
    words = item.state.value
    if item.bundled:
        words += ", part of the installation"
    if item.name == setting:
        words += ", named by MODEL"
    return f"{words}: {item.detail}" if item.detail else words


def _languages(item: ModelItem) -> str:
    if not item.languages:
        return "unknown"
    return ", ".join(item.languages) if len(item.languages) <= _FEW else f"{len(item.languages)} languages"


def _size(count: int) -> str:
    return f"{count / _MB:,.0f} MB" if count else "-"

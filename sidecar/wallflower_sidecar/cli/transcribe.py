"""`wallflower transcribe`: the sentences of a file, or of a camera as they are spoken."""

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from .common import debug_option, json_option, print_json, settings_of_environment, to_person, to_watcher

if TYPE_CHECKING:
    from ..domain.transcripts import Transcript, Utterance
    from ..settings import Settings


@click.command()
@click.argument("source", metavar="FILE|URL")
@click.option("--language", help="A code such as en; without it WALLFLOWER_LANGUAGE, or detected.")
@click.option("--suppressed", is_flag=True, help="Show what was not believed too, and why.")
@json_option
@debug_option
def transcribe(source: str, language: str | None, *, suppressed: bool, as_json: bool) -> None:
    """Write down what is said in an audio or video FILE, or by the camera at URL until Ctrl-C.

    A file's sentences bear their place in the file, a camera's their time of day.
    """
    from .signals import run_until_signal

    settings = settings_of_environment()
    language = _checked_language(language) or settings.language
    if source == "-" or source.lower().startswith(("rtsp://", "rtsps://")):
        from .live import follow_camera
        from .probe import camera_address
        from .sentences import show_live

        address = camera_address(source)

        def show(utterance: Utterance, transcript: Transcript) -> None:
            show_live(utterance, transcript, suppressed=suppressed, as_json=as_json)

        try:
            run_until_signal(follow_camera(address, settings, language, show))
        except asyncio.CancelledError:
            to_watcher().print("Stopped.")
        return
    path = Path(source)
    if not path.is_file():
        raise click.BadParameter(f"There is no file {source}.", param_hint="FILE|URL")
    try:
        items = run_until_signal(_transcribe_file(path, settings, language, suppressed=suppressed, as_json=as_json))
    except asyncio.CancelledError:
        raise click.ClickException("Stopped before the end of the file.") from None
    if as_json:
        print_json({"items": items})


async def _transcribe_file(
    path: Path, settings: Settings, language: str | None, *, suppressed: bool, as_json: bool
) -> list[dict[str, Any]]:
    from rich.progress import Progress

    from ..capture.files.media_file import MediaFileError, media_file
    from ..domain.clock import SystemClock
    from ..domain.transcripts import Hints
    from ..speech import UtteranceRefusedError
    from .recogniser import recogniser
    from .sentences import in_file, lines, to_show

    items: list[dict[str, Any]] = []
    console = to_watcher()
    with Progress(console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task("Loading the model", total=None)
        async with (
            recogniser(settings, language, lambda done: bar.update(task, completed=done, total=1)) as ready,
            media_file(path, clock=SystemClock()) as pieces,
        ):
            try:
                async for piece in pieces:
                    bar.update(task, description="Transcribing", total=piece.total_s, completed=piece.read_s)
                    for utterance in piece.utterances:
                        try:
                            transcript = await ready.transcribe(utterance, Hints(language))
                        except UtteranceRefusedError:
                            console.print("[yellow]A sentence could not be transcribed.[/]")
                            continue
                        if not to_show(transcript, suppressed=suppressed):
                            continue
                        items.append(in_file(utterance, transcript, suppressed=suppressed))
                        if not as_json:
                            bar.stop()
                            for line in lines(items[-1]):
                                to_person().print(line, markup=False)
                            bar.start()
            except MediaFileError as error:
                raise MediaFileError(f"{path}: {error}") from None
    return items


def _checked_language(language: str | None) -> str | None:
    from ..domain.languages import LANGUAGES

    if language is not None and language not in LANGUAGES:
        raise click.BadParameter(
            "Whisper knows no such language; give a code such as en or de.", param_hint="--language"
        )
    return language

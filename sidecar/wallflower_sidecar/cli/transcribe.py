"""`wallflower transcribe`: the sentences of a file, or of a camera as they are spoken."""

import asyncio
from datetime import datetime
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
@json_option
@debug_option
def transcribe(source: str, language: str | None, *, as_json: bool) -> None:
    """Write down what is said in an audio or video FILE, or by the camera at URL until Ctrl-C.

    A file's sentences bear their place in the file, a camera's their time of day.
    """
    settings = settings_of_environment()
    language = _checked_language(language) or settings.language
    if source == "-" or source.lower().startswith(("rtsp://", "rtsps://")):
        from .live import follow_camera
        from .probe import camera_address

        address = camera_address(source)
        try:
            asyncio.run(follow_camera(address, settings, language, _print_live_json if as_json else _print_live))
        except KeyboardInterrupt:
            to_watcher().print("Stopped.")
        return
    path = Path(source)
    if not path.is_file():
        raise click.BadParameter(f"There is no file {source}.", param_hint="FILE|URL")
    items = asyncio.run(_transcribe_file(path, settings, language, as_json=as_json))
    if as_json:
        print_json({"items": items})


async def _transcribe_file(
    path: Path, settings: Settings, language: str | None, *, as_json: bool
) -> list[dict[str, Any]]:
    from rich.progress import Progress

    from ..domain.transcripts import Hints
    from .media_file import utterances_of
    from .recogniser import recogniser

    items: list[dict[str, Any]] = []
    console = to_watcher()
    with Progress(console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task("Loading the model", total=None)
        async with recogniser(settings, language, lambda done: bar.update(task, completed=done, total=1)) as ready:
            reading = utterances_of(path)
            while (piece := await asyncio.to_thread(next, reading, None)) is not None:
                bar.update(task, description="Transcribing", total=piece.total_s, completed=piece.read_s)
                for utterance in piece.utterances:
                    transcript = await ready.transcribe(utterance, Hints(language))
                    if not transcript.text:
                        continue
                    items.append(_item(utterance, transcript))
                    if not as_json:
                        bar.stop()
                        to_person().print(_line(items[-1]), markup=False)
                        bar.start()
    return items


def _item(utterance: Utterance, transcript: Transcript) -> dict[str, Any]:
    from .media_file import START

    def place(moment: datetime) -> float:
        return round((moment - START).total_seconds(), 3)

    return {
        "start_s": place(utterance.start),
        "end_s": place(utterance.end),
        "text": transcript.text,
        "language": transcript.language,
        "confidence": round(transcript.confidence, 4),
        "words": [
            {
                "word": word.word,
                "start_s": place(word.start),
                "end_s": place(word.end),
                "probability": round(word.probability, 4),
            }
            for word in transcript.words
        ],
    }


def _line(item: dict[str, Any]) -> str:
    return f"{_place(item['start_s'])} - {_place(item['end_s'])}  {item['text']}"


def _place(seconds: float) -> str:
    minutes, rest = divmod(seconds, 60)
    hours, minutes = divmod(int(minutes), 60)
    return f"{hours:02}:{minutes:02}:{rest:06.3f}"


def _print_live(utterance: Utterance, transcript: Transcript) -> None:
    start = utterance.start.astimezone().isoformat(sep=" ", timespec="milliseconds")
    to_person().print(f"{start}  {transcript.text}", markup=False)


def _print_live_json(utterance: Utterance, transcript: Transcript) -> None:
    from ..domain.clock import format_time

    print_json(
        {
            "start": format_time(utterance.start),
            "end": format_time(utterance.end),
            "text": transcript.text,
            "language": transcript.language,
            "confidence": round(transcript.confidence, 4),
        }
    )


def _checked_language(language: str | None) -> str | None:
    from ..domain.languages import LANGUAGES

    if language is not None and language not in LANGUAGES:
        raise click.BadParameter(
            "Whisper knows no such language; give a code such as en or de.", param_hint="--language"
        )
    return language

"""How `wallflower transcribe` shows a sentence: of a file with its place in it, of a camera with its time of day."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from ..capture.files.media_file import START
from ..domain.clock import format_time
from ..domain.transcripts import Transcript, Utterance
from .common import print_json, to_person


def to_show(transcript: Transcript, *, suppressed: bool) -> bool:
    """Whether there is anything to show; `suppressed`: what was not believed counts too."""
    return bool(transcript.text or (suppressed and transcript.suppressed))


def in_file(utterance: Utterance, transcript: Transcript, *, suppressed: bool) -> dict[str, Any]:
    """The JSON of a file's sentence; its times are seconds into the file."""
    return {
        "start_s": _place(utterance.start),
        "end_s": _place(utterance.end),
        **_heard(transcript, suppressed=suppressed),
        "words": [
            {
                "word": word.word,
                "start_s": _place(word.start),
                "end_s": _place(word.end),
                "probability": round(word.probability, 4),
            }
            for word in transcript.words
        ],
    }


def lines(item: dict[str, Any]) -> Iterator[str]:
    """The same for a person."""
    place = f"{_clock(item['start_s'])} - {_clock(item['end_s'])}"
    if item["text"]:
        yield f"{place}  {item['text']}"
    for each in item.get("suppressed", ()):
        yield f"{place}  {_not_believed(each)}"


def show_live(utterance: Utterance, transcript: Transcript, *, suppressed: bool, as_json: bool) -> None:
    """Print a camera's sentence, if there is anything to show."""
    if not to_show(transcript, suppressed=suppressed):
        return
    heard = _heard(transcript, suppressed=suppressed)
    if as_json:
        print_json({"start": format_time(utterance.start), "end": format_time(utterance.end), **heard})
        return
    start = utterance.start.astimezone().isoformat(sep=" ", timespec="milliseconds")
    said = [transcript.text] if transcript.text else []
    for text in [*said, *map(_not_believed, heard.get("suppressed", ()))]:
        to_person().print(f"{start}  {text}", markup=False)


def _heard(transcript: Transcript, *, suppressed: bool) -> dict[str, Any]:
    heard: dict[str, Any] = {
        "text": transcript.text,
        "language": transcript.language,
        "confidence": round(transcript.confidence, 4),
    }
    if suppressed:
        heard["suppressed"] = [{"text": each.text, "reason": str(each.reason)} for each in transcript.suppressed]
    return heard


def _not_believed(each: dict[str, str]) -> str:
    return f"(not believed, {each['reason']}) {each['text']}"


def _place(moment: datetime) -> float:
    return round((moment - START).total_seconds(), 3)


def _clock(seconds: float) -> str:
    minutes, rest = divmod(seconds, 60)
    hours, minutes = divmod(int(minutes), 60)
    return f"{hours:02}:{minutes:02}:{rest:06.3f}"

"""A file read by a process of its own, one utterance at a time, as fast as whoever listens takes them."""

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from ...domain.clock import Clock
from ...domain.errors import WallflowerError
from ...domain.transcripts import Utterance
from ...processes.asked_child import AskedChild, ChildEndedError, asked_child
from ...processes.life import ChildSpec
from ...processes.wire import Message, WireError
from . import messages
from .messages import Found

START = datetime(1970, 1, 1, tzinfo=UTC)
"""A file's first moment is put here: it has a place in the file, but no time of day."""

STREAM = "file"
"""The stream of what is said in a file."""

STUCK_S = 60.0
"""A reader that finds neither speech nor ten seconds of sound in this time is ended."""

_READER = ChildSpec("file-reader", "wallflower_sidecar.capture.files.reader")
_FAULTS = {
    "unreadable": "The file cannot be read; give an audio or video file, such as WAV, MP3, M4A, OGG, MP4 or MKV.",
    "no_sound": "The file holds no sound.",
    "too_long": "The file holds more than 24 hours of sound; cut it.",
}


class MediaFileError(WallflowerError):
    """The file cannot be read, or holds no sound."""


@dataclass(frozen=True, slots=True)
class FilePiece:
    """How far the file is read, in seconds, and the speech found; `total_s` is None where the file does not say."""

    read_s: float
    total_s: float | None
    utterances: tuple[Utterance, ...]


@asynccontextmanager
async def media_file(
    path: Path, *, clock: Clock, start: datetime = START, stuck_s: float = STUCK_S
) -> AsyncGenerator[AsyncIterator[FilePiece]]:
    """Read a file within the block, its first moment put at `start`; the reader has ended when the block has.

    Raises UnavailableError if no process can be started; the iterator raises MediaFileError.
    """
    async with asked_child(_READER, clock) as reader:
        yield _pieces(reader, path, start, stuck_s)


async def _pieces(reader: AskedChild, path: Path, start: datetime, stuck_s: float) -> AsyncGenerator[FilePiece]:
    question = messages.read(path)
    while True:
        message = await _answer(reader, question, stuck_s)
        match message["t"]:
            case messages.PIECE:
                found = [Found(*each) for each in message["found"]]
                utterances = tuple(_utterance(each, start) for each in found)
                yield FilePiece(message["read_s"], message["total_s"], utterances)
            case messages.END:
                return
            case messages.FAULT:
                raise MediaFileError(_FAULTS[message["code"]])
            case _:
                raise WireError("an answer of an unknown type")
        question = messages.go_on()


async def _answer(reader: AskedChild, question: Message, stuck_s: float) -> Message:
    try:
        return await reader.ask(question, stuck_s)
    except ChildEndedError as error:
        raise MediaFileError(f"The file cannot be read: the process that read it ended ({error}).") from None
    except TimeoutError:
        raise MediaFileError(f"The file cannot be read: no sound was found in it for {stuck_s:g} s.") from None


def _utterance(found: Found, start: datetime) -> Utterance:
    def moment(seconds: float) -> datetime:
        return start + timedelta(seconds=seconds)

    return Utterance(
        found.utterance, STREAM, moment(found.start), moment(found.end), moment(found.pcm_start), found.pcm
    )

"""A file read by a process of its own, one utterance at a time, as fast as whoever listens takes them."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
import os
from pathlib import Path
from typing import Any

from ..domain.clock import Clock
from ..domain.errors import UnavailableError, WallflowerError
from ..domain.transcripts import Utterance
from ..processes.child import HEARTBEAT
from ..processes.life import ChildSpec, Life
from ..processes.wire import Message, WireError
from . import file_messages as messages
from .file_messages import Found

START = datetime(1970, 1, 1, tzinfo=UTC)
"""A file's first moment is put here: it has a place in the file, but no time of day."""

STREAM = "file"
"""The stream of what is said in a file."""

STUCK_S = 60.0
"""A reader that finds neither speech nor ten seconds of sound in this time is ended."""

_READER = ChildSpec("file-reader", "wallflower_sidecar.capture.file_reader")
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
    reader = _Reader(clock)
    watching = asyncio.create_task(reader.life.watch(), name="file reader")
    try:
        yield _pieces(reader, watching, path, start, stuck_s)
    finally:
        watching.cancel()
        try:
            await asyncio.wait({watching})
        finally:
            await reader.life.end()


class _Reader:
    """The reader's process and its newest answer."""

    def __init__(self, clock: Clock) -> None:
        self._answer: asyncio.Future[Message] = asyncio.get_running_loop().create_future()
        try:
            self.life = Life(_READER, clock, self._take)
        except OSError as error:
            reason = os.strerror(error.errno or 0)
            raise UnavailableError(f"The process that reads files cannot be started ({reason}).") from None

    async def answer(self, watching: asyncio.Task[str], stuck_s: float) -> Message:
        """Wait for what the reader says next; raises MediaFileError when it ends or takes too long instead."""
        either: set[asyncio.Future[Any]] = {self._answer, watching}
        await asyncio.wait(either, timeout=stuck_s, return_when=asyncio.FIRST_COMPLETED)
        if self._answer.done():
            return self._answer.result()
        if watching.done():
            raise MediaFileError(f"The file cannot be read: the process that read it ended ({watching.result()}).")
        raise MediaFileError(f"The file cannot be read: no sound was found in it for {stuck_s:g} s.")

    def ask(self, question: Message) -> None:
        """Ask what `answer` then waits for."""
        self._answer = asyncio.get_running_loop().create_future()
        self.life.send(question)

    def _take(self, message: Message) -> None:
        if message["t"] == HEARTBEAT and self.life.up:
            return
        self.life.up = True
        if not self._answer.done():
            self._answer.set_result(message)


async def _pieces(
    reader: _Reader, watching: asyncio.Task[str], path: Path, start: datetime, stuck_s: float
) -> AsyncGenerator[FilePiece]:
    await reader.answer(watching, stuck_s)  # its first heartbeat
    question = messages.read(path)
    while True:
        reader.ask(question)
        message = await reader.answer(watching, stuck_s)
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


def _utterance(found: Found, start: datetime) -> Utterance:
    def moment(seconds: float) -> datetime:
        return start + timedelta(seconds=seconds)

    return Utterance(
        found.utterance, STREAM, moment(found.start), moment(found.end), moment(found.pcm_start), found.pcm
    )

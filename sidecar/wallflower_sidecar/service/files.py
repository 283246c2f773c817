"""Audio and video files that somebody hands over to be transcribed: kept on disk meanwhile, and nowhere afterwards."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Generator
from contextlib import asynccontextmanager, contextmanager, suppress
from datetime import datetime
import errno
import io
import logging
import os
from pathlib import Path
import shutil

from ..capture.files.media_file import START, STREAM, media_file
from ..domain.clock import Clock
from ..domain.errors import FieldError, TranscriberUnavailableError, UnavailableError, WallflowerError
from ..domain.health import TranscriberInfo
from ..domain.transcripts import Hints, Segment, Source, Transcript, Utterance, new_id
from ..speech import UtteranceRefusedError

LOGGER = logging.getLogger(__name__)

MOST_AT_ONCE = 2
"""One more than the recogniser works on, so that it need not wait while a file arrives."""

SPARE_BYTES = 64 * 1024 * 1024
"""Left free on the disk: the database needs it more."""

_LOOK_EVERY_BYTES = 16 * 1024 * 1024
_DISK_FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
_WORKING = frozenset({"ready", "starting"})


class BusyError(WallflowerError):
    """As many files as may be are being transcribed."""


class Files:
    """Takes files in, a few at a time, and turns them into segments that are neither stored nor told."""

    def __init__(
        self,
        folder: Path,
        *,
        transcribe: Callable[[Utterance, Hints], Awaitable[Transcript]],
        transcriber: Callable[[], TranscriberInfo],
        clock: Clock,
    ) -> None:
        """Keep files that arrive in `folder`; `transcribe` waits its turn behind the cameras."""
        self._folder = folder
        self._transcribe = transcribe
        self._transcriber = transcriber
        self._clock = clock
        self._in_work = 0

    def remove_leftovers(self) -> None:
        """Remove what a former run of the sidecar left when it was killed."""
        shutil.rmtree(self._folder, ignore_errors=True)

    @asynccontextmanager
    async def upload(self, length: int | None) -> AsyncGenerator[Upload]:
        """Take in a file of `length` bytes (None: nobody knows); nothing is left of it after the block.

        Raises BusyError, UnavailableError (the disk), TranscriberUnavailableError.
        """
        info = self._transcriber()
        if info.state not in _WORKING:
            raise TranscriberUnavailableError(info.state, info.detail or "There is nothing to recognise speech with.")
        if self._in_work >= MOST_AT_ONCE:
            raise BusyError(f"{MOST_AT_ONCE} files are being transcribed already. Try again when one is done.")
        self._in_work += 1
        path = self._folder / new_id()
        try:
            with _disk_troubles():
                file = await asyncio.to_thread(_create, path, length or 0)
            with file:
                yield Upload(path, file, self._transcribe, self._clock)
        finally:
            self._in_work -= 1
            _remove(path)


class Upload:
    """One file: written as it arrives, then read and transcribed."""

    def __init__(
        self,
        path: Path,
        file: io.FileIO,
        transcribe: Callable[[Utterance, Hints], Awaitable[Transcript]],
        clock: Clock,
    ) -> None:
        """Write to an open, empty file."""
        self._path = path
        self._file = file
        self._transcribe = transcribe
        self._clock = clock
        self._written = self._looked_at = 0

    async def write(self, data: bytes) -> None:
        """Keep the next bytes; raises UnavailableError when the disk takes no more."""
        with _disk_troubles():
            if self._written - self._looked_at >= _LOOK_EVERY_BYTES:
                self._looked_at = self._written
                await asyncio.to_thread(_require_room, self._path.parent, 0)
            await asyncio.to_thread(_write_all, self._file, data)
        self._written += len(data)

    async def segments(self, hints: Hints, start: datetime = START) -> list[Segment]:
        """Transcribe what was written, its first moment put at `start`.

        Raises FieldError when that is nothing, MediaFileError, UnavailableError, TranscriberUnavailableError.
        """
        if not self._written:
            raise FieldError("body", "The body is empty; an audio or video file is expected.")
        segments: list[Segment] = []
        async with media_file(self._path, clock=self._clock, start=start) as pieces:
            async for piece in pieces:
                for utterance in piece.utterances:
                    try:
                        transcript = await self._transcribe(utterance, hints)
                    except UtteranceRefusedError as error:
                        LOGGER.warning("%.1f s of a file get no text: %s", utterance.duration_s, error)
                        continue
                    if transcript.text:
                        segments.append(_segment(utterance, transcript))
        return segments


def _segment(utterance: Utterance, transcript: Transcript) -> Segment:
    return Segment(
        id=None,
        stream=STREAM,
        start=utterance.start,
        end=utterance.end,
        text=transcript.text,
        language=transcript.language,
        confidence=transcript.confidence,
        words=transcript.words,
        source=Source.FILE,
    )


def _create(path: Path, length: int) -> io.FileIO:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    _require_room(path.parent, length)
    return io.FileIO(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600), "w")


def _remove(path: Path) -> None:
    with suppress(FileNotFoundError):
        path.unlink()


def _require_room(folder: Path, length: int) -> None:
    if shutil.disk_usage(folder).free < length + SPARE_BYTES:
        raise UnavailableError("The disk of the data folder has no room for the file.")


def _write_all(file: io.FileIO, data: bytes) -> None:
    rest = memoryview(data)
    while rest:
        rest = rest[file.write(rest) :]


@contextmanager
def _disk_troubles() -> Generator[None]:
    """Say in a sentence what the disk refused."""
    try:
        yield
    except OSError as error:
        if error.errno in _DISK_FULL:
            raise UnavailableError("The disk of the data folder has no room for the file.") from None
        LOGGER.exception("A file that was handed over cannot be kept")
        raise UnavailableError(f"The file cannot be kept in the data folder ({error.strerror}).") from None

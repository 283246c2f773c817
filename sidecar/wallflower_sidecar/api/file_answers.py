"""Files answered over HTTP, whole or in part (RFC 9110 13 and 14); the event loop never waits for a disk."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
import errno
from http import HTTPStatus
import logging
import os
from pathlib import Path
import re
import stat

from aiohttp import ETag, hdrs, web

from ..domain.errors import UnavailableError
from ..recordings.disk_threads import DiskThreads
from .problems import ProblemError

LOGGER = logging.getLogger(__name__)

BLOCK_BYTES = 1024 * 1024
STALLED_S = 60.0
"""Who takes not one block in this time is cut off; a player asks again for what it misses."""

_RANGE = re.compile(r"bytes\s*=\s*(\d{0,20})\s*-\s*(\d{0,20})\s*", re.ASCII | re.IGNORECASE)
_NO_FILE = frozenset({errno.ENOENT, errno.ENOTDIR, errno.ELOOP, errno.ENXIO})
_FLAGS = os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK


@dataclass(frozen=True, slots=True)
class Part:
    """Some of a file's bytes."""

    start: int
    count: int


@dataclass(frozen=True, slots=True)
class _Opened:
    """An open file as it is now."""

    descriptor: int
    size: int
    etag: str
    modified: datetime


async def answer_file(
    request: web.Request, path: Path, disk: DiskThreads, media_type: str, headers: Mapping[str, str]
) -> web.StreamResponse:
    """Answer a file, or the part of it that was asked for; raises FileNotFoundError, UnavailableError, ProblemError."""
    try:
        file = await disk.call_or_undo(lambda late: os.close(late.descriptor), _open, path)
    except FileNotFoundError:
        raise
    except OSError as error:
        raise UnavailableError(f"The file cannot be read ({os.strerror(error.errno or 0)}). Check its disk.") from None
    try:
        if _is_known(request, file):
            response = web.StreamResponse(status=HTTPStatus.NOT_MODIFIED)
            _describe(response, file)
            await response.prepare(request)
            return response
        part = _part(request, file)
        sent = part or Part(0, file.size)
        response = web.StreamResponse(status=HTTPStatus.PARTIAL_CONTENT if part else HTTPStatus.OK, headers=headers)
        _describe(response, file)
        response.content_type = media_type
        response.content_length = sent.count
        if part:
            last = part.start + part.count - 1
            response.headers[hdrs.CONTENT_RANGE] = f"bytes {part.start}-{last}/{file.size}"
        await _send(request, response, disk, file, sent)
        return response
    finally:
        disk.later(lambda: os.close(file.descriptor))


def part_of(header: str, size: int) -> Part | None:
    """Return what a Range header asks for; None for one that is to be ignored: of another unit, malformed, or several.

    Raises ProblemError when the file has nothing there.
    """
    found = _RANGE.fullmatch(header.strip())
    if found is None or not any(found.groups()):
        return None
    first, last = found.groups()
    if not first:
        start, end = max(0, size - int(last)), size
    else:
        start, end = int(first), min(size, int(last) + 1) if last else size
        if last and int(last) < start:
            return None
    if start >= end:
        raise ProblemError(
            HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE,
            f"The file has {size} bytes.",
            headers={hdrs.CONTENT_RANGE: f"bytes */{size}"},
        )
    return Part(start, end - start)


def _open(path: Path) -> _Opened:
    try:
        descriptor = os.open(path, _FLAGS)
    except OSError as error:
        if error.errno in _NO_FILE:
            raise FileNotFoundError(error.errno, path) from None
        raise
    try:
        found = os.fstat(descriptor)
        if not stat.S_ISREG(found.st_mode):
            raise FileNotFoundError(path)
    except BaseException:
        os.close(descriptor)
        raise
    etag = f"{found.st_mtime_ns:x}-{found.st_size:x}"
    return _Opened(descriptor, found.st_size, etag, datetime.fromtimestamp(int(found.st_mtime), UTC))


def _describe(response: web.StreamResponse, file: _Opened) -> None:
    response.etag = file.etag
    response.last_modified = file.modified
    response.headers[hdrs.ACCEPT_RANGES] = "bytes"


def _is_known(request: web.Request, file: _Opened) -> bool:
    """Whether who asks has the file already; raises ProblemError if it asks on a condition that is not met."""
    unmodified, modified = request.if_unmodified_since, request.if_modified_since
    if (wanted := request.if_match) is not None:
        met = _matches(wanted, file, weak=False)
    else:
        met = unmodified is None or file.modified <= unmodified
    if not met:
        raise ProblemError(HTTPStatus.PRECONDITION_FAILED, "The file is another one by now.")
    if (known := request.if_none_match) is not None:
        return _matches(known, file, weak=True)
    return modified is not None and file.modified <= modified


def _matches(tags: tuple[ETag, ...], file: _Opened, *, weak: bool) -> bool:
    return any(tag.value in {"*", file.etag} and (weak or not tag.is_weak) for tag in tags)


def _part(request: web.Request, file: _Opened) -> Part | None:
    """What is asked for of the file as it is now; None: all of it."""
    header = request.headers.get(hdrs.RANGE)
    if header is None or request.method != hdrs.METH_GET:
        return None
    if (condition := request.headers.get(hdrs.IF_RANGE)) is not None:
        same = request.if_range == file.modified if request.if_range else condition.strip() == f'"{file.etag}"'
        if not same:
            return None
    return part_of(header, file.size)


async def _send(
    request: web.Request, response: web.StreamResponse, disk: DiskThreads, file: _Opened, part: Part
) -> None:
    """Send the bytes; who takes none of them for too long is cut off, as is everybody once they cannot be read."""
    at, end = part.start, part.start + part.count
    try:
        await response.prepare(request)
        while at < end and request.method != hdrs.METH_HEAD:
            block = await disk.call(os.pread, file.descriptor, min(BLOCK_BYTES, end - at), at)
            if not block:
                raise OSError(errno.ESTALE, "it became shorter")
            async with asyncio.timeout(STALLED_S):
                await response.write(block)
            at += len(block)
        await response.write_eof()
    except (TimeoutError, ConnectionError) as error:
        LOGGER.debug("An answer was not taken to its end: %s", type(error).__name__)
        _cut_off(request)
    except OSError as error:
        LOGGER.warning("A file cannot be read to its end: %s", error.strerror)
        _cut_off(request)


def _cut_off(request: web.Request) -> None:
    if request.transport is not None:
        request.transport.abort()

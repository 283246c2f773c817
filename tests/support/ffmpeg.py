"""The ffmpeg that imageio-ffmpeg ships, run so that it never outlives whoever started it."""

import asyncio
from collections.abc import AsyncIterator, Iterable
import contextlib
from contextlib import asynccontextmanager
import functools
import os
from pathlib import Path
import signal
import subprocess
import sys

import imageio_ffmpeg

_DIE_WITH_PARENT = """
import ctypes, os, signal, sys
ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG
if os.getppid() != int(sys.argv[1]):
    sys.exit(1)
os.execvp(sys.argv[2], sys.argv[2:])
"""
QUIET = ("-nostdin", "-hide_banner", "-v", "error", "-y")


class FfmpegError(RuntimeError):
    """ffmpeg ended with an error; the message is what it said."""


@functools.cache
def ffmpeg_exe() -> str:
    """Return the path of the ffmpeg binary."""
    return str(imageio_ffmpeg.get_ffmpeg_exe())


def offer_ffmpeg(folder: Path) -> None:
    """Put an `ffmpeg` into a folder: Home Assistant looks for one by that name on PATH."""
    folder.mkdir(exist_ok=True)
    link = folder / "ffmpeg"
    if not link.exists():
        link.symlink_to(ffmpeg_exe())


def dying_with_parent(*command: str) -> tuple[str, ...]:
    """Return the command so that the kernel kills it once its parent is gone (Linux only).

    No preexec_fn: that runs Python between fork and exec, which hangs for ever when another thread held a C library's
    lock (seen with swscale's thread pool).
    """
    if sys.platform != "linux":
        return command
    return (sys.executable, "-I", "-S", "-c", _DIE_WITH_PARENT, str(os.getpid()), *command)


def _reason(complaint: bytes, status: int) -> str:
    return complaint.decode(errors="replace").strip() or f"ffmpeg ended with {status}"


def _kill_group(leader: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(leader, signal.SIGKILL)


@asynccontextmanager
async def ffmpeg_child(*arguments: str) -> AsyncIterator[asyncio.subprocess.Process]:
    """Run ffmpeg beside the block, stdout and stderr piped; its group is killed and reaped on the way out."""
    process = await asyncio.create_subprocess_exec(
        *dying_with_parent(ffmpeg_exe(), *QUIET, *arguments),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        start_new_session=True,
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            _kill_group(process.pid)
        await process.wait()


async def finish(process: asyncio.subprocess.Process) -> bytes:
    """Await the child's end and return its stdout; raise FfmpegError when it failed."""
    output, complaint = await process.communicate()
    if process.returncode:
        raise FfmpegError(_reason(complaint, process.returncode))
    return output


def encode(arguments: Iterable[str], frames: Iterable[bytes] = ()) -> None:
    """Run ffmpeg to its end, feeding raw frames to its stdin; raise FfmpegError when it failed."""
    process = subprocess.Popen(
        dying_with_parent(ffmpeg_exe(), *QUIET[1:], *arguments),
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )
    try:
        with contextlib.suppress(BrokenPipeError):
            assert process.stdin is not None
            for frame in frames:
                process.stdin.write(frame)
        _, complaint = process.communicate()
    finally:
        if process.poll() is None:
            _kill_group(process.pid)
        process.wait()
    if process.returncode:
        raise FfmpegError(_reason(complaint, process.returncode))

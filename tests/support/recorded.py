"""Recordings on disk without a camera: files with the right names, and real fragmented MP4."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

from wallflower_sidecar.domain.recordings import RecordingName, SavedFile

from .ffmpeg import encode

MORNING = datetime(2026, 11, 22, 7, 20, 42, 125_000, tzinfo=UTC)


def at(seconds: float) -> datetime:
    return MORNING + timedelta(seconds=seconds)


def write_recording(
    root: Path, at_s: float = 0.0, *, stream: str = "porch", length_s: float = 60.0, size: int = 1000, **fields: str
) -> SavedFile:
    """Write a finished file of `size` bytes that nobody can play."""
    name = RecordingName(stream, at(at_s), at(at_s + length_s), **fields)
    path = root / name.path
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"\1" * size)
    return SavedFile(stream, path, name.start, at(at_s + length_s), size)


def write_part(
    root: Path, content: bytes, at_s: float = 0.0, *, stream: str = "porch", clip: str | None = None
) -> Path:
    """Write a file that nobody finished."""
    path = root / RecordingName(stream, at(at_s), clip=clip).path
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


def fragmented_mp4(path: Path, length_s: float = 6.0) -> Path:
    """Write H.264 and AAC in fragments of a second each, as a recorder does."""
    sources = f"testsrc2=size=160x90:rate=10:duration={length_s}", f"sine=frequency=440:duration={length_s}"
    inputs = [word for source in sources for word in ("-f", "lavfi", "-i", source)]
    codecs = ("-c:v", "libx264", "-preset", "ultrafast", "-g", "10", "-bf", "0", "-pix_fmt", "yuv420p", "-c:a", "aac")
    flags = ("-movflags", "+frag_keyframe+empty_moov+default_base_moof", "-f", "mp4")
    encode((*inputs, *codecs, *flags, str(path)))
    return path

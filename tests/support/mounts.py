"""Disks that a test fills, unplugs and write-protects: real mounts, where the machine allows them."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
import subprocess

import pytest


@contextmanager
def disk(place: Path, *, mib: int = 20) -> Iterator[Path]:
    """Mount an empty disk of this size within the block; skips the test where nobody may mount."""
    place.mkdir(parents=True, exist_ok=True)
    try:
        _run("mount", "-t", "tmpfs", "-o", f"size={mib}m,mode=700", "tmpfs", str(place))
    except OSError, subprocess.CalledProcessError:
        pytest.skip("mounting needs root")
    try:
        yield place
    finally:
        _run("umount", "--lazy", str(place))


@contextmanager
def untouchable(*files: Path) -> Iterator[None]:
    """Within the block nobody may write, rename or remove these files; skips the test where that cannot be had."""
    try:
        _run("chattr", "+i", *map(str, files))
    except OSError, subprocess.CalledProcessError:
        pytest.skip("this file system does not protect single files")
    try:
        yield
    finally:
        _run("chattr", "-i", *map(str, files))


@contextmanager
def breakable_disk(place: Path, image: Path, *, mib: int = 16) -> Iterator[Callable[[], None]]:
    """Mount a disk of this size; what the block gets breaks it, upon which its file system makes itself read-only.

    Skips the test where that cannot be had.
    """
    place.mkdir(parents=True, exist_ok=True)
    with image.open("wb") as file:
        file.truncate(mib * 1024**2)
    try:
        _run("mkfs.ext4", "-q", "-F", str(image))
        _run("mount", "-o", "loop,errors=remount-ro", str(image), str(place))
    except OSError, subprocess.CalledProcessError:
        pytest.skip("mounting an image needs root, a loop device and mkfs.ext4")
    device = subprocess.run(
        ["findmnt", "--noheadings", "--output", "SOURCE", str(place)], check=True, capture_output=True, text=True
    ).stdout.strip()
    trigger = Path("/sys/fs/ext4", Path(device).name, "trigger_fs_error")
    try:
        if not trigger.exists():
            pytest.skip("this kernel breaks no disk on demand")
        yield lambda: _write(trigger, "a test wants it")
    finally:
        _run("umount", "--lazy", str(place))


@contextmanager
def read_only(place: Path) -> Iterator[None]:
    """Nothing on the disk can be written within the block, as after an error of its file system."""
    _run("mount", "-o", "remount,ro", str(place))
    try:
        yield
    finally:
        _run("mount", "-o", "remount,rw", str(place))


@contextmanager
def plugged_in(disk: Path, place: Path) -> Iterator[None]:
    """Have what a folder holds appear at another place within the block, an empty folder outside of it."""
    place.mkdir(parents=True, exist_ok=True)
    _run("mount", "--bind", str(disk), str(place))
    try:
        yield
    finally:
        _run("umount", "--lazy", str(place))


def _write(file: Path, text: str) -> None:
    file.write_text(text)


def _run(*command: str) -> None:
    subprocess.run(command, check=True, capture_output=True, timeout=10)

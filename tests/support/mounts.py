"""Disks that a test fills, unplugs and write-protects: real mounts, where the machine allows them."""

from collections.abc import Iterator
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


def _run(*command: str) -> None:
    subprocess.run(command, check=True, capture_output=True, timeout=10)

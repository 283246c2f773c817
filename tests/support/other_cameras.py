"""RTSP servers that are not ours, so that capture is not only tested against the project's own camera."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
import os
from pathlib import Path
import shutil
import subprocess
from urllib.parse import quote

import numpy as np

from .cache import made
from .child_process import ChildProcess, running
from .clips import TEST_CARD, SoundCodec, camera_clip
from .ffmpeg import encode
from .ports import LOOPBACK, free_port, is_listening
from .speech import TRACK_UNIT, Track
from .waiting import eventually

START_S = 20.0
SYSTEM_PYTHON = "/usr/bin/python3"
VLC_PAUSE_UNITS = 8
USER, PASSWORD = "admin", "s3cr3t:p@ss/word"


class NotInstalledError(RuntimeError):
    """The server is not on this machine; `script/setup --rtsp-servers` installs it where apt is."""


@dataclass(frozen=True, slots=True)
class OtherCamera:
    """A server that runs."""

    url: str
    process: ChildProcess


@asynccontextmanager
async def gstreamer_camera(track: Track, *, password: str = PASSWORD) -> AsyncIterator[OtherCamera]:
    """GStreamer's server: H.264 and Opus, over TCP or UDP, with a password; ends each client with the clip."""
    if not has_gstreamer():
        raise NotInstalledError("GStreamer's RTSP server is not installed.")
    clip = _clip(track, "mkv", "opus")
    script = Path(__file__).with_name("gstreamer_camera.py")
    async with running("gstreamer", SYSTEM_PYTHON, str(script), str(clip), USER, password) as child:
        port = await eventually(lambda: next((int(line) for line in child.lines if line.isdigit()), None), START_S)
        yield OtherCamera(f"rtsp://{USER}:{quote(password, safe='')}@{LOOPBACK}:{port}/cam", child)


@asynccontextmanager
async def vlc_camera(track: Track) -> AsyncIterator[OtherCamera]:
    """VLC's server: H.264 and AAC from a transport stream, over UDP alone, without a password, round and round.

    It says goodbye to its clients a second before the clip ends, so the sound gets a longer end.
    """
    cvlc = shutil.which("cvlc")
    if cvlc is None:
        raise NotInstalledError("VLC is not installed.")
    pause = np.zeros(VLC_PAUSE_UNITS * TRACK_UNIT, np.int16)
    clip = _clip(Track(np.concatenate([track.samples, pause]), track.sentences), "ts", "aac")
    port = free_port()
    url = f"rtsp://{LOOPBACK}:{port}/cam"
    command = (cvlc, "-q", "--no-video-title", "--loop", str(clip), "--sout", f"#rtp{{sdp={url}}}", "--sout-keep")
    if os.geteuid() == 0:  # VLC refuses to run as root
        command = ("setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups", *command)
    async with running("vlc", *command, env={"HOME": "/nonexistent"}) as child:
        await eventually(lambda: is_listening(port) or not child.is_running, START_S)
        if not child.is_running:
            raise RuntimeError("; ".join(child.lines))
        yield OtherCamera(url, child)


def has_gstreamer() -> bool:
    """Whether the system's Python has GStreamer's RTSP server."""
    look = "import gi; gi.require_version('GstRtspServer', '1.0'); from gi.repository import GstRtspServer"
    try:
        return subprocess.run((SYSTEM_PYTHON, "-c", look), capture_output=True, check=False).returncode == 0
    except FileNotFoundError:
        return False


def _clip(track: Track, suffix: str, sound: SoundCodec) -> Path:
    """The camera clip of this track in another container."""
    clip = camera_clip(track, TEST_CARD, sound)
    copied = ("-i", str(clip), "-c", "copy")
    return made(f"other.{suffix}", (clip.name,), lambda path: encode((*copied, str(path))))

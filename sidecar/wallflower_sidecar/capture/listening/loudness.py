"""How loud a camera is, heard for a moment while it is tried."""

from collections.abc import Callable
import time
from typing import cast

import av
from av.audio.stream import AudioStream
from av.container.input import InputContainer
from av.packet import Packet

from .floor import rms_dbfs
from .sound import Piece, Resampler, decode

ENOUGH_S = 0.5
"""How much sound is listened to."""

LONGEST_S = 2.0
"""How long it is waited for while anything comes; a camera that sends nothing is given up by libav."""


def loudness(
    container: InputContainer, audio: AudioStream, *, cancelled: Callable[[], bool] = lambda: False
) -> float | None:
    """Return the level in dBFS of what comes next, None when nothing does that can be decoded."""
    pieces: list[Piece] = []
    until_s = time.monotonic() + LONGEST_S
    try:
        for packet in container.demux():
            now_s = time.monotonic()
            if packet.size and packet.stream_index == audio.index:
                pieces += decode(cast("Packet[AudioStream]", packet), now_s)
            if sum(piece.duration_s for piece in pieces) >= ENOUGH_S or now_s > until_s or cancelled():
                break
    except av.FFmpegError:
        # What came until then is as good.
        pass
    samples = Resampler().convert(pieces)
    return round(rms_dbfs(samples), 1) if len(samples) else None

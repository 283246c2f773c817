"""The process that reads one audio or video file: a hostile one harms nobody but this process."""

from collections.abc import Iterator
from itertools import chain
import os
from pathlib import Path

import av
from av.audio.stream import AudioStream
from av.container import InputContainer
import av.logging
import numpy as np

from ...domain.errors import WallflowerError
from ...domain.transcripts import SAMPLE_RATE
from ...processes.bounds import bound_this_process
from ...processes.child import Channel, run_child
from ...processes.wire import Message
from ..listening.floor import Samples
from ..listening.gate import Gate, GateEvent, Heard
from ..listening.sound import Piece, Resampler, decode
from . import messages
from .messages import Found

LONGEST_S = 24 * 3600.0
"""A file of a few bytes can claim years of silence."""

PIECE_S = 10.0
"""So much of the file is read at a time where nobody speaks."""

_BLOCK_S = 0.3
_SMALLEST_GAP_S = 0.25
_LONGEST_FILLED_GAP_S = 2.0
_LONGEST_GAP_S = 3600.0
"""A jump of the time stamps beyond it is a fault of the file and no loss of sound."""

_MEMORY_BYTES = 256 * 1024 * 1024
"""Beyond what the libraries themselves take; a video of 8K needs 94 MB of it (measured)."""

_FORMATS = (
    "aac,ac3,aiff,amr,amrnb,amrwb,ape,asf,au,avi,caf,dsf,dts,dv,eac3,flac,flv,gsm,matroska,mov,mp3,mpc,mpc8,mpeg,"
    "mpegts,mxf,nut,ogg,oma,rm,sox,tak,truehd,tta,voc,w64,wav,webm,wtv,wv"
)
"""Containers that hold their sound themselves: playlists and session descriptions name other files and hosts."""


class FaultError(WallflowerError):
    """The file is of no use; the text is the code that the sidecar is told."""


class FileSound:
    """A file's decoded sound in order: joined, its gaps bridged, cut into utterances at their place in the file."""

    def __init__(self, first_s: float | None) -> None:
        """`first_s` is the time stamp of the file's first moment, None where it has none."""
        self.found: list[Found] = []
        self.media_s = 0.0
        """How much of the file was taken in, in seconds from its first moment."""
        self._first_s = first_s
        self._gate = Gate()
        self._gate_starts_s = 0.0
        self._resampler = Resampler()
        self._waiting: list[Piece] = []
        self._waiting_s = 0.0

    def take(self, piece: Piece) -> None:
        """Take in the next piece."""
        gap_s = self._gap_s(piece.pts_s)
        if gap_s:
            self._work()
            self._bridge(gap_s)
        self._waiting.append(piece)
        self._waiting_s += piece.duration_s
        self.media_s += piece.duration_s
        if self._waiting_s >= _BLOCK_S:
            self._work()

    def close(self) -> None:
        """That was all: an utterance under way ends here."""
        self._work()
        self._keep(self._gate.flush())

    def _gap_s(self, pts_s: float | None) -> float:
        """Seconds of sound that are missing before this time stamp; 0 for less than one would notice."""
        if pts_s is None:
            return 0.0
        if self._first_s is None:
            self._first_s = pts_s - self.media_s
        gap_s = pts_s - self._first_s - self.media_s
        if gap_s > _LONGEST_GAP_S:
            self._first_s += gap_s
        return gap_s if _SMALLEST_GAP_S < gap_s <= _LONGEST_GAP_S else 0.0

    def _bridge(self, gap_s: float) -> None:
        self.media_s += gap_s
        if gap_s <= _LONGEST_FILLED_GAP_S:
            self._push(np.zeros(round(gap_s * SAMPLE_RATE), np.int16))
        else:
            self._keep(self._gate.flush())
        self._align()

    def _work(self) -> None:
        self._push(self._resampler.convert(self._waiting))
        self._waiting.clear()
        self._waiting_s = 0.0
        self._align()

    def _push(self, samples: Samples) -> None:
        if len(samples):
            self._keep(self._gate.push(samples))

    def _align(self) -> None:
        """Resampling makes the gate's count differ by some samples: what comes next starts where it belongs."""
        self._gate_starts_s = self.media_s - self._gate.position / SAMPLE_RATE

    def _keep(self, events: list[GateEvent]) -> None:
        self.found += [
            Found(each.utterance, self._at(each.start), self._at(each.end), self._at(each.pcm_start), each.pcm)
            for each in events
            if isinstance(each, Heard)
        ]

    def _at(self, position: int) -> float:
        return self._gate_starts_s + position / SAMPLE_RATE


def read(path: Path) -> Iterator[Message]:
    """Read a file, a piece at a time; raises FaultError. What is damaged in it is left out."""
    sound: FileSound | None = None
    told_s, total_s = 0.0, None
    try:
        with av.open(f"file:{path}", container_options={"format_whitelist": _FORMATS}) as container:
            stream = _sound_of(container)
            total_s = None if container.duration is None else container.duration / av.time_base
            if total_s is not None and total_s > LONGEST_S:
                raise FaultError("too_long")
            for piece in _pieces(container, stream):
                sound = sound or FileSound(_first_s(container))
                sound.take(piece)
                if sound.media_s > LONGEST_S:
                    raise FaultError("too_long")
                if sound.found or sound.media_s - told_s >= PIECE_S:
                    yield messages.piece(sound.media_s, total_s, sound.found)
                    sound.found.clear()
                    told_s = sound.media_s
    except av.FFmpegError:
        if sound is None:
            raise FaultError("unreadable") from None
    if sound is None:
        raise FaultError("no_sound")
    sound.close()
    yield messages.piece(sound.media_s, total_s, sound.found)


def _sound_of(container: InputContainer) -> AudioStream:
    stream = container.streams.best("audio")
    if not isinstance(stream, AudioStream):
        raise FaultError("no_sound")
    return stream


def _first_s(container: InputContainer) -> float | None:
    start: int | None = container.start_time
    return None if start is None else start / av.time_base


def _pieces(container: InputContainer, stream: AudioStream) -> Iterator[Piece]:
    """The sound of a stream; raises FaultError when all of it is damaged, or of a kind that nobody makes."""
    good = bad = 0
    for packet in container.demux(stream):
        try:
            pieces = decode(packet, 0.0)
        except av.FFmpegError, ValueError:
            bad += 1
        else:
            good += len(pieces)
            yield from pieces
    if bad and not good:
        raise FaultError("unreadable")


def main(channel: Channel) -> None:
    """Answer the sidecar's questions about one file."""
    av.logging.set_level(None)  # libav's own lines hold what the file says of itself
    bound_this_process(_MEMORY_BYTES)
    order = channel.receive()
    try:
        for answer in chain(read(Path(os.fsdecode(order["path"]))), [messages.end()]):
            channel.send(answer)
            channel.receive()
    except FaultError as error:
        channel.send(messages.fault(str(error)))
        channel.receive()


if __name__ == "__main__":
    run_child(main)

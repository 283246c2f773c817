"""How long a recording is that was cut off: only one without a whole fragment holds nothing."""

import io
from pathlib import Path

import av
import pytest

from tests.support.recorded import fragmented_mp4
from wallflower_sidecar.capture.recording.fragmented_mp4 import FragmentedMp4, PictureFormat
from wallflower_sidecar.capture.recording.packets import Placed
from wallflower_sidecar.recordings.leftover_reader import mend


def test_a_single_picture_is_not_nothing(tmp_path: Path) -> None:
    jpeg = _jpeg()
    mp4 = FragmentedMp4(PictureFormat("mjpeg", None, jpeg), None, 0.0)
    mp4.write(Placed("video", jpeg, 0.0, 0.0, 0.0, key=True))
    part = tmp_path / "part"
    part.write_bytes(mp4.finish())
    assert mend(part) > 0


def test_a_head_alone_holds_nothing(tmp_path: Path) -> None:
    part = fragmented_mp4(tmp_path / "whole.mp4", 1.0)
    part.write_bytes(part.read_bytes()[:900])
    assert mend(part) == 0


def test_whole_fragments_without_a_packet_are_an_error_and_stay(tmp_path: Path) -> None:
    part = fragmented_mp4(tmp_path / "whole.mp4", 1.0)
    damaged = part.read_bytes().replace(b"traf", b"tr\xfff")
    part.write_bytes(damaged)
    with pytest.raises(OSError, match="Input/output"):
        mend(part)
    assert part.read_bytes() == damaged


def _jpeg() -> bytes:
    sink = io.BytesIO()
    with av.open(sink, "w", format="mjpeg") as container:
        stream = container.add_stream("mjpeg", rate=1)
        stream.width, stream.height, stream.pix_fmt = 64, 64, "yuvj420p"
        container.mux(stream.encode(av.VideoFrame(64, 64, "yuvj420p")))
        container.mux(stream.encode())
    return sink.getvalue()

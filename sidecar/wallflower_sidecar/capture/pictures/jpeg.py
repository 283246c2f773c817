"""JPEGs of decoded pictures, scaled by OpenCV."""

from collections.abc import Iterable
import os
from typing import Any

from av.video.frame import VideoFrame
import numpy as np
from numpy.typing import NDArray

_QUALITY = 80

# OpenCV brings linear algebra that starts a thread for each core when it is loaded; nothing here needs it.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")


def width_of(frame: VideoFrame, width: int | None) -> int:
    """How wide a frame is shown to one who asked for `width` pixels: never wider than it is."""
    return min(width or frame.width, frame.width)


def to_jpegs(frame: VideoFrame, widths: Iterable[int]) -> dict[int, bytes]:
    """Return the frame as a JPEG of each width, in its own shape; those that cannot be made are missing."""
    import cv2  # noqa: PLC0415 - 30 MB that a worker nobody asks for pictures does without

    cv2.setNumThreads(1)
    image: NDArray[Any] = frame.reformat(format="bgr24", threads=1).to_ndarray()
    jpegs: dict[int, bytes] = {}
    for width in frozenset(widths):
        shown = image
        if width < frame.width:
            height = max(1, round(frame.height * width / frame.width))
            shown = cv2.resize(image, (width, height), interpolation=cv2.INTER_AREA)
        written, jpeg = cv2.imencode(".jpg", shown, [cv2.IMWRITE_JPEG_QUALITY, _QUALITY])
        if written:
            jpegs[width] = np.asarray(jpeg).tobytes()
    return jpegs

"""Whether video packets are what was announced, by their first bytes alone (no picture is decoded)."""

from collections import deque

from ...domain.errors import CaptureCode

_START_CODE = b"\x00\x00\x01"
_WINDOW = 30
_MOSTLY = 24
_OFTEN = 6
_JPEG_FRAME = b"\xff\xc0\x00\x11\x08"
"""Start of a baseline frame of three components; height and width follow (ITU-T T.81 B.2.2)."""

_JPEG_FRAME_BYTES = 9
_H264_IMPOSSIBLE = frozenset({0, 2, 3, 4, *range(24, 32)})
_SPS_TYPES = {"h264": 7, "hevc": 33}


class VideoGuard:
    """Watches the packets of an H.264 or H.265 stream; other codecs are taken as they come.

    In H.264, types 2 to 4 (data partitions) are never sent by cameras, 0 and 24 up are no NAL units (ITU-T
    H.264 table 7-1); H.265 read as H.264 is mostly type 0 to 4. In H.265 the layer is 0 and the temporal id
    is not (ITU-T H.265 7.3.1.2); H.264 read as H.265 has other layers. The forbidden bit is set by neither.
    """

    def __init__(self, codec: str) -> None:
        """Know the announced codec by libav's name."""
        self._codec = codec
        self._faults: deque[CaptureCode | None] = deque(maxlen=_WINDOW)
        self._parameters: bytes | None = None

    @property
    def suspicious(self) -> bool:
        """Whether any of the last packets looked wrong."""
        return any(self._faults)

    @property
    def foreign(self) -> bool:
        """Whether the newest packet looked wrong."""
        return bool(self._faults) and self._faults[-1] is not None

    def observe(self, packet: bytes) -> CaptureCode | None:
        """Take in the next packet; returns why the session cannot go on, once that is certain."""
        if self._codec not in _SPS_TYPES:
            return None
        _, found, unit = packet[:10].partition(_START_CODE)
        if not found or len(unit) < len(_START_CODE):
            return None
        self._faults.append(self._fault(unit[0], unit[1]))
        if self._faults.count(CaptureCode.CORRUPT_STREAM) >= _OFTEN:
            return CaptureCode.CORRUPT_STREAM
        if self._faults.count(CaptureCode.CODEC_CHANGED) >= _MOSTLY:
            return CaptureCode.CODEC_CHANGED
        return None

    def _fault(self, first: int, second: int) -> CaptureCode | None:
        if first & 0x80:
            return CaptureCode.CORRUPT_STREAM
        if self._codec == "h264":
            foreign = first & 0x1F in _H264_IMPOSSIBLE
        else:
            foreign = (first & 1) << 5 | second >> 3 != 0 or second & 7 == 0
        return CaptureCode.CODEC_CHANGED if foreign else None

    def has_new_parameters(self, key_frame: bytes) -> bool:
        """Whether a key frame brings other parameters than the one before; its size may be another."""
        parameters = self._find_parameters(key_frame)
        if parameters is None or self.suspicious:
            return False
        before, self._parameters = self._parameters, parameters
        return before is not None and before != parameters

    def _find_parameters(self, packet: bytes) -> bytes | None:
        if self._codec == "mjpeg":
            at = packet.find(_JPEG_FRAME, 0, 2048)
            return packet[at : at + _JPEG_FRAME_BYTES] if at >= 0 else None
        if self._codec not in _SPS_TYPES:
            return None
        end = min(len(packet), 1024)
        at = packet.find(_START_CODE, 0, end)
        while at >= 0 and at + 3 < end:
            following = packet.find(_START_CODE, at + 3, end)
            header = packet[at + 3]
            kind = header & 0x1F if self._codec == "h264" else header >> 1 & 0x3F
            if kind == _SPS_TYPES[self._codec] and following > 0:
                return packet[at + 3 : following].rstrip(b"\x00")
            at = following
        return None

"""What in a packet says how its picture is to be decoded; while it stays the same, one file can go on."""

ANNEX_B = ("h264", "hevc")
"""Codecs whose packets are NAL units behind start codes."""

_START_CODE = b"\x00\x00\x01"
_JPEG_FRAME = b"\xff\xc0"
_LOOKED_THROUGH = 8192
"""Bytes from a packet's beginning; parameter sets come before the first slice."""

_SMALL = 1024
"""A packet without a picture that carries parameter sets alone is smaller than this."""

_H264 = frozenset({7, 8})
_H265 = frozenset({32, 33, 34})
_H264_SEQUENCE = 7
_H265_SEQUENCE = 33


def may_hold_parameters(packet: bytes, *, key: bool) -> bool:
    """Whether it is worth looking."""
    return key or len(packet) < _SMALL


def parameter_sets(codec: str, packet: bytes) -> bytes | None:
    """Return the packet's parameter sets in Annex B (of MJPEG: the size), None unless its size is among them.

    ITU-T H.264 table 7-1 (7 SPS, 8 PPS), H.265 table 7-1 (32 VPS, 33 SPS, 34 PPS), T.81 B.2.2 (SOF0).
    """
    if codec == "mjpeg":
        at = packet.find(_JPEG_FRAME, 0, _LOOKED_THROUGH)
        return packet[at + 5 : at + 9] if at >= 0 else None
    if codec not in ANNEX_B:
        return None
    wanted, sequence = (_H264, _H264_SEQUENCE) if codec == "h264" else (_H265, _H265_SEQUENCE)
    found = [(kind, unit) for kind, unit in _units(codec, packet) if kind in wanted]
    if not any(kind == sequence for kind, _ in found):
        return None
    return b"".join(b"\x00" + _START_CODE + unit for _, unit in found)


def _units(codec: str, packet: bytes) -> list[tuple[int, bytes]]:
    """The packet's NAL units up to its first slice, each with its type."""
    units: list[tuple[int, bytes]] = []
    end = min(len(packet), _LOOKED_THROUGH)
    at = packet.find(_START_CODE, 0, end)
    while 0 <= at < len(packet) - len(_START_CODE):
        begins = at + len(_START_CODE)
        at = packet.find(_START_CODE, begins, end)
        header = packet[begins]
        kind = header & 0x1F if codec == "h264" else header >> 1 & 0x3F
        if at < 0 and len(packet) > _LOOKED_THROUGH:
            break
        units.append((kind, packet[begins : at if at >= 0 else None].rstrip(b"\x00")))
    return units

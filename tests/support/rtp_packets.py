"""Bytes of RTP packets and RTCP sender reports (RFC 3550, sections 5.1, 6.4.1 and 6.5)."""

from collections.abc import Iterable
from dataclasses import dataclass, field
import secrets
import struct

NTP_EPOCH_S = 2_208_988_800
"""Seconds from 1900 to 1970."""

SENDER_REPORT = 200
SOURCE_DESCRIPTION = 202
CNAME = b"camera"


@dataclass(slots=True)
class RtpStream:
    """The outgoing numbering of one medium: it runs on, whatever clip is being sent."""

    payload_type: int
    clock_rate: int
    source_id: int = field(default_factory=lambda: secrets.randbits(32))
    time_base: int = field(default_factory=lambda: secrets.randbits(32))
    sequence: int = field(default_factory=lambda: secrets.randbits(16))
    last_ticks: int = 0
    packets_sent: int = 0
    bytes_sent: int = 0

    def packets(self, ticks: int, payloads: Iterable[tuple[bool, bytes]]) -> list[bytes]:
        """Number the payloads and return them as RTP packets of this RTP time (ticks since the start)."""
        numbered = []
        timestamp = self.rtp_time(ticks)
        for marker, payload in payloads:
            header = struct.pack(
                "!BBHII", 0x80, marker << 7 | self.payload_type, self.sequence, timestamp, self.source_id
            )
            numbered.append(header + payload)
            self.sequence = (self.sequence + 1) & 0xFFFF
            self.packets_sent += 1
            self.bytes_sent += len(payload)
        return numbered

    def rtp_time(self, ticks: int) -> int:
        """Return the 32-bit RTP time of that many ticks since the start."""
        return (self.time_base + ticks) & 0xFFFFFFFF

    def sender_report(self, wall_s: float, elapsed_s: float) -> bytes:
        """Return the compound RTCP packet that ties wall-clock time to RTP time."""
        seconds, fraction = divmod(wall_s + NTP_EPOCH_S, 1)
        report = struct.pack(
            "!BBHIIIIII",
            0x80,
            SENDER_REPORT,
            6,
            self.source_id,
            int(seconds) & 0xFFFFFFFF,
            int(fraction * (1 << 32)),
            self.rtp_time(round(elapsed_s * self.clock_rate)),
            self.packets_sent & 0xFFFFFFFF,
            self.bytes_sent & 0xFFFFFFFF,
        )
        item = struct.pack("!IBB", self.source_id, 1, len(CNAME)) + CNAME
        item += bytes(4 - len(item) % 4)
        return report + struct.pack("!BBH", 0x81, SOURCE_DESCRIPTION, len(item) // 4) + item

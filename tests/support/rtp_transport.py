"""The two ways RTP reaches a client: inside the RTSP connection, or over UDP."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

MOST_WAITING_BYTES = 4 << 20
"""What may wait for a client that does not read before packets for it are dropped."""

BIND_TRIES = 50


class RtpTransport(Protocol):
    """Carries one medium to one client."""

    dropped: int
    """Packets that were thrown away because the client did not read."""

    def send_rtp(self, packets: Sequence[bytes]) -> None:
        """Send RTP packets."""

    def send_rtcp(self, packet: bytes) -> None:
        """Send an RTCP packet."""


@dataclass(slots=True)
class InterleavedTransport:
    """RTP in the RTSP connection (RFC 2326, section 10.12)."""

    connection: asyncio.WriteTransport
    rtp_channel: int
    rtcp_channel: int
    dropped: int = 0

    def send_rtp(self, packets: Sequence[bytes]) -> None:
        """Send RTP packets in one write, or drop them if too much is waiting."""
        self._write(self.rtp_channel, packets)

    def send_rtcp(self, packet: bytes) -> None:
        """Send an RTCP packet."""
        self._write(self.rtcp_channel, (packet,))

    def _write(self, channel: int, packets: Sequence[bytes]) -> None:
        if self.connection.is_closing():
            return
        if self.connection.get_write_buffer_size() > MOST_WAITING_BYTES:
            self.dropped += len(packets)
            return
        prefix = b"$" + bytes((channel,))
        self.connection.write(b"".join(prefix + len(each).to_bytes(2) + each for each in packets))


@dataclass(slots=True)
class UdpTransport:
    """RTP and RTCP to a client's pair of UDP ports."""

    ports: UdpPorts
    host: str
    rtp_port: int
    rtcp_port: int
    dropped: int = 0

    def send_rtp(self, packets: Sequence[bytes]) -> None:
        """Send RTP packets as datagrams."""
        for packet in packets:
            self.ports.rtp.sendto(packet, (self.host, self.rtp_port))

    def send_rtcp(self, packet: bytes) -> None:
        """Send an RTCP packet as a datagram."""
        self.ports.rtcp.sendto(packet, (self.host, self.rtcp_port))


class _Deaf(asyncio.DatagramProtocol):
    """Reads and forgets what clients report."""


@dataclass(frozen=True, slots=True)
class UdpPorts:
    """The server's pair of UDP ports, an even one and the next."""

    rtp: asyncio.DatagramTransport
    rtcp: asyncio.DatagramTransport
    first: int

    @classmethod
    async def open(cls, host: str) -> UdpPorts:
        """Bind a free pair; raise OSError if none is found."""
        loop = asyncio.get_running_loop()
        for _ in range(BIND_TRIES):
            rtp, _ = await loop.create_datagram_endpoint(_Deaf, local_addr=(host, 0))
            port = int(rtp.get_extra_info("sockname")[1])
            if port % 2 == 0:
                try:
                    rtcp, _ = await loop.create_datagram_endpoint(_Deaf, local_addr=(host, port + 1))
                except OSError:
                    rtp.close()
                    continue
                return cls(rtp, rtcp, port)
            rtp.close()
        message = "no free pair of UDP ports"
        raise OSError(message)

    def close(self) -> None:
        """Close both."""
        self.rtp.close()
        self.rtcp.close()

"""A bare RTSP client: it sees every packet, its RTP time and when it came."""

import asyncio
from dataclasses import dataclass
import re
import struct
import time
from typing import Self
from urllib.parse import urlsplit


@dataclass(frozen=True, slots=True)
class Packet:
    """One interleaved RTP packet."""

    channel: int
    payload_type: int
    sequence: int
    timestamp: int
    payload: bytes
    arrived_at: float


@dataclass(frozen=True, slots=True)
class Reply:
    """An RTSP answer."""

    status: int
    headers: dict[str, str]
    body: str


class RtspClient:
    """One connection; RTP that arrives between answers is kept in `packets`."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self.url = f"rtsp://{parts.hostname}:{parts.port}{parts.path}"
        self._address = parts.hostname, parts.port
        self._sequence = 0
        self.packets: list[Packet] = []
        self.reports: list[bytes] = []

    async def __aenter__(self) -> Self:
        self._reader, self._writer = await asyncio.open_connection(*self._address)
        return self

    async def __aexit__(self, *_: object) -> None:
        self._writer.close()

    async def ask(self, method: str, path: str = "", **headers: str) -> Reply:
        self._sequence += 1
        lines = [f"{method} {self.url}{path} RTSP/1.0", f"CSeq: {self._sequence}"]
        lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
        self._writer.write("\r\n".join((*lines, "", "")).encode())
        async with asyncio.timeout(5):
            while (first := await self._reader.readexactly(1)) == b"$":
                await self._take_packet()
            head = (first + await self._reader.readuntil(b"\r\n\r\n")).decode()
            fields = {k.lower(): v.strip() for k, _, v in (line.partition(":") for line in head.split("\r\n")[1:])}
            body = await self._reader.readexactly(int(fields.get("content-length", 0)))
        return Reply(int(head.split(" ")[1]), fields, body.decode())

    async def play(self, *tracks: int) -> Reply:
        for track in tracks:
            transport = f"RTP/AVP/TCP;unicast;interleaved={2 * track}-{2 * track + 1}"
            assert (await self.ask("SETUP", f"/trackID={track}", Transport=transport)).status == 200
        return await self.ask("PLAY")

    async def listen(self, packets: int, channel: int) -> list[Packet]:
        """Return that many further packets of one channel."""
        seen = len([packet for packet in self.packets if packet.channel == channel])
        async with asyncio.timeout(15):
            while len(got := [each for each in self.packets if each.channel == channel]) < seen + packets:
                if await self._reader.readexactly(1) == b"$":
                    await self._take_packet()
        return got[seen:]

    async def _take_packet(self) -> None:
        channel, length = struct.unpack("!BH", await self._reader.readexactly(3))
        data = await self._reader.readexactly(length)
        if channel % 2:
            self.reports.append(data)
            return
        _, kind, sequence, timestamp = struct.unpack_from("!BBHI", data)
        self.packets.append(Packet(channel, kind & 127, sequence, timestamp, data[12:], time.time()))


def rtp_info(reply: Reply) -> dict[int, tuple[int, int]]:
    """Return each track's sequence number and RTP time that a PLAY answer announces."""
    found = re.findall(r"trackID=(\d+);seq=(\d+);rtptime=(\d+)", reply.headers["rtp-info"])
    return {int(track): (int(sequence), int(rtp_time)) for track, sequence, rtp_time in found}

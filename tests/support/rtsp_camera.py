"""A real RTSP camera on loopback whose faults can be switched while it runs."""

import asyncio
from collections.abc import Callable, Coroutine, Iterable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.parse import quote

from .camera_source import CameraSource, Counters
from .ports import LOOPBACK
from .rtp_clip import Kind, RtpClip, packetise
from .rtp_source import Loop, RtpSource
from .rtp_transport import UdpPorts
from .rtsp_auth import Guard, Scheme
from .rtsp_session import RtspSession


class FakeCamera:
    """Serves media files in real time, endlessly, over TCP and UDP; use it as `async with`.

    Every source is live from the start: clients join where it is. Faults are per source and stay until they
    are taken back; `refuse` is the whole camera's, since its sources share a port.
    """

    def __init__(
        self,
        sources: Mapping[str, Path | str],
        *,
        port: int = 0,
        auth: tuple[str, str] | None = None,
        scheme: Scheme = "digest",
        lower_transports: Iterable[str] = ("tcp", "udp"),
        host: str = LOOPBACK,
        in_band: bool = False,
    ) -> None:
        """Describe the camera: a file per source name, user and password, what it can carry RTP over, its address.

        `in_band`: it sends parameter sets with each key frame.
        """
        self.port, self.host, self._in_band = port, host, in_band
        self._files = {name: Path(file) for name, file in sources.items()}
        self._auth, self._scheme = auth, scheme
        self._lower_transports = frozenset(lower_transports)
        self._sources: dict[str, CameraSource] = {}
        self._clips: dict[tuple[Path, int], RtpClip] = {}
        self._server: asyncio.Server | None = None
        self._ports: UdpPorts | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._sessions: set[RtspSession] = set()

    async def __aenter__(self) -> Self:
        """Start sending and listening; raise FfmpegError for a file that is no clip."""
        try:
            for name, file in self._files.items():
                source = CameraSource(name, RtpSource(await self._load(file)))
                self._sources[name] = source
                self._own(source.stream.run())
            self._ports = await UdpPorts.open(self.host)
            await self.listen()
        except BaseException:
            await self._close()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the port, reset every client and stop."""
        await self._close()

    def url(self, name: str, *, user: str | None = None, password: str | None = None) -> str:
        """Return a source's URL with the camera's own credentials, or those given ("" for none)."""
        if user is None and self._auth is not None:
            user = self._auth[0]
        if password is None and self._auth is not None:
            password = self._auth[1]
        login = f"{quote(user, safe='')}:{quote(password or '', safe='')}@" if user else ""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"rtsp://{login}{host}:{self.port}/{quote(name)}"

    def counters(self, name: str) -> Counters:
        """Return what clients have asked of a source."""
        return self._sources[name].counters

    def loops(self, name: str) -> tuple[Loop, ...]:
        """Return when each passage of a source's clip began."""
        return self._sources[name].stream.loops

    def wall_times(self, name: str, media_s: float) -> list[float]:
        """Return when (seconds since 1970) this second of the present clip was sent, oldest first."""
        return self._sources[name].stream.wall_times(media_s)

    async def freeze(self, name: str) -> None:
        """Send nothing more, but keep connections open and answer requests; time goes on."""
        self._sources[name].stream.frozen = True

    async def thaw(self, name: str) -> None:
        """Send again, after freeze."""
        self._sources[name].stream.frozen = False

    async def garbage(self, name: str, on: bool = True) -> None:
        """Send random RTP payloads under right headers."""
        self._sources[name].stream.garbage = on

    async def drop(self, name: str) -> None:
        """Reset the TCP connection of every client of a source."""
        for session in tuple(self._sources[name].connections):
            session.abort()

    async def status(self, name: str, code: int | None) -> None:
        """Answer this status to everything but OPTIONS; None: answer properly again."""
        self._sources[name].faults.status = code

    async def jump(self, name: str, seconds: float, kind: Kind | None = None) -> None:
        """Let a source's RTP times (or one medium's) jump, ahead or back, while the sound goes on."""
        self._sources[name].stream.jump(seconds, kind)

    async def stuck(self, name: str, on: bool = True) -> None:
        """Send every packet with the time of the one before."""
        self._sources[name].stream.stuck = on

    async def withhold(self, name: str, *kinds: Kind) -> None:
        """Send nothing of these media; without any, everything again."""
        self._sources[name].stream.withheld = frozenset(kinds)

    async def renumber(self, name: str, step: int | None = None) -> None:
        """Number packets (or move their numbers by `step`) and times anew in mid-session, under another source id."""
        self._sources[name].stream.renumber(step)

    async def lose_datagrams(self, name: str, on: bool = True) -> None:
        """Let nothing that is sent over UDP arrive."""
        self._sources[name].faults.datagrams_lost = on

    async def describe(self, name: str, description: Callable[[str], str]) -> None:
        """Answer DESCRIBE in other words."""
        self._sources[name].faults.description = description

    async def restart(self, name: str) -> None:
        """Reset every client of a source and number its packets and times anew, as a camera that restarts."""
        self._sources[name].stream.renumber()
        await self.drop(name)

    async def slow(self, name: str, delay_s: float) -> None:
        """Wait this long before each answer."""
        self._sources[name].faults.answer_delay_s = delay_s

    async def silent(self, name: str, on: bool = True) -> None:
        """Accept connections and never answer."""
        self._sources[name].faults.silent = on

    async def html(self, name: str, on: bool = True) -> None:
        """Answer a web page instead of RTSP."""
        self._sources[name].faults.html = on

    async def limit(self, name: str, sessions: int | None) -> None:
        """Refuse sessions beyond this many at a time with 453."""
        self._sources[name].faults.most_sessions = sessions

    async def whole_only(self, name: str, on: bool = True) -> None:
        """Refuse with 455 to play sound or picture alone."""
        self._sources[name].faults.whole_only = on

    async def whole_or_nothing(self, name: str, on: bool = True) -> None:
        """Play sound or picture alone, but send nothing of it."""
        self._sources[name].faults.whole_or_nothing = on

    async def heal(self, name: str) -> None:
        """Take back every fault of a source and listen."""
        source = self._sources[name]
        source.stream.frozen = source.stream.garbage = source.stream.stuck = False
        source.stream.withheld = frozenset()
        source.faults = type(source.faults)()
        await self.listen()

    async def swap(self, name: str, file: Path | str) -> Loop:
        """Send another file from now on, also to clients that play; return its first passage."""
        return await self._sources[name].stream.replace(await self._load(Path(file)))

    async def rewind(self, name: str) -> Loop:
        """Send the present clip from its beginning, sound joining without a gap; return that passage."""
        stream = self._sources[name].stream
        return await stream.replace(stream.clip)

    async def refuse(self) -> None:
        """Close the port and reset every client, as a camera without power does."""
        if self._server is not None:
            self._server.close()
            self._server = None
        for session in tuple(self._sessions):
            session.abort()

    async def listen(self) -> None:
        """Open the port again, the same one as before."""
        if self._server is None:
            self._server = await asyncio.start_server(self._accept, self.host, self.port)
            self.port = int(self._server.sockets[0].getsockname()[1])

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        guard = Guard(*self._auth, self._scheme) if self._auth is not None else None
        assert self._ports is not None
        session = RtspSession(reader, writer, self._sources, self._ports, guard, self._lower_transports)
        self._sessions.add(session)
        self._own(session.run()).add_done_callback(lambda _: self._sessions.discard(session))

    async def _load(self, file: Path) -> RtpClip:
        """Packetise a file, once for all sources that show it."""
        path = file.resolve()
        key = path, path.stat().st_mtime_ns
        if key not in self._clips:
            self._clips[key] = await packetise(path, in_band=self._in_band)
        return self._clips[key]

    def _own(self, work: Coroutine[None, None, None]) -> asyncio.Task[None]:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def _close(self) -> None:
        await self.refuse()
        tasks = tuple(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        if self._ports is not None:
            self._ports.close()

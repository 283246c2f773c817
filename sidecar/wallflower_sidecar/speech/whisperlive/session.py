"""One session: a WebSocket to a WhisperLive server with fixed options, from SERVER_READY to its end."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
import logging
import uuid

import aiohttp
from aiohttp import WSMsgType
from yarl import URL

from wallflower_sidecar.domain.clock import Clock

from . import wire
from .faults import (
    SessionEndedError,
    bad_url,
    closed_before_ready,
    connect_fault,
    full,
    gone_before_ready,
    model_failed,
    never_ready,
    not_whisperlive,
)
from .intake import Intake
from .limits import Limits

_LOGGER = logging.getLogger(__name__)

BYTES_A_SECOND = 16_000 * 4
_GARBAGE_BEFORE_READY = 3
_GARBAGE = 20
_GOODBYES = (WSMsgType.CLOSE, WSMsgType.CLOSING, WSMsgType.CLOSED, WSMsgType.ERROR)


@dataclass(frozen=True, slots=True)
class Wish:
    """What a session is opened with and cannot change: a language (None: the server detects one, once) and words."""

    language: str | None = None
    hotwords: str | None = None


@dataclass(frozen=True, slots=True)
class Server:
    """Where a session is opened, and as whom."""

    url: str
    token: str | None
    model: str | None


class Session:
    """A ready session. Sound goes in with `send`; what comes back is handed to `listener`."""

    def __init__(self, wish: Wish, ws: aiohttp.ClientWebSocketResponse, limits: Limits, clock: Clock) -> None:
        """Take over an open WebSocket; `open_session` does what precedes."""
        self.uid = str(uuid.uuid4())
        self.wish = wish
        self.language = wish.language
        self.ready_s = 0.0
        """How long the server took until it was ready."""
        self.opened_at = clock.monotonic()
        self.idle_since = self.opened_at
        self.sent_s = 0.0
        """Seconds of sound sent, which is the session's own time."""
        self.acked = False
        self.ended: str | None = None
        self.disconnected = False
        """Whether it ended because the server lets no session live longer."""
        self.listener: Callable[[wire.Segments], None] | None = None
        self._ws = ws
        self._limits = limits
        self._clock = clock
        self._changed = asyncio.Event()
        self._told_at = self.opened_at
        self._intake = Intake(self.uid, clock)

    @property
    def age_s(self) -> float:
        """Seconds since the WebSocket was opened, which is what the server counts."""
        return self._clock.monotonic() - self.opened_at

    @property
    def quiet_s(self) -> float:
        """Seconds since the server last told something."""
        return self._clock.monotonic() - self._told_at

    async def shake_hands(self, model: str | None) -> None:
        """Send the options and wait for SERVER_READY; raises ServerFaultError."""
        asked_at = self._clock.monotonic()
        try:
            async with asyncio.timeout(self._limits.ready_s):
                await self._ws.send_str(
                    wire.options(self.uid, model=model, language=self.wish.language, hotwords=self.wish.hotwords)
                )
                await self._until_ready()
        except TimeoutError:
            raise never_ready(self._limits.ready_s) from None
        except aiohttp.ClientError, ConnectionError:
            raise gone_before_ready() from None
        self.ready_s = self._clock.monotonic() - asked_at

    async def read(self) -> None:
        """Read until the session ends; a task of its own."""
        try:
            while self.ended is None:
                message = await self._ws.receive()
                if message.type in _GOODBYES:
                    self.end(f"the server closed it ({self._ws.close_code})")
                else:
                    await self._take(message)
                    await asyncio.sleep(0)  # a server that floods must not keep the event loop to itself
        except (aiohttp.ClientError, ConnectionError) as error:
            self.end(f"it broke ({type(error).__name__})")
        finally:
            self.end("it was given up")

    async def send(self, frame: bytes) -> None:
        """Send float32 sound; raises SessionEndedError when the session is over or takes no more."""
        try:
            async with asyncio.timeout(self._limits.send_s):
                await self._ws.send_bytes(frame)
        except TimeoutError:
            self.end("the server takes no more sound")
        except (aiohttp.ClientError, ConnectionError) as error:
            self.end(f"it broke ({type(error).__name__})")
        self.require_alive()
        self.sent_s += len(frame) / BYTES_A_SECOND

    async def ping(self) -> None:
        """Ask for a sign that all that was sent has arrived; `acked` is true from then on."""
        self.acked = False
        try:
            async with asyncio.timeout(self._limits.send_s):
                await self._ws.ping()
        except (TimeoutError, aiohttp.ClientError, ConnectionError) as error:
            self.end(f"it broke ({type(error).__name__})")
        self.require_alive()

    async def changed(self, timeout_s: float) -> bool:
        """Wait for a message or a pong; False when none came in time. Raises SessionEndedError."""
        self.require_alive()
        try:
            async with asyncio.timeout(max(timeout_s, 0.0)):
                await self._changed.wait()
        except TimeoutError:
            return False
        self._changed.clear()
        self.require_alive()
        return True

    def require_alive(self) -> None:
        """Raise SessionEndedError if the session is over."""
        if self.ended is not None:
            raise SessionEndedError(self.ended)

    def end(self, reason: str) -> None:
        """Note that the session is over; the first reason holds."""
        if self.ended is None:
            self.ended = reason
            self._changed.set()

    async def close(self) -> None:
        """Say goodbye and close the socket, whatever state it is in."""
        self.end("it was closed")
        try:
            async with asyncio.timeout(self._limits.close_s):
                await self._ws.close()
        except (TimeoutError, aiohttp.ClientError, ConnectionError) as error:
            _LOGGER.debug("a session closed without goodbye (%s)", type(error).__name__)

    async def _until_ready(self) -> None:
        while True:
            frame = await self._ws.receive()
            if frame.type in _GOODBYES:
                raise closed_before_ready() if self._ws.close_code == aiohttp.WSCloseCode.OK else gone_before_ready()
            match await self._understand(frame):
                case wire.Ready():
                    return
                case wire.Wait(seconds):
                    raise full(seconds)
                case wire.Failure(text):
                    raise model_failed(text)
                case wire.Disconnect():
                    raise closed_before_ready()
                case wire.Unknown() if self._intake.garbage > _GARBAGE_BEFORE_READY:
                    raise not_whisperlive()
                case _:
                    pass

    async def _take(self, frame: aiohttp.WSMessage) -> None:
        match await self._understand(frame):
            case wire.Segments() as segments:
                self._told_at = self._clock.monotonic()
                if self.listener is not None:
                    self.listener(segments)
            case wire.Language(code):
                self.language = code
            case wire.Disconnect():
                self.disconnected = True
                self.end("the server lets no session live longer")
            case wire.Failure():
                self.end("the server reported an error")
            case _:
                pass
        if self._intake.garbage > _GARBAGE:
            self.end("the server sends what is no message of WhisperLive")
        if self._intake.flooded:
            self.end("the server floods us with messages")
        self._changed.set()

    async def _understand(self, frame: aiohttp.WSMessage) -> wire.Incoming:
        if frame.type is WSMsgType.PING:
            await self._ws.pong(frame.data)
        elif frame.type is WSMsgType.PONG:
            self.acked = True
        else:
            return self._intake.read(frame)
        return wire.Unknown()


async def open_session(
    http: aiohttp.ClientSession, server: Server, wish: Wish, limits: Limits, clock: Clock
) -> Session:
    """Connect and wait until the server is ready; raises ServerFaultError and leaves nothing open then."""
    headers = {"Authorization": f"Bearer {server.token}"} if server.token else {}
    address = _address(server)
    try:
        async with asyncio.timeout(limits.connect_s):
            ws = await http.ws_connect(
                address,
                headers=headers,
                autoping=False,
                compress=0,
                max_msg_size=wire.LARGEST_MESSAGE,
                timeout=aiohttp.ClientWSTimeout(ws_close=limits.close_s),
            )
    except (aiohttp.ClientError, OSError) as error:
        raise connect_fault(error) from None
    session = Session(wish, ws, limits, clock)
    try:
        await session.shake_hands(server.model)
    except BaseException:
        await session.close()
        raise
    return session


def _address(server: Server) -> URL:
    """The URL, without user and password where a token stands for them; raises ServerFaultError."""
    try:
        url = URL(server.url)
        if url.scheme not in {"ws", "wss"} or not url.host or not url.port:
            raise bad_url()
    except ValueError:
        raise bad_url() from None
    return url.with_user(None) if server.token else url

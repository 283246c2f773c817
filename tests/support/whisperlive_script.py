"""A WhisperLive server that plays a script: it decodes as the real one does, but sound level is text; faults are set.

What is said is its level: a stretch of level 3 is `TEXTS[3]`. Cutting, completing, resending, swallowing and the
life of a session follow whisper-live 0.10.0; `tests/contract` holds the client against the real server.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
import itertools
import json
import ssl
import time
from typing import Any, Self

from aiohttp import WSMsgType, web
import numpy as np

from wallflower_sidecar.domain.transcripts import Utterance, new_id

from .ports import LOOPBACK
from .speech import SAMPLE_RATE

type Segment = dict[str, Any]

TEXTS = {1: "Help!", 2: "The front door is open.", 3: "Good morning.", 4: "Who is there?", 5: "Ask not what for you"}
OTHER_TEXT = "This is something else."
SAID_AT = datetime(2026, 11, 22, 7, 20, 42, tzinfo=UTC)
PRE_ROLL_S, HANGOVER_S, PAUSE_S = 0.3, 0.6, 0.4
_STEP = SAMPLE_RATE // 50
_LEVEL = 2000 / 32768


def spoken(*levels: int, seconds: float = 1.0, stream: str = "porch") -> Utterance:
    """Return an utterance in which these levels are said, each so long; none at all makes it silent."""
    speech: list[np.ndarray[Any, Any]] = []
    for level in levels:
        speech += [np.full(round(seconds * SAMPLE_RATE), 2000 * level), np.zeros(round(PAUSE_S * SAMPLE_RATE))]
    said = np.concatenate(speech[:-1]) if speech else np.zeros(SAMPLE_RATE)
    around = np.zeros(round(PRE_ROLL_S * SAMPLE_RATE)), np.zeros(round(HANGOVER_S * SAMPLE_RATE))
    pcm = np.concatenate((around[0], said, around[1])).astype("<i2").tobytes()
    end = SAID_AT + timedelta(seconds=len(said) / SAMPLE_RATE)
    return Utterance(new_id(), stream, SAID_AT, end, SAID_AT - timedelta(seconds=PRE_ROLL_S), pcm)


@dataclass
class Behaviour:
    """How one connection goes; as it stands, well."""

    load_s: float = 0.0
    before_ready: list[str | bytes] = field(default_factory=list)
    """Frames before SERVER_READY."""
    instead_of_ready: list[Segment] | None = None
    """Messages after which it is closed; `[]` is close 1000 without a word."""
    drop_before_ready: bool = False
    """The connection breaks without goodbye while its model is loaded."""
    mute: bool = False
    """It takes sound, answers pings, and no more: the deadlock."""
    deaf_to_pings: bool = False
    life_s: float | None = None
    """After that the next frame of sound brings DISCONNECT."""
    disconnect_at_frame: int | None = None
    close_at_frame: int | None = None
    drop_at_frame: int | None = None
    """The connection breaks without goodbye."""
    decode_s: float = 0.02
    words: bool = True
    completes: bool = True
    detects: str | None = "en"
    """Language a session without one detects in what is said; None: never one, and so no text."""
    detects_known: bool = True
    """Whether it detects one in what has no level of TEXTS."""
    rewrite: Callable[[list[Segment], int], list[Segment]] | None = None
    """Changes the segments of the n-th message, from 0."""
    beside: list[str | bytes] = field(default_factory=list)
    """Frames after each message of segments."""
    flood: bool = False


class Connection:
    """One session as the server saw it."""

    def __init__(self, ws: web.WebSocketResponse, behaviour: Behaviour) -> None:
        """Begin with nothing heard."""
        self.behaviour = behaviour
        self.options: dict[str, Any] = {}
        self.closed = False
        self.disconnected = False
        """Whether it was told so."""
        self.frames: list[int] = []
        """Bytes of each frame of sound."""
        self.pings_answered = 0
        self._ws = ws
        self._opened = time.monotonic()
        self._sound = np.zeros(0, np.float32)
        self._offset = 0.0
        self._heard = asyncio.Event()
        self._completed: list[Segment] = []
        self._last, self._same, self._told = "", 0, 0
        self._language: str | None = None

    @property
    def sent_s(self) -> float:
        """Seconds of sound that came in."""
        return sum(self.frames) / 4 / SAMPLE_RATE

    async def tell(self, **message: Any) -> None:
        """Send a message."""
        await self._ws.send_str(json.dumps({"uid": self.options.get("uid"), **message}))

    async def ping(self) -> None:
        """Ask for a sign of life."""
        await self._ws.ping(b"are you there")

    def drop(self) -> None:
        """Break the connection."""
        if self._ws._req is not None and self._ws._req.transport is not None:
            self._ws._req.transport.abort()

    async def converse(self) -> None:
        """Play the script until the connection ends."""
        self.options = json.loads((await self._ws.receive()).data)
        self._language = self.options["language"]
        behaviour = self.behaviour
        if behaviour.instead_of_ready is not None:
            for message in behaviour.instead_of_ready:
                await self.tell(**message)
            return
        await self._send_raw(behaviour.before_ready)
        await asyncio.sleep(behaviour.load_s)
        if behaviour.drop_before_ready:
            self.drop()
            return
        await self.tell(message="SERVER_READY", backend="faster_whisper")
        decoding = asyncio.create_task(self._decode_for_ever())
        try:
            await self._listen()
        finally:
            decoding.cancel()
            await asyncio.gather(decoding, return_exceptions=True)

    async def _listen(self) -> None:
        behaviour = self.behaviour
        async for frame in self._ws:
            if frame.type is WSMsgType.PING and not behaviour.deaf_to_pings:
                await self._ws.pong(frame.data)
            elif frame.type is WSMsgType.PONG:
                self.pings_answered += 1
            elif frame.type is WSMsgType.BINARY:
                self.frames.append(len(frame.data))
                self._sound = np.concatenate((self._sound, np.frombuffer(frame.data, "<f4")))
                self._heard.set()
                count = len(self.frames)
                old = behaviour.life_s is not None and time.monotonic() - self._opened >= behaviour.life_s
                if old or count == behaviour.disconnect_at_frame:
                    self.disconnected = True
                    await self.tell(message="DISCONNECT")
                    return
                if count == behaviour.drop_at_frame:
                    self.drop()
                    return
                if count == behaviour.close_at_frame:
                    return

    async def _decode_for_ever(self) -> None:
        while True:
            left = self._sound[round(self._offset * SAMPLE_RATE) :]
            if len(left) < SAMPLE_RATE or self.behaviour.mute:
                self._heard.clear()
                await self._heard.wait()
                continue
            await asyncio.sleep(self.behaviour.decode_s)
            segments = self._decode(left)
            if segments and self._language is None:
                known = self.behaviour.detects_known and any(text == OTHER_TEXT for _, _, text in segments)
                self._language = "en" if known else self.behaviour.detects
                if self._language is not None:
                    await self.tell(language=self._language, language_prob=0.9)
            if segments and self._language is not None:
                await self._tell_segments(segments, len(left) / SAMPLE_RATE)
            else:
                self._offset += len(left) / SAMPLE_RATE

    def _decode(self, sound: np.ndarray[Any, Any]) -> list[tuple[float, float, str]]:
        """Stretches of one level, as (start, end, text); a change of level ends one, a pause does too.

        What has no level, such as a voice, is something else.
        """
        steps = np.abs(sound[: len(sound) // _STEP * _STEP]).reshape(-1, _STEP)
        levels = np.round(steps.mean(axis=1) / _LEVEL).astype(int)
        levels[(steps.max(axis=1) > _LEVEL / 10) & (np.ptp(steps, axis=1) > _LEVEL / 10)] = max(TEXTS) + 1
        changes = [0, *(np.flatnonzero(np.diff(levels)) + 1), len(levels)]
        return [
            (begin * 0.02, end * 0.02, TEXTS.get(int(levels[begin]), OTHER_TEXT))
            for begin, end in itertools.pairwise(changes)
            if levels[begin]
        ]

    async def _tell_segments(self, decoded: list[tuple[float, float, str]], duration_s: float) -> None:
        for start, end, text in decoded[:-1]:
            self._completed.append(self._segment(start, end, text, completed=True, words=self.behaviour.words))
        start, end, text = decoded[-1]
        partial = [self._segment(start, end, text, completed=False, words=self.behaviour.words)]
        begin = self._offset
        if len(decoded) > 1:
            self._offset += decoded[-2][1]
        self._same = self._same + 1 if text == self._last else 0
        self._last = text
        if self._same > self.options["same_output_threshold"] and self.behaviour.completes:
            if not self._completed or self._completed[-1]["text"] != f" {text}":
                self._completed.append(
                    self._segment(self._offset - begin, end, text, completed=True, words=False, of=begin)
                )
            partial, self._last, self._same = [], "", 0
            self._offset = begin + min(duration_s, end)
        segments = self._completed[-self.options["send_last_n_segments"] :] + partial
        if self.behaviour.rewrite:
            segments = self.behaviour.rewrite(json.loads(json.dumps(segments)), self._told)
        self._told += 1
        await self.tell(segments=segments)
        await self._send_raw(self.behaviour.beside)
        while self.behaviour.flood:
            await self.tell(segments=segments)

    def _segment(
        self, start: float, end: float, text: str, *, completed: bool, words: bool, of: float | None = None
    ) -> Segment:
        offset = self._offset if of is None else of
        segment: Segment = {
            "start": f"{offset + start:.3f}",
            "end": f"{offset + end:.3f}",
            "text": f" {text}",
            "completed": completed,
        }
        if words:
            parts = text.split()
            step = (end - start) / len(parts)
            segment["words"] = [
                {
                    "word": f" {word}",
                    "start": f"{offset + start + index * step:.3f}",
                    "end": f"{offset + start + (index + 1) * step:.3f}",
                    "probability": 0.9,
                }
                for index, word in enumerate(parts)
            ]
        return segment

    async def _send_raw(self, frames: list[str | bytes]) -> None:
        for frame in frames:
            await (self._ws.send_str(frame) if isinstance(frame, str) else self._ws.send_bytes(frame))


class ScriptedWhisperLive:
    """The server; `async with` starts and ends it. `script` holds the next connections' behaviours, then `usual`."""

    def __init__(self, *behaviours: Behaviour, token: str | None = None, max_clients: int = 4, wait_min: float = 0.01):
        """Begin with these behaviours, one for each connection."""
        self.script = list(behaviours)
        self.usual = Behaviour()
        self.token = token
        self.max_clients = max_clients
        self.wait_min = wait_min
        self.answer: Callable[[web.Request], web.StreamResponse | None] = lambda request: None
        """A response in place of a WebSocket."""
        self.connections: list[Connection] = []
        self.handshakes = 0
        self.tls: ssl.SSLContext | None = None
        self.port = 0
        self._runner: web.AppRunner | None = None

    @property
    def url(self) -> str:
        """Where it listens; the same after a restart."""
        return f"{'wss' if self.tls else 'ws'}://{LOOPBACK}:{self.port}"

    @property
    def open(self) -> list[Connection]:
        """The connections of now."""
        return [connection for connection in self.connections if not connection.closed]

    async def __aenter__(self) -> Self:
        """Start it."""
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        """End it."""
        await self.stop()

    async def start(self) -> None:
        """Listen, on the same port as before."""
        app = web.Application()
        app.router.add_get("/{path:.*}", self._accept)
        self._runner = web.AppRunner(app, shutdown_timeout=0.1, access_log=None)
        await self._runner.setup()
        site = web.TCPSite(self._runner, LOOPBACK, self.port, ssl_context=self.tls, reuse_address=True)
        await site.start()
        self.port = self._runner.addresses[0][1]

    async def stop(self) -> None:
        """Break every connection and listen no more."""
        for connection in self.open:
            connection.drop()
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    async def _accept(self, request: web.Request) -> web.StreamResponse:
        self.handshakes += 1
        if (response := self.answer(request)) is not None:
            return response
        if self.token and request.headers.get("Authorization") != f"Bearer {self.token}":
            return web.Response(status=401, text="Unauthorized\n")
        ws = web.WebSocketResponse(autoping=False, max_msg_size=1_048_576)
        await ws.prepare(request)
        full = len(self.open) >= self.max_clients
        behaviour = self.script.pop(0) if self.script and not full else self.usual
        if full:
            behaviour = Behaviour(instead_of_ready=[{"status": "WAIT", "message": self.wait_min}])
        connection = Connection(ws, behaviour)
        connection.closed = full
        self.connections.append(connection)
        try:
            await connection.converse()
        finally:
            connection.closed = True
            await ws.close()
        return ws

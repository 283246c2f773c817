"""Other clients of a WhisperLive server: one that takes a place, and a rude one that stops the server for everybody."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
import json
from typing import Any
import uuid

import aiohttp
import numpy as np

from .sentences import DOOR
from .speech import SAMPLE_RATE, as_float, synthesise

OPTIONS = {"language": "en", "task": "transcribe", "model": "tiny.en", "use_vad": True}


@asynccontextmanager
async def session(url: str, token: str | None = None, **options: Any) -> AsyncIterator[aiohttp.ClientWebSocketResponse]:
    """Open a session and yield it once the server is ready for its sound."""
    async with _asking(url, token, options) as (socket, answer):
        assert answer.get("message") == "SERVER_READY", answer
        yield socket


async def is_full(url: str, token: str | None = None) -> bool:
    """Say whether the server sends new clients away; it counts those it has a moment after it greets them."""
    async with _asking(url, token, {}) as (_, answer):
        return answer.get("status") == "WAIT"


@asynccontextmanager
async def _asking(
    url: str, token: str | None, options: dict[str, Any]
) -> AsyncIterator[tuple[aiohttp.ClientWebSocketResponse, dict[str, Any]]]:
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    async with aiohttp.ClientSession() as http, http.ws_connect(url, headers=headers) as socket:
        await socket.send_str(json.dumps(OPTIONS | {"uid": uuid.uuid4().hex} | options))
        yield socket, json.loads(await socket.receive_str(timeout=30))


@asynccontextmanager
async def rude_session(url: str, token: str | None = None) -> AsyncIterator[None]:
    """Deadlock a single-model server: an option that raises while its lock is held, which is then never given back."""
    async with session(url, token, vad_parameters={"foo": 1}) as socket:
        await socket.send_bytes(_sound())
        assert not await answers(url, token), "the server still answers"
        yield


async def answers(url: str, token: str | None = None, within_s: float = 5.0) -> bool:
    """Say whether the server makes text of speech within that time."""
    async with session(url, token) as socket:
        await socket.send_bytes(_sound())
        try:
            await socket.receive(timeout=within_s)
        except TimeoutError:
            return False
        return True


def _sound() -> bytes:
    pause = np.zeros(SAMPLE_RATE, np.float32)
    return np.concatenate((as_float(synthesise(DOOR)), pause)).astype("<f4").tobytes()

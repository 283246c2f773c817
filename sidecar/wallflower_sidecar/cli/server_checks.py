"""Doctor's checks of the network side: the port, who answers there, and its streams."""

from collections.abc import AsyncIterator
import errno
import json
import socket
from typing import Any

import aiohttp

from ..settings import Settings
from .findings import Finding, doubtful, failed, fine

ANSWER_S = 5.0
_WELL = {"streaming", "idle"}


async def server_checks(settings: Settings, token: str | None) -> AsyncIterator[Finding]:
    """Whether the port is free or a Wallflower answers there, and how that one's cameras are."""
    timeout = aiohttp.ClientTimeout(total=ANSWER_S)
    async with aiohttp.ClientSession(timeout=timeout) as session:
        refused = _why_not_bound(settings)
        if refused is None:
            yield fine("Port", f"{settings.port} on {settings.host} is free; no server runs there.")
            return
        if refused.errno != errno.EADDRINUSE:
            yield failed("Port", f"{settings.port} on {settings.host}: {refused.strerror}. Change HOST or PORT.")
            return
        base = _base(settings)
        try:
            info = await _get(session, f"{base}/info")
        except aiohttp.ClientError, TimeoutError, ValueError, OSError:
            info = None
        if not isinstance(info, dict) or info.get("name") != "wallflower":
            yield failed(
                "Port",
                f"{settings.port} on {settings.host} is taken by another program. Stop it, or set PORT.",
            )
            return
        yield fine("Server", f"Wallflower {info.get('version')} answers at {base}.")
        if token is None:
            yield doubtful("Streams", "Not looked at: give --token, or set WALLFLOWER_TOKEN.")
            return
        async for finding in _stream_checks(session, base, token):
            yield finding


async def _stream_checks(session: aiohttp.ClientSession, base: str, token: str) -> AsyncIterator[Finding]:
    try:
        answer = await _get(session, f"{base}/streams?limit=1000", {"Authorization": f"Bearer {token}"})
        streams = answer["items"]
    except aiohttp.ClientResponseError as error:
        yield failed("Streams", f"The server refused the token ({error.status}). Make another one.")
        return
    except aiohttp.ClientError, TimeoutError, ValueError, OSError, KeyError, TypeError:
        yield failed("Streams", "The server did not answer. Look at its log.")
        return
    if not streams:
        yield doubtful("Streams", "There are none yet. Add a camera in Home Assistant.")
    for stream in streams:
        status = stream["status"]
        name, state, fault = stream["name"], status["state"], status["error"]
        if not stream["enabled"]:
            yield fine(f"Stream {name}", "switched off")
        elif state in _WELL and not fault:
            yield fine(f"Stream {name}", state)
        else:
            yield doubtful(f"Stream {name}", f"{state}: {fault['message']}" if fault else state)


async def _get(session: aiohttp.ClientSession, url: str, headers: dict[str, str] | None = None) -> Any:
    # The certificate may be one's own: this asks the own machine, and sends the token nowhere else.
    async with session.get(url, headers=headers, ssl=False, allow_redirects=False) as answer:
        answer.raise_for_status()
        return json.loads(await answer.read())


def _why_not_bound(settings: Settings) -> OSError | None:
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as attempt:
        attempt.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            attempt.bind((settings.host, settings.port))
        except OSError as error:
            return error
    return None


def _base(settings: Settings) -> str:
    host = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(settings.host, settings.host)  # noqa: S104
    host = f"[{host}]" if ":" in host and not host.startswith("[") else host
    return f"{'https' if settings.tls_cert else 'http'}://{host}:{settings.port}/api/v1"

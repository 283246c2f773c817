"""A real sidecar process beside a test, the demo or a benchmark, and a small client of its API."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
import json
import os
from pathlib import Path
import sys
from typing import Any

import aiohttp

from .child_process import ChildProcess, running
from .waiting import eventually

START_TIMEOUT_S = 30.0
TOKEN = "token-of-the-test-run"


@dataclass(frozen=True, slots=True)
class SidecarEvent:
    """One event as it stood on the wire."""

    id: int | None
    type: str
    data: dict[str, Any]


class Sidecar:
    """A sidecar that runs, its process and its API with an admin token."""

    def __init__(self, url: str, process: ChildProcess, session: aiohttp.ClientSession) -> None:
        """Hold the address, the process and the HTTP session."""
        self.url = url
        self.process = process
        self._session = session

    async def request(self, method: str, path: str, body: Any = None, *, status: int | None = None) -> Any:
        """Ask the API below `/api/v1`; returns the JSON answer; raises AssertionError on another status."""
        async with self._session.request(
            method,
            f"{self.url}/api/v1{path}",
            json=body,
            headers={"Authorization": f"Bearer {TOKEN}"},
            timeout=aiohttp.ClientTimeout(total=30),
        ) as answer:
            text = await answer.text()
            right = answer.ok if status is None else answer.status == status
            assert right, f"{method} {path}: {answer.status} {text[:500]}"
            return json.loads(text) if text else None

    async def events(self, *, after: int | None = None, types: str = "") -> AsyncIterator[SidecarEvent]:
        """Read the event stream until it ends or the caller stops."""
        headers = {"Authorization": f"Bearer {TOKEN}"}
        if after is not None:
            headers["Last-Event-ID"] = str(after)
        params = {"types": types} if types else {}
        timeout = aiohttp.ClientTimeout(total=None, sock_connect=5, sock_read=40)
        url = f"{self.url}/api/v1/events"
        async with self._session.get(url, headers=headers, params=params, timeout=timeout) as answer:
            assert answer.ok, f"GET /events: {answer.status} {await answer.text()}"
            fields: dict[str, str] = {}
            async for raw in answer.content:
                line = raw.decode().rstrip("\r\n")
                if not line and "data" in fields:
                    number = fields.get("id")
                    yield SidecarEvent(
                        int(number) if number else None,
                        fields.get("event", "message"),
                        json.loads(fields["data"]),
                    )
                if not line:
                    fields = {}
                elif not line.startswith(":"):
                    name, _, value = line.partition(":")
                    fields[name] = fields.get(name, "") + value.removeprefix(" ")

    async def pairing_code(self) -> str:
        """Ask the `wallflower pair` command for a code, as a person would."""
        pairing = await asyncio.create_subprocess_exec(
            wallflower(),
            "pair",
            "--json",
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            env={**os.environ, **self.environment},
        )
        try:
            printed, _ = await pairing.communicate()
        finally:
            if pairing.returncode is None:
                pairing.kill()
                await pairing.wait()
        assert pairing.returncode == 0
        code: str = json.loads(printed)["code"]
        return code

    environment: Mapping[str, str] = {}


def wallflower() -> str:
    """Return the path of the `wallflower` command beside this Python."""
    return str(Path(sys.executable).with_name("wallflower"))


@asynccontextmanager
async def sidecar(
    data_dir: Path,
    port: int,
    *,
    env: Mapping[str, str] | None = None,
    echo: Callable[[str], None] | None = None,
) -> AsyncIterator[Sidecar]:
    """Run `wallflower serve` on loopback until the block ends; the block starts when it answers."""
    environment = {
        "WALLFLOWER_DATA_DIR": str(data_dir),
        "WALLFLOWER_PORT": str(port),
        "WALLFLOWER_TOKEN": TOKEN,
        **(env or {}),
    }
    async with (
        running("sidecar", wallflower(), "serve", env=environment, echo=echo) as process,
        # Its certificate, if it has one, is the test's own.
        aiohttp.ClientSession(connector=aiohttp.TCPConnector(ssl=False)) as session,
    ):
        scheme = "https" if "WALLFLOWER_TLS_CERT" in environment else "http"
        server = Sidecar(f"{scheme}://127.0.0.1:{port}", process, session)
        server.environment = environment

        async def answers() -> bool:
            assert process.is_running, f"the sidecar ended:\n{'\n'.join(process.lines)}"
            try:
                await server.request("GET", "/health/live", status=204)
            except aiohttp.ClientError as error:
                raise AssertionError(str(error)) from error
            return True

        await eventually(answers, timeout_s=START_TIMEOUT_S, interval_s=0.05)
        yield server

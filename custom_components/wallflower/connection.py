"""The way to one sidecar: requests with its token, answers read with a bound, faults raised as our own errors."""

from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import IO, Any

import aiohttp
from aiohttp import hdrs
from yarl import URL

from .answers import connection_errors, json_object, read, refusal
from .certificate import VERIFY, tls_check

REQUEST_TIMEOUT_S = 10.0

type Params = Mapping[str, str] | Sequence[tuple[str, str]] | None


class Connection:
    """Where the sidecar is and what it lets us in with; the session is given from outside."""

    def __init__(
        self, session: aiohttp.ClientSession, url: str, token: str | None = None, certificate: str = VERIFY
    ) -> None:
        """Talk to the sidecar at `url` (scheme, host, port and possibly a proxy's path)."""
        self._session = session
        self._tls = tls_check(certificate)
        self._api = URL(url) / "api" / "v1"
        self._headers = {} if token is None else {"Authorization": f"Bearer {token}"}
        self.clock_offset = timedelta()
        """How far the sidecar's clock is ahead of ours, about, by its newest answer."""

    async def json(
        self,
        method: str,
        path: str,
        *,
        body: Mapping[str, Any] | None = None,
        content: IO[bytes] | None = None,
        params: Params = None,
        timeout_s: float = REQUEST_TIMEOUT_S,
    ) -> dict[str, Any]:
        """Return the JSON object of an answer."""
        _, answer = await self.request(method, path, body=body, content=content, params=params, timeout_s=timeout_s)
        return json_object(answer)

    async def request(
        self,
        method: str,
        path: str,
        *,
        body: Mapping[str, Any] | None = None,
        content: IO[bytes] | None = None,
        params: Params = None,
        timeout_s: float = REQUEST_TIMEOUT_S,
    ) -> tuple[int, bytes]:
        """Return status and body of an answer to JSON or a file; raises RequestRefusedError for a problem document."""
        with connection_errors():
            async with self._session.request(
                method,
                self._api / path,
                json=body,
                data=content,
                params=params,
                headers=self._headers,
                ssl=self._tls,
                timeout=aiohttp.ClientTimeout(total=timeout_s),
                allow_redirects=False,
            ) as response:
                answer = await read(response)
        self._take_clock(response)
        if response.status >= HTTPStatus.MULTIPLE_CHOICES:
            raise refusal(response.status, answer)
        return response.status, answer

    @asynccontextmanager
    async def stream(
        self,
        path: str,
        *,
        timeout: aiohttp.ClientTimeout,
        params: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> AsyncGenerator[aiohttp.ClientResponse]:
        """Open an answer that is read bit by bit; raises RequestRefusedError for a problem document."""
        with connection_errors():
            async with self._session.get(
                self._api / path,
                params=params,
                headers={**self._headers, "Accept-Encoding": "identity", **(headers or {})},
                ssl=self._tls,
                timeout=timeout,
                allow_redirects=False,
            ) as response:
                if response.status >= HTTPStatus.MULTIPLE_CHOICES:
                    raise refusal(response.status, await read(response))
                yield response

    def _take_clock(self, response: aiohttp.ClientResponse) -> None:
        try:
            there = parsedate_to_datetime(response.headers[hdrs.DATE])
        except KeyError, ValueError:
            return
        if there.tzinfo is not None:
            self.clock_offset = there - datetime.now(UTC)

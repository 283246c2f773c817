"""How PostgreSQL is spoken to: every connection's settings, and what its errors mean."""

from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
import hashlib
from pathlib import Path
import ssl
from typing import Any, override

import asyncpg
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.pool import AsyncAdaptedQueuePool

from .columns import SERVER_SETTING

CONNECT_S = 10.0
STATEMENT_S = 60.0
"""How long one statement may take; a server that does not answer for so long is away."""

READ_S = 10.0
"""The same for what is only read: somebody waits for the answer, and can ask again."""

CLOSE_S = 0.5
"""How long taking leave of a server may take; one that does not answer notices by itself."""

POOL_WAIT_S = 10.0
OLDEST = 13
"""The first version that is tried; older ones get no more mends."""

_UNAVAILABLE = {
    "08": "the connection to its server was lost",
    "25006": "its server takes no changes now",
    "53100": "the disk of its server is full",
    "53200": "its server has no memory left",
    "53300": "its server takes no more connections",
    "57014": "its server stopped a statement that took too long",
    "57P": "its server is being stopped or started",
    "58": "its server cannot read or write its files",
    "XX001": "it is damaged; look at its server's log",
    "XX002": "it is damaged; look at its server's log",
}
"""By how an SQLSTATE begins (postgresql.org/docs/current/errcodes-appendix.html)."""

_REFUSED = {
    "28": "its server refuses the user or the password of DATABASE_URL",
    "3D000": "its server has no database of the name in DATABASE_URL",
    "42501": "the user of DATABASE_URL may not do this; let it own the database",
}


@dataclass(frozen=True, slots=True)
class PostgresPlace:
    """Where a database is: the server's URL, which holds a password, and the folder that holds the sidecar's id."""

    url: str = field(repr=False)
    folder: Path


class ServerAwayError(Exception):
    """No connection now; the text is a clause that says why."""


class ServerRefusesError(Exception):
    """No connection before somebody changes something; the text is a clause that says what."""


class _Connection(asyncpg.Connection):  # type: ignore[misc] # asyncpg has no types
    """Waits for nobody when it is closed."""

    @override
    async def close(self, *, timeout: float | None = None) -> None:
        with suppress(TimeoutError):
            await super().close(timeout=min(timeout or CLOSE_S, CLOSE_S))


async def connect(url: str, *, server_id: str, name: str, statement_s: float = STATEMENT_S) -> asyncpg.Connection[Any]:
    """Open a connection for a sidecar, named for the server's list of them.

    Raises ServerAwayError, ServerRefusesError.
    """
    try:
        return await asyncpg.connect(
            plain_url(url),
            timeout=CONNECT_S,
            command_timeout=statement_s,
            connection_class=_Connection,
            server_settings={
                "application_name": name,
                SERVER_SETTING: server_id,
                "client_encoding": "UTF8",
                "timezone": "UTC",
                # A plan made for any words reads the index from its end, however rare the word is that is sought.
                "plan_cache_mode": "force_custom_plan",
                # A sidecar that vanished with its machine must not hold its place for hours.
                "tcp_keepalives_idle": "30",
                "tcp_keepalives_interval": "10",
                "tcp_keepalives_count": "3",
            },
        )
    except asyncpg.PostgresError as error:
        reason = refusal(error)
        if reason is not None:
            raise ServerRefusesError(reason) from None
        raise ServerAwayError(unavailable_reason(error) or f"its server answers {type(error).__name__}") from None
    except ssl.SSLError:
        raise ServerRefusesError("its server's certificate is not accepted") from None
    except TimeoutError, OSError:
        raise ServerAwayError("its server cannot be reached") from None
    except asyncpg.InterfaceError, ValueError, OverflowError:
        raise ServerRefusesError("DATABASE_URL cannot be understood") from None


def plain_url(url: str) -> str:
    """The URL as PostgreSQL's own programs take it."""
    scheme, _, rest = url.partition("://")
    return f"{scheme.partition('+')[0]}://{rest}"


def engine(creator: Callable[[], Awaitable[asyncpg.Connection[Any]]], connections: int, **options: Any) -> AsyncEngine:
    """An engine whose connections `creator` makes; a dead one is found out before it is used."""
    return create_async_engine(
        "postgresql+asyncpg://",
        async_creator=creator,
        poolclass=AsyncAdaptedQueuePool,
        pool_size=connections,
        max_overflow=0,
        pool_timeout=POOL_WAIT_S,
        pool_pre_ping=True,
        hide_parameters=True,
        execution_options=options,
    )


def unavailable_reason(error: BaseException) -> str | None:
    """Why the database cannot be used now, None for an error that is the caller's."""
    if isinstance(error, (ServerAwayError, ServerRefusesError)):
        return str(error)
    if isinstance(error, (ConnectionError, TimeoutError)):
        return "its server does not answer"
    found = _by_state(error, _UNAVAILABLE)
    if found is None and isinstance(error, DBAPIError) and error.connection_invalidated:
        return _UNAVAILABLE["08"]
    return found


def refusal(error: BaseException) -> str | None:
    """What somebody has to change before the database can be used, None for other errors."""
    return _by_state(error, _REFUSED)


def lock_key(server_id: str) -> int:
    """The number under which PostgreSQL keeps the place of a sidecar."""
    return int.from_bytes(hashlib.sha256(f"wallflower {server_id}".encode()).digest()[:8], signed=True)


def _by_state(error: BaseException, sentences: dict[str, str]) -> str | None:
    cause = error.orig if isinstance(error, DBAPIError) else error
    state = getattr(cause, "sqlstate", None) or getattr(cause, "pgcode", None)
    if state is None:
        return None
    return next((sentences[state[:size]] for size in (5, 3, 2) if state[:size] in sentences), None)

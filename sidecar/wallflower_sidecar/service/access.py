"""Who may talk to the sidecar: tokens, and the pairing codes that bring one."""

import asyncio
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
import hashlib
import hmac
import logging
import secrets

from sqlalchemy.ext.asyncio import AsyncConnection

from ..domain.access import Role, TokenInfo
from ..domain.clock import Clock
from ..domain.errors import NotFoundError, UnavailableError, WallflowerError
from ..domain.transcripts import new_id
from ..settings import Settings
from ..store import Database, accounts

CODE_VALID = timedelta(minutes=10)
CODE_TRIES = 5
USE_NOTED_EVERY = timedelta(minutes=5)
"""A token's last use is written at most this often, so that reading stays reading."""

ANNOUNCE_EVERY_S = 5.0

LOGGER = logging.getLogger(__name__)


class PairingError(WallflowerError):
    """A pairing code brought no token; the sentence says why."""


@dataclass(frozen=True, slots=True)
class Identity:
    """Who asks; `id` is the token's id, None for the token given in the settings."""

    id: str | None
    name: str
    role: Role


@dataclass(frozen=True, slots=True)
class PairingCode:
    """Six digits that bring one token until `expires_at`."""

    code: str
    expires_at: datetime


class Access:
    """Knows tokens by their hashes only."""

    def __init__(self, database: Database, settings: Settings, clock: Clock) -> None:
        """Work on an open database."""
        self._database = database
        self._clock = clock
        given = settings.token
        self._given = None if given is None else _digest(given.get_secret_value())

    async def identify(self, token: str) -> Identity | None:
        """Return whose token this is, None if nobody's."""
        digest = _digest(token)
        if self._given is not None and hmac.compare_digest(self._given, digest):
            return Identity(None, "given in the settings", Role.ADMIN)
        async with self._database.read() as connection:
            known = await accounts.find_token(connection, digest)
        if known is None:
            return None
        now = self._clock.now()
        if known.last_used_at is None or now - known.last_used_at > USE_NOTED_EVERY:
            await self._note_use(known.id, now)
        return Identity(known.id, known.name, known.role)

    async def pair(self, code: str) -> str:
        """Exchange a code for a token; raises PairingError. A wrong code costs every open code one of its tries."""
        now = self._clock.now()
        async with self._database.write() as connection:
            used = await accounts.use_pairing_code(connection, _digest(code), now)
            if used:
                return (await self._add_token(connection, "paired client", Role.CLIENT))[1]
        raise PairingError("The pairing code is wrong, used or no longer valid. `wallflower pair` shows a new one.")

    async def new_pairing_code(self) -> PairingCode:
        """Make a code that is good for one pairing within ten minutes and five tries."""
        code = f"{secrets.randbelow(10**6):06}"
        expires_at = self._clock.now() + CODE_VALID
        async with self._database.write() as connection:
            await accounts.forget_expired_codes(connection, self._clock.now())
            await accounts.add_pairing_code(connection, _digest(code), expires_at, tries=CODE_TRIES)
        return PairingCode(code, expires_at)

    async def tokens(self) -> list[TokenInfo]:
        """Return the tokens without their secrets, oldest first."""
        async with self._database.read() as connection:
            return await accounts.list_tokens(connection)

    async def create_token(self, name: str, role: Role) -> tuple[TokenInfo, str]:
        """Make a token; its secret is returned this once."""
        async with self._database.write() as connection:
            return await self._add_token(connection, name, role)

    async def delete_token(self, token_id: str) -> None:
        """Make a token worthless; raises NotFoundError."""
        async with self._database.write() as connection:
            if not await accounts.delete_token(connection, token_id):
                raise NotFoundError("There is no token with this id.")

    async def announce_codes(self) -> None:
        """While nobody is paired, keep one usable code in the log."""
        code: PairingCode | None = None
        while True:
            # In this order: a code is used up in the transaction that pairs.
            if (code is None or not await self._is_open(code)) and not await self._is_paired():
                code = await self.new_pairing_code()
                LOGGER.info("Not paired yet. Pairing code for Home Assistant: %s (good for ten minutes)", code.code)
            await asyncio.sleep(ANNOUNCE_EVERY_S)

    async def _note_use(self, token_id: str, now: datetime) -> None:
        """Note when a token was used; who only looks is not kept out by a full disk."""
        with suppress(UnavailableError):
            async with self._database.write() as connection:
                await accounts.note_use(connection, token_id, now)

    async def _add_token(self, connection: AsyncConnection, name: str, role: Role) -> tuple[TokenInfo, str]:
        secret = secrets.token_urlsafe(32)
        info = TokenInfo(new_id(), name, role, self._clock.now(), None)
        await accounts.add_token(connection, info, _digest(secret))
        return info, secret

    async def _is_paired(self) -> bool:
        async with self._database.read() as connection:
            return await accounts.is_paired(connection)

    async def _is_open(self, code: PairingCode) -> bool:
        async with self._database.read() as connection:
            return await accounts.is_pairing_code_open(connection, _digest(code.code), self._clock.now())


def _digest(secret: str) -> str:
    """Hash a secret of our own making; tokens hold 256 random bits, so a plain hash cannot be guessed backwards."""
    return hashlib.sha256(secret.encode()).hexdigest()

"""Tokens and pairing codes, by their hashes only."""

from datetime import datetime

from sqlalchemy import Row, delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from ..domain.access import Role, TokenInfo
from ..domain.clock import from_millis, to_millis
from .columns import mine
from .schema import PAIRING_CODES, TOKENS


async def find_token(connection: AsyncConnection, digest: str) -> TokenInfo | None:
    """Return the token whose secret has this hash."""
    row = (await connection.execute(select(TOKENS).where(mine(TOKENS), TOKENS.c.digest == digest))).one_or_none()
    return None if row is None else _token(row)


async def list_tokens(connection: AsyncConnection) -> list[TokenInfo]:
    """Return all tokens, oldest first."""
    return [_token(row) for row in await connection.execute(select(TOKENS).where(mine(TOKENS)).order_by(TOKENS.c.id))]


async def add_token(connection: AsyncConnection, token: TokenInfo, digest: str) -> None:
    """Keep a token under the hash of its secret."""
    await connection.execute(
        insert(TOKENS).values(
            id=token.id,
            digest=digest,
            name=token.name,
            role=token.role.value,
            created_at=to_millis(token.created_at),
            last_used_at=None if token.last_used_at is None else to_millis(token.last_used_at),
        )
    )


async def delete_token(connection: AsyncConnection, token_id: str) -> bool:
    """Forget a token; False if there was none."""
    return (await connection.execute(delete(TOKENS).where(mine(TOKENS), TOKENS.c.id == token_id))).rowcount > 0


async def note_use(connection: AsyncConnection, token_id: str, at: datetime) -> None:
    """Note when a token was used last."""
    await connection.execute(
        update(TOKENS).where(mine(TOKENS), TOKENS.c.id == token_id).values(last_used_at=to_millis(at))
    )


async def is_paired(connection: AsyncConnection) -> bool:
    """Whether a client holds a token."""
    query = select(TOKENS.c.id).where(mine(TOKENS), TOKENS.c.role == Role.CLIENT.value).limit(1)
    return (await connection.execute(query)).first() is not None


async def add_pairing_code(connection: AsyncConnection, digest: str, expires_at: datetime, *, tries: int) -> None:
    """Keep a pairing code by its hash."""
    await connection.execute(
        insert(PAIRING_CODES).values(digest=digest, expires_at=to_millis(expires_at), tries_left=tries)
    )


async def forget_expired_codes(connection: AsyncConnection, now: datetime) -> None:
    """Forget the codes that are over."""
    await connection.execute(
        delete(PAIRING_CODES).where(mine(PAIRING_CODES), PAIRING_CODES.c.expires_at <= to_millis(now))
    )


async def use_pairing_code(connection: AsyncConnection, digest: str, now: datetime) -> bool:
    """Use a code up, True if it was good; a wrong one costs every open code a try."""
    await forget_expired_codes(connection, now)
    used = await connection.execute(delete(PAIRING_CODES).where(mine(PAIRING_CODES), PAIRING_CODES.c.digest == digest))
    if used.rowcount:
        return True
    await connection.execute(
        update(PAIRING_CODES).where(mine(PAIRING_CODES)).values(tries_left=PAIRING_CODES.c.tries_left - 1)
    )
    await connection.execute(delete(PAIRING_CODES).where(mine(PAIRING_CODES), PAIRING_CODES.c.tries_left <= 0))
    return False


async def is_pairing_code_open(connection: AsyncConnection, digest: str, now: datetime) -> bool:
    """Whether a code can still be used."""
    query = select(PAIRING_CODES.c.id).where(
        mine(PAIRING_CODES), PAIRING_CODES.c.digest == digest, PAIRING_CODES.c.expires_at > to_millis(now)
    )
    return (await connection.execute(query)).first() is not None


def _token(row: Row[tuple[object, ...]]) -> TokenInfo:
    return TokenInfo(
        row.id,
        row.name,
        Role(row.role),
        from_millis(row.created_at),
        None if row.last_used_at is None else from_millis(row.last_used_at),
    )

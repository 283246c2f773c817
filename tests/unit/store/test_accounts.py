"""Tokens and pairing codes."""

from datetime import timedelta

import pytest
from sqlalchemy.exc import IntegrityError

from wallflower_sidecar.domain.access import Role, TokenInfo
from wallflower_sidecar.domain.transcripts import new_id
from wallflower_sidecar.store import accounts

from .heard import MORNING, at

UNTIL = MORNING + timedelta(minutes=10)


def token(role: Role = Role.ADMIN) -> TokenInfo:
    return TokenInfo(new_id(), "mine", role, MORNING, None)


async def test_a_token_is_found_by_its_hash_until_it_is_deleted(database):
    info = token(Role.VIEWER)
    async with database.write() as connection:
        await accounts.add_token(connection, info, "hash")
        assert await accounts.find_token(connection, "hash") == info
        assert await accounts.find_token(connection, "other") is None
        await accounts.note_use(connection, info.id, at(5))
        (used,) = await accounts.list_tokens(connection)
        assert used.last_used_at == at(5)
        assert await accounts.delete_token(connection, info.id)
        assert not await accounts.delete_token(connection, info.id)
        assert await accounts.find_token(connection, "hash") is None


async def test_two_tokens_cannot_share_a_hash(database):
    async with database.write() as connection:
        await accounts.add_token(connection, token(), "hash")
        with pytest.raises(IntegrityError):
            await accounts.add_token(connection, token(), "hash")


async def test_tokens_are_listed_oldest_first(database):
    infos = [token(), token(), token()]
    async with database.write() as connection:
        for info in reversed(infos):
            await accounts.add_token(connection, info, info.id)
        assert await accounts.list_tokens(connection) == infos


@pytest.mark.parametrize(("role", "paired"), [(Role.CLIENT, True), (Role.ADMIN, False)])
async def test_a_client_is_what_makes_it_paired(database, role, paired):
    async with database.write() as connection:
        assert not await accounts.is_paired(connection)
        await accounts.add_token(connection, token(role), "hash")
        assert await accounts.is_paired(connection) is paired


async def test_a_code_works_once(database):
    async with database.write() as connection:
        await accounts.add_pairing_code(connection, "code", UNTIL, tries=5)
        assert await accounts.is_pairing_code_open(connection, "code", MORNING)
        assert await accounts.use_pairing_code(connection, "code", MORNING)
        assert not await accounts.is_pairing_code_open(connection, "code", MORNING)
        assert not await accounts.use_pairing_code(connection, "code", MORNING)


@pytest.mark.parametrize(("late_s", "works"), [(599.9, True), (600, False)])
async def test_a_code_ends_with_its_time(database, late_s, works):
    async with database.write() as connection:
        await accounts.add_pairing_code(connection, "code", UNTIL, tries=5)
        assert await accounts.is_pairing_code_open(connection, "code", at(late_s)) is works
        assert await accounts.use_pairing_code(connection, "code", at(late_s)) is works


@pytest.mark.parametrize(("wrong", "works"), [(4, True), (5, False)])
async def test_wrong_guesses_use_up_every_open_code(database, wrong, works):
    async with database.write() as connection:
        for code in ("code", "other"):
            await accounts.add_pairing_code(connection, code, UNTIL, tries=5)
        for _ in range(wrong):
            assert not await accounts.use_pairing_code(connection, "guess", MORNING)
        assert await accounts.use_pairing_code(connection, "code", MORNING) is works
        assert await accounts.use_pairing_code(connection, "other", MORNING) is works

"""Random searches: whatever is typed finds what it should or nothing, and is never an error."""

import random

import pytest

from wallflower_sidecar.store import transcripts

from .heard import find, keep, segment

SEED = random.SystemRandom().randrange(1 << 32)
SEARCHES = 250

SPOKEN = (
    "help me please", "Hilfe, schnell!", "au secours Ça brûle", "помогите мне", "助けて ください", "도와주세요 지금",
    "βοήθεια τώρα", "النجدة الآن", "मदद करो", "ช่วยด้วย", "İstanbul", "straße GROẞ", "nine 1 1 don't",
)  # fmt: skip
PIECES = (
    *'"\'*-()^:+{}[]\\%_;&|!<>~@#$?,.`=/\t\n\r\0 “”„«»＂—\u200b\u200d\u202e\ufeff\ufffd',
    "AND", "OR", "NOT", "NEAR(", "text:", "seq:", "<->", ":*", ":A", "''", '""', "--", "/*", "$1", ":q", "%s", "\\x00",
    "\ud800", "\U0001f600", "\U0010ffff", "\u0301", "e\u0301", "ǆ", "ﬁ", "ß", "Å", "\ue000", "½", "٣", "a" * 3_000,
    *(word for text in SPOKEN for word in text.split()),
)  # fmt: skip


@pytest.fixture
def chance() -> random.Random:
    print(f"SEED = {SEED}")
    return random.Random(SEED)


def typed(chance: random.Random) -> str:
    joints = ("", "", " ", "*", ' -"', '"')
    parts = []
    for _ in range(chance.choice((1, 2, 3, 5, 8, 40))):
        piece = chance.choice(PIECES) if chance.random() < 0.8 else chr(chance.randrange(0x110000))
        parts += [piece, chance.choice(joints)]
    return "".join(parts)[:10_000]


def capitals(word: str) -> str:
    """The word in capitals, letter by letter: SQLite takes no ß for SS."""
    return "".join(char.upper() if len(char.upper()) == 1 else char for char in word)


async def test_nothing_that_is_typed_is_an_error(database, chance):
    texts = [*SPOKEN, *(typed(chance) for _ in range(30))]
    await keep(database, *(segment(text, at_s=index) for index, text in enumerate(texts)))
    async with database.read() as connection:
        for _ in range(SEARCHES):
            q = typed(chance)
            page = await transcripts.search(connection, q=q, limit=chance.choice((1, 7, 100)))
            if page.next is not None:
                await transcripts.search(connection, q=q, cursor=page.next)


async def test_what_was_said_is_found_whatever_stands_around_it(database, chance):
    await keep(database, *(segment(text, at_s=index) for index, text in enumerate(SPOKEN)))
    for text in SPOKEN:
        for word in text.split():
            around = "".join(chance.choices(" \t.,!?;&|()\u200b", k=4))
            unwanted = chance.choice(("", " -zebra", ' -"no such words"'))
            for q in (word, capitals(word), f'"{text}"', f"{around} {word} {around}{unwanted}", f"{word}*"):
                assert text in await find(database, q=q), (text, q)
            assert text not in await find(database, q=f"-{word}"), (text, word)

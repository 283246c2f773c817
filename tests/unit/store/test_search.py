"""Finding what was said."""

import random

import pytest

from wallflower_sidecar.domain.errors import FieldError
from wallflower_sidecar.domain.transcripts import Segment, Source, Speaker
from wallflower_sidecar.store import sqlite_text, streams, transcripts
from wallflower_sidecar.store.search import RANKED

from .heard import at, delete, find, hit, keep, segment, stream


async def page_of(database, **query):
    async with database.read() as connection:
        return await transcripts.search(connection, **query)


async def test_a_segment_comes_back_as_it_was(database):
    full = segment("Hello, wörld! 😀", speaker=Speaker("s1", "Ann"), source=Source.SIMULATED)
    bare = Segment(full.id.replace("-7", "-6"), "pool", full.start, full.end, "", None, 0.0)
    await keep(database, full, bare)
    page = await page_of(database)
    assert {found.segment for found in page.items} == {full, bare}
    assert {found.highlight for found in page.items} == {None}
    assert page.next is None


async def test_newest_first_and_ties_by_id(database):
    heard = [segment(f"n{number}", at_s=number // 2) for number in range(6)]
    await keep(database, *random.sample(heard, 6))
    expected = sorted(heard, key=lambda each: (each.start, each.id), reverse=True)
    assert await find(database, limit=4) == [each.text for each in expected]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({"streams": ["pool"]}, ["three"]),
        ({"streams": ["nobody"]}, []),
        ({"streams": ["pool", "nobody"]}, ["three"]),
        ({"streams": ["pool", "door"], "q": "t*"}, ["three", "two"]),
        ({"start": at(10)}, ["three", "two"]),
        ({"end": at(10)}, ["one"]),
        ({"start": at(10), "end": at(20)}, ["two"]),
        ({"rule": "sos"}, ["two"]),
        ({"rule": "nothing"}, []),
        ({"speaker": "s1"}, ["one"]),
        ({"q": "two three"}, []),
        ({"q": "t*", "streams": ["door"]}, ["two"]),
        ({"q": "t*", "start": at(15)}, ["three"]),
        ({"q": "t*", "rule": "sos"}, ["two"]),
        ({"q": "-two", "end": at(15)}, ["one"]),
    ],
)
async def test_filters(database, query, found):
    one = segment("one", at_s=0, speaker=Speaker("s1", "Ann"))
    two = segment("two", at_s=10)
    three = segment("three", at_s=20, stream="pool")
    await keep(database, one, two, three, hits=[hit(two)])
    assert await find(database, **query) == found


@pytest.mark.parametrize(
    ("q", "found"),
    [
        ("fox", {"The quick brown fox", "A fox and a hound"}),
        ("FOX quick", {"The quick brown fox"}),
        ('"brown fox"', {"The quick brown fox"}),
        ('"fox brown"', set()),
        ("fox -hound", {"The quick brown fox"}),
        ('fox -"quick brown"', {"A fox and a hound"}),
        ("ho*", {"A fox and a hound"}),
        ("-fox", {"Crème brûlée, s'il vous plaît", "don't stop"}),
        ("-fox -stop", {"Crème brûlée, s'il vous plaît"}),
        ("creme", {"Crème brûlée, s'il vous plaît"}),
        ("CRÈME", {"Crème brûlée, s'il vous plaît"}),
        ("don't", {"don't stop"}),
        ("don t", {"don't stop"}),
        ("fox ...", {"The quick brown fox", "A fox and a hound"}),
        ("...", set()),
        ("😀", set()),
        ("zebra", set()),
    ],
)
async def test_the_search_language(database, q, found):
    texts = ("The quick brown fox", "A fox and a hound", "Crème brûlée, s'il vous plaît", "don't stop")
    await keep(database, *(segment(text, at_s=index) for index, text in enumerate(texts)))
    assert set(await find(database, q=q)) == found


@pytest.mark.parametrize(
    ("q", "found"),
    [
        ("STRASSE", {"Auf der Straße", "Grosse Strasse, strasse"}),
        ("straße", {"Auf der Straße", "Grosse Strasse, strasse"}),
        ("STRAẞE", {"Auf der Straße", "Grosse Strasse, strasse"}),
        ("strass*", {"Auf der Straße", "Grosse Strasse, strasse"}),
        ('"große straße"', {"Grosse Strasse, strasse"}),
        ("der -strasse", {"In der Gasse"}),
        ("gaße " + "ss" * 9, set()),
    ],
)
async def test_a_sharp_s_is_two(database, q, found):
    texts = ("Auf der Straße", "Grosse Strasse, strasse", "In der Gasse")
    await keep(database, *(segment(text, at_s=index) for index, text in enumerate(texts)))
    assert set(await find(database, q=q)) == found


@pytest.mark.parametrize(
    ("q", "found"),
    [
        ("救命", ["快来人<mark>救命</mark>啊！", "<mark>救命</mark>，着火了"]),
        ("救命 -着火", ["快来人<mark>救命</mark>啊！"]),
        ("-救命 -ช่วย", ["call 救护车 now", "誰か助けて、ください"]),
        ("救*", ["call <mark>救</mark>护车 now", "快来人<mark>救</mark>命啊！", "<mark>救</mark>命，着火了"]),
        ("「救护」 NOW", ["call <mark>救护</mark>车 <mark>now</mark>"]),
        ("ช่วย", ["ใครก็ได้<mark>ช่วย</mark>ด้วย"]),
        ("ชวย", []),
        ('"誰か助けて ください"', ["<mark>誰か助けて、ください</mark>"]),
        ("救%命 救_命", []),
    ],
)
async def test_words_of_scripts_without_spaces_are_found_within_the_text(database, q, found):
    texts = ("救命，着火了", "快来人救命啊！", "誰か助けて、ください", "call 救护车 now", "ใครก็ได้ช่วยด้วย")
    await keep(database, *(segment(text, at_s=index) for index, text in enumerate(texts)))
    page = await page_of(database, q=q)
    assert [each.highlight or each.segment.text for each in page.items] == found
    first = await page_of(database, q=q, limit=1)
    if len(found) > 1:
        rest = await page_of(database, q=q, cursor=first.next)
        assert first.items + rest.items == page.items


@pytest.mark.parametrize(
    ("q", "found"),
    [
        ("ışık", {"IŞIK açık", "ışık söndü"}),
        ("IŞIK*", {"Işıkları kapat", "IŞIK açık", "ışık söndü"}),
        ("isik", {"IŞIK açık", "ışık söndü"}),
        ('"ışıkları KAPAT"', {"Işıkları kapat"}),
        ("istanbul", {"İstanbul'da yağmur", "iSTANBUL"}),
        ("İSTANBUL", {"İstanbul'da yağmur", "iSTANBUL"}),
        ("ıstanbul", {"İstanbul'da yağmur", "iSTANBUL"}),
        ("kapat -ışıkları", set()),
        ("title", {"TITLE"}),
    ],
)
async def test_an_i_is_an_i_with_a_dot_and_without(database, q, found):
    texts = ("Işıkları kapat", "IŞIK açık", "ışık söndü", "İstanbul'da yağmur", "iSTANBUL", "TITLE")
    await keep(database, *(segment(text, at_s=index) for index, text in enumerate(texts)))
    assert set(await find(database, q=q)) == found


async def test_a_dotless_i_is_marked_and_outlasts_a_large_deletion(database, monkeypatch):
    monkeypatch.setattr(sqlite_text, "MANY", 1)
    await keep(database, segment("Işıkları kapat"), *(segment("fox", at_s=60 + number) for number in range(9)))
    assert await delete(database, start=at(30)) == 9
    (found,) = (await page_of(database, q="isiklari")).items
    assert found.highlight == "<mark>Işıkları</mark> kapat"
    assert await delete(database, stream="door") == 1
    assert await find(database, q="isiklari") == []


async def test_blank_words_are_no_search(database):
    await keep(database, segment("one"), segment("two", at_s=1))
    assert await find(database, q="  ") == ["two", "one"]


async def test_best_first(database):
    texts = ("help " + "and a lot of other words " * 4, "help help", "nothing", "no help today")
    await keep(database, *(segment(text, at_s=index) for index, text in enumerate(texts)))
    assert await find(database, q="help") == [texts[1], texts[3], texts[0]]


async def test_equally_good_ones_newest_first(database):
    await keep(database, *(segment(f"help n{number}", at_s=number) for number in range(5)))
    assert await find(database, q="help", limit=2) == [f"help n{number}" for number in (4, 3, 2, 1, 0)]


@pytest.mark.parametrize(
    ("text", "q", "highlight"),
    [
        ("call for help now", "help", "call for <mark>help</mark> now"),
        ("open the door", '"the door"', "open <mark>the door</mark>"),
        ("Crème!", "creme", "<mark>Crème</mark>!"),
        ('<b>help</b> & "more"', "help", "&lt;b&gt;<mark>help</mark>&lt;/b&gt; &amp; &quot;more&quot;"),
        ("<mark>help</mark>", "help", "&lt;mark&gt;<mark>help</mark>&lt;/mark&gt;"),
        ("\x02help\x03 me", "help", "\x02<mark>help</mark>\x03 me"),
        ("helping helpers", "help*", "<mark>helping</mark> <mark>helpers</mark>"),
    ],
)
async def test_matches_are_marked_in_escaped_text(database, text, q, highlight):
    await keep(database, segment(text))
    (found,) = (await page_of(database, q=q)).items
    assert found.highlight == highlight


NASTY = [
    '"', "'", '""', '"""', "*", "**", "-", "--", '-"', "(", ")", "()", "AND", "OR", "NOT", "a AND", "NEAR(",
    "NEAR(a b, 5)", "^a", "text:a", "{text}:a", "a + b", "a:b", "\\", "%", "_", ";", "a;DROP TABLE segments",
    "\x00", "a\x00b", "\ud800", "😀", "👨\u200d👩\u200d👧", "e\u0301", "\u202e", "ｆｕｌｌ", "?", "a" * 10_000,
    "a " * 5_000, '"' * 10_000, "-a " * 3_333, "(" * 10_000, "*" * 10_000, '"' + "a " * 4_999, "😀" * 10_000,
    "a* " * 3_333, " ".join(f"w{number}" for number in range(1_700)),
    " ".join(f"-w{number}*" for number in range(1_200)),
]  # fmt: skip


@pytest.mark.parametrize("q", NASTY)
async def test_no_words_are_an_error(database, q):
    await keep(database, segment("a hidden word"))
    await page_of(database, q=q)
    await page_of(database, q=q, streams=["door"], rule="r", limit=1000)


@pytest.mark.parametrize("query", [{}, {"q": "-nothing"}, {"q": "word"}, {"q": "word rare"}, {"streams": ["door"]}])
async def test_a_cursor_stays_right_while_new_text_arrives(database, query):
    chance = random.Random(5)
    texts = [f"{'word ' * chance.randint(1, 5)}{'rare ' * chance.randint(1, 3)}n{number}" for number in range(40)]
    await keep(database, *(segment(text, at_s=index) for index, text in enumerate(texts)))
    found: list[str] = []
    cursor, arrived = None, 0
    while True:
        page = await page_of(database, cursor=cursor, limit=7, **query)
        found += [each.segment.text for each in page.items]
        cursor = page.next
        if cursor is None:
            break
        for _ in range(5):
            arrived += 1
            await keep(database, segment(f"rare word {'rare ' * arrived}", at_s=1000 + arrived))
    assert sorted(found) == sorted(texts)


async def test_a_cursor_ends_exactly_at_the_end(database):
    await keep(database, *(segment(f"word n{number}", at_s=number) for number in range(6)))
    for query in ({}, {"q": "word"}):
        first = await page_of(database, limit=3, **query)
        assert first.next is not None
        assert (await page_of(database, limit=3, cursor=first.next, **query)).next is None


@pytest.mark.parametrize(("query", "other"), [({}, {"q": "word"}), ({"q": "word"}, {})])
async def test_a_cursor_of_another_kind_of_search_is_refused(database, query, other):
    await keep(database, *(segment(f"word n{number}", at_s=number) for number in range(3)))
    cursor = (await page_of(database, limit=1, **query)).next
    with pytest.raises(FieldError) as caught:
        await page_of(database, cursor=cursor, **other)
    assert caught.value.path == "cursor"


async def test_the_best_are_those_of_the_newest_matches(database):
    async with database.write() as connection:
        await transcripts.insert_segment(connection, segment("word"))
        for number in range(RANKED):
            await transcripts.insert_segment(connection, segment(f"word and {number}", at_s=number + 1))
    found = await find(database, q="word", limit=1000)
    assert len(found) == RANKED
    assert "word" not in found


async def test_a_stream_is_known_while_it_is_configured_or_has_text(database):
    await keep(database, segment("hello", stream="door"))
    async with database.write() as connection:
        await streams.save_stream(connection, stream("quiet"))
        known = [await transcripts.has_stream(connection, name) for name in ("door", "quiet", "nobody")]
    assert known == [True, True, False]

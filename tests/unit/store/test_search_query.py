"""How a search is read."""

import pytest

from wallflower_sidecar.store.search_query import MAX_TERMS, SearchQuery, parse_search


@pytest.mark.parametrize(
    ("text", "wanted", "unwanted"),
    [
        ("help", '"help"', None),
        ("help me", '"help" AND "me"', None),
        ("help help", '"help"', None),
        ('"help me" now', '"help me" AND "now"', None),
        ("“help me”", '"help me"', None),
        ("-help", None, '"help"'),
        ("help -me -you", '"help"', '"me" OR "you"'),
        ('help -"for me"', '"help"', '"for me"'),
        ("hel*", '"hel*"*', None),
        ('"help m"*', '"help m"*', None),
        ("he*lp", '"he*lp"', None),
        ('open "quote', '"open" AND "quote"', None),
        ('"', None, None),
        ("* - ! 😀", None, None),
        ("help 😀 !", '"help"', None),
        ("AND OR NOT NEAR(a b)", '"AND" AND "OR" AND "NOT" AND "NEAR(a" AND "b)"', None),
        ("text:help ^help", '"text:help" AND "^help"', None),
        ("a\x00b", '"a" AND "b"', None),
        ("a\ud800b", '"a" AND "b"', None),
        ("--help", None, '"help"'),
        ("self-help", '"self-help"', None),
        ("don't", '"don\'t"', None),
    ],
)
def test_read(text, wanted, unwanted):
    assert parse_search(text) == SearchQuery(wanted, unwanted)


@pytest.mark.parametrize("text", ["", "  ", "\t\n", "\x00", "\u200b"])
def test_blank_is_no_search(text):
    assert parse_search(text) is None


def test_only_so_many_terms_count():
    query = parse_search(" ".join(f"w{number}" for number in range(5_000)))
    assert query is not None
    assert query.wanted is not None
    assert query.wanted.count(" AND ") == MAX_TERMS - 1

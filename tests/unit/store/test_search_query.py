"""How a search is read."""

import pytest

from wallflower_sidecar.store.search_query import MAX_TERMS, SearchQuery, Term, parse_search


@pytest.mark.parametrize(
    ("text", "wanted", "unwanted"),
    [
        ("help", ["help"], []),
        ("help me", ["help", "me"], []),
        ("help help", ["help"], []),
        ('"help me" now', ["help me", "now"], []),
        ("“help me”", ["help me"], []),
        ("-help", [], ["help"]),
        ("help -me -you", ["help"], ["me", "you"]),
        ('help -"for me"', ["help"], ["for me"]),
        ("hel*", [Term("hel*", is_prefix=True)], []),
        ('"help m"*', [Term("help m", is_prefix=True)], []),
        ("he*lp", ["he*lp"], []),
        ('open "quote', ["open", "quote"], []),
        ('"', [], []),
        ("* - ! 😀", [], []),
        ("help 😀 !", ["help"], []),
        ("AND OR NOT NEAR(a b)", ["AND", "OR", "NOT", "NEAR(a", "b)"], []),
        ("text:help ^help", ["text:help", "^help"], []),
        ("a\x00b", ["a", "b"], []),
        ("a\ud800b", ["a", "b"], []),
        ("--help", [], ["help"]),
        ("self-help", ["self-help"], []),
        ("don't", ["don't"], []),
    ],
)
def test_read(text, wanted, unwanted):
    assert parse_search(text) == SearchQuery(terms(wanted), terms(unwanted))


def terms(typed):
    return tuple(Term(each) if isinstance(each, str) else each for each in typed)


@pytest.mark.parametrize("text", ["", "  ", "\t\n", "\x00", "\u200b"])
def test_blank_is_no_search(text):
    assert parse_search(text) is None


def test_only_so_many_terms_count():
    query = parse_search(" ".join(f"w{number}" for number in range(5_000)))
    assert query is not None
    assert len(query.wanted) == MAX_TERMS

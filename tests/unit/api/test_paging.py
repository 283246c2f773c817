"""Cursors hold a key, not a place, so that what comes and goes moves nothing."""

import operator

import pytest

from wallflower_sidecar.api.paging import page
from wallflower_sidecar.domain.errors import FieldError


def letters(items: str, limit: int, cursor: str | None = None, name: str = "letters") -> tuple[str, str | None]:
    answer = page(
        name, items, key=str, follows=operator.gt, limit=limit, cursor=cursor, document=lambda item: {"it": item}
    )
    return "".join(item["it"] for item in answer["items"]), answer["next"]


def test_the_last_page_has_no_next() -> None:
    assert letters("abc", 3) == ("abc", None)
    assert letters("", 3) == ("", None)


def test_a_cursor_goes_on_after_its_item_even_if_that_is_gone() -> None:
    first, cursor = letters("bdfh", 2)
    assert first == "bd"
    assert letters("abcfgh", 9, cursor) == ("fgh", None)


def test_keys_of_any_text_survive() -> None:
    _, cursor = letters("ß🙂ẞ"[::1], 1)
    assert letters("ß🙂", 9, cursor)[0] == "🙂"


@pytest.mark.parametrize("cursor", ["", "!", "AA", "bGV0dGVycw", "ÿ", "a" * 1000])
def test_what_is_no_cursor_is_refused(cursor: str) -> None:
    with pytest.raises(FieldError) as refused:
        letters("abc", 1, cursor)
    assert refused.value.path == "cursor"


def test_a_cursor_of_another_list_is_refused() -> None:
    _, cursor = letters("abc", 1, name="others")
    with pytest.raises(FieldError):
        letters("abc", 1, cursor)

"""Cursors go round, and nothing else is taken for one."""

import base64
import json

import pytest

from wallflower_sidecar.domain.errors import FieldError
from wallflower_sidecar.store.paging import After, Shown, decode_cursor

ID = "01a20220-ed8d-7e62-820e-0d49182abcd0"


@pytest.mark.parametrize("cursor", [After(1_795_000_000_000, ID), After(-5, ID), Shown(7, 0b1011), Shown(0, 0)])
def test_round_trip(cursor):
    assert decode_cursor(cursor.encode()) == cursor
    assert cursor.encode().replace("-", "").replace("_", "").isalnum()


def test_the_cursor_of_two_thousand_shown_matches_fits():
    assert decode_cursor(Shown(2**62, 2**2000 - 1).encode()) == Shown(2**62, 2**2000 - 1)


def encoded(value: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(value, separators=(",", ":")).encode()).decode().rstrip("=")


@pytest.mark.parametrize(
    "cursor",
    [
        "",
        "x",
        "nonsense!",
        "ä",
        "\ud800",
        "A" * 100_000,
        encoded("[" * 1_500),
        base64.urlsafe_b64encode(b"[" * 1_400).decode(),
        base64.urlsafe_b64encode(b"\xff\xfe").decode(),
        encoded(None),
        encoded({}),
        encoded(["t"]),
        encoded(["t", "1", ID]),
        encoded(["t", 1, "no id"]),
        encoded(["t", 2**64, ID]),
        encoded(["t", 1.5, ID]),
        encoded(["t", True, ID]),
        encoded(["t", 1, f"{{{ID}}}"]),
        encoded(["r", True, "0"]),
        encoded(["r", 1, "-1"]),
        encoded(["r", 1, "0xf"]),
        encoded(["r", 1, " f"]),
        Shown(7, 5).encode() + "=",
        encoded(["r", -1, "0"]),
        encoded(["r", 1, "z"]),
        encoded(["r", 1, "0", 1]),
    ],
)
def test_refused(cursor):
    with pytest.raises(FieldError) as caught:
        decode_cursor(cursor)
    assert caught.value.path == "cursor"

"""The faults of one camera: how each is provoked and taken back, and what the sidecar may say of it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
import random

SEEN_WITHIN_S = 7.0
OPENING_S = 30.0
"""A camera that accepts a connection and says nothing is given up within this time."""

type Order = tuple[str, ...]
"""A control command of the test camera and its arguments; `@` stands for the source's name."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One kind of fault; `lasts_s` bounds how long it is left, drawn evenly.

    One of `names` has to be shown (none: nothing may be wrong), any of `passing` may be shown besides.
    """

    kind: str
    begin: Sequence[Order]
    end: Sequence[Order] = ()
    lasts_s: tuple[float, float] = (0.0, 0.0)
    names: frozenset[str] = frozenset()
    passing: frozenset[str] = frozenset()
    named_within_s: float = SEEN_WITHIN_S
    found_by_trying: bool = False
    """Whether only an attempt finds out what is wrong, which the backoff may put off."""

    needs_restart: bool = False
    """Whether a person would press restart once it is over."""

    swaps: bool = False
    """Whether the camera's other clip takes the place of the present one."""

    needs_picture: bool = False
    """Whether it can be seen only where the picture is pulled."""


FAULTS = (
    Fault(
        "freeze",
        [("freeze", "@")],
        [("thaw", "@")],
        (7.0, 15.0),
        frozenset({"stalled"}),
        frozenset({"connect_timeout"}),
    ),
    Fault("drop", [("drop", "@")], names=frozenset({"eof"})),
    Fault(
        "garbage",
        [("garbage", "@", "on")],
        [("garbage", "@", "off")],
        (8.0, 12.0),
        frozenset({"corrupt_stream"}),
        frozenset({"no_audio", "no_video", "codec_changed"}),
    ),
    Fault(
        "switched off",
        [("refuse",)],
        [("listen",)],
        (2.0, 15.0),
        frozenset({"connection_refused"}),
        frozenset({"eof"}),
        found_by_trying=True,
    ),
    Fault("restart", [("restart", "@")], names=frozenset({"eof"})),
    Fault(
        "wrong password",
        [("status", "@", "401"), ("drop", "@")],
        [("status", "@", "none")],
        (8.0, 15.0),
        frozenset({"auth_failed"}),
        frozenset({"eof"}),
        needs_restart=True,
        found_by_trying=True,
    ),
    Fault(
        "not found",
        [("status", "@", "404"), ("drop", "@")],
        [("status", "@", "none")],
        (6.0, 12.0),
        frozenset({"not_found"}),
        frozenset({"eof"}),
        found_by_trying=True,
    ),
    Fault(
        "silent",
        [("silent", "@", "on"), ("drop", "@")],
        [("silent", "@", "off")],
        (10.0, 20.0),
        frozenset({"connect_timeout"}),
        frozenset({"eof"}),
        found_by_trying=True,
    ),
    Fault("slow", [("slow", "@", "0.6"), ("drop", "@")], [("slow", "@", "0")], (8.0, 12.0), frozenset({"eof"})),
    Fault("time jumps ahead", [("jump", "@", "3600")]),
    Fault("time jumps back", [("jump", "@", "-20")]),
    # Which codec it is now is certain only from the next session's offer; until then that one medium is gone.
    Fault(
        "another codec",
        [],
        names=frozenset({"codec_changed"}),
        passing=frozenset({"no_audio", "no_video", "corrupt_stream"}),
        swaps=True,
        needs_picture=True,
    ),
)


def dealt(random_source: random.Random) -> Iterator[Fault]:
    """Fault after fault without end; every kind comes once before any comes again."""
    while True:
        deck = list(FAULTS)
        random_source.shuffle(deck)
        yield from deck


def deck_of(seed: int, stream: str) -> Iterator[Fault]:
    """The faults of one camera in their order, whatever the other cameras meet."""
    return dealt(random.Random(f"{seed} {stream} deck"))


def words(order: Order, source: str) -> tuple[str, ...]:
    """The command for this source."""
    return tuple(source if word == "@" else word for word in order)

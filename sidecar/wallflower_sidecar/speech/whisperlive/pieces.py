"""What a server tells of one utterance, put together: each word once, in order."""

from dataclasses import dataclass, replace
import re

from .wire import Piece, Segments

COVERED_S = 0.5
"""The last word may end so much before the gate's last speech frame."""

_TOLERANCE_S = 0.05
_TOUCHING_S = 0.5
_RETOLD_S = 0.3
_FASTEST = 20.0
"""Characters a second that a fast speaker reaches."""

_WORD = re.compile(r"\w+(?:['’]\w+)*")


@dataclass(frozen=True, slots=True)
class _Kept:
    """A piece, and the number of the message that first told it."""

    piece: Piece
    message: int


class Pieces:
    """The pieces of one utterance that lies at `begin`–`end` of its session (seconds), speech until `speech_end`.

    Every utterance is followed by silence of our own, so that times alone tell whose a piece is.
    """

    def __init__(self, begin: float, speech_end: float, end: float) -> None:
        """Start with nothing told."""
        self.begin = begin
        self.proof_begin: float | None = None
        """Where the known speech behind an unanswered utterance begins."""
        self.proven = False
        """Whether something was told of the known speech."""
        self.mixed = False
        """Whether a piece holds both, so that nobody can tell them apart."""
        self.messages = 0
        """Messages with a piece of this utterance."""
        self.repeated = 0
        """How often in a row the last of them told the same."""
        self._speech_end = speech_end
        self._end = end
        self._completed: dict[tuple[float, float], _Kept] = {}
        self._partial: _Kept | None = None
        self._last_told: tuple[str, ...] = ()

    @property
    def told(self) -> bool:
        """Whether anything was told of this utterance."""
        return self.messages > 0

    @property
    def covers_the_end(self) -> bool:
        """Whether what was told reaches to where the speech ends."""
        return any(kept.piece.end >= self._speech_end - COVERED_S for kept in self._kept())

    def take(self, segments: Segments) -> None:
        """Take in a message."""
        mine = [piece for piece in map(self._mine, segments.pieces) if piece is not None]
        if not mine:
            return
        self.messages += 1
        partials = [piece for piece in mine if not piece.completed]
        for piece in mine:
            if piece.completed:
                self._complete(piece)
        if partials:
            self._promote_before(partials[-1])
            self._partial = _Kept(partials[-1], self.messages)
        told = tuple(piece.text for piece in self.joined())
        self.repeated = self.repeated + 1 if told == self._last_told else 1
        self._last_told = told

    def joined(self) -> list[Piece]:
        """The pieces in order, what was told twice at a cut told once."""
        pieces: list[Piece] = []
        before: _Kept | None = None
        for kept in self._kept():
            piece = kept.piece
            if before is not None and kept.message != before.message:
                piece = without_overlap(before.piece, piece)
            if piece.text:
                pieces.append(piece)
            before = kept
        return pieces

    def _kept(self) -> list[_Kept]:
        kept = sorted(self._completed.values(), key=lambda each: (each.piece.start, each.piece.end))
        if self._partial is not None and not (kept and _retold(self._partial.piece, kept[-1].piece)):
            kept.append(self._partial)
        return kept

    def _promote_before(self, piece: Piece) -> None:
        """Keep a partial that the server left behind: it never completes one that says what the last one said."""
        if self._partial is not None and piece.start >= self._partial.piece.end - _TOLERANCE_S:
            left = self._partial.piece
            self._completed[left.start, left.end] = self._partial

    def _complete(self, piece: Piece) -> None:
        key = (piece.start, piece.end)
        if key in self._completed:
            return
        partial = self._partial
        if partial is not None and _same(partial.piece.text, piece.text) and piece.end <= partial.piece.end + _RETOLD_S:
            # A segment that is completed because it stayed the same comes without words and with the cut's times.
            self._completed[key] = _Kept(replace(partial.piece, completed=True), partial.message)
            self._partial = None
            return
        if any(_retold(piece, kept.piece) for kept in self._completed.values()):
            return
        self._completed[key] = _Kept(piece, self.messages)
        if partial is not None and partial.piece.start < piece.end:
            self._partial = None

    def _mine(self, piece: Piece) -> Piece | None:
        """The part of a piece that is of this utterance."""
        if self.proof_begin is not None and piece.end > self.proof_begin + _TOLERANCE_S:
            self.proven = True
            if piece.start >= self._end - _TOLERANCE_S:
                return None
            words = tuple(word for word in piece.words if word.start < self.proof_begin)
            self.mixed |= not piece.words
            text = " ".join(word.word for word in words)
            return replace(piece, text=text, words=words, end=words[-1].end) if words else None
        ours = piece.end > self.begin + _TOLERANCE_S and piece.start < self._end and piece.text
        return piece if ours else None


def without_overlap(before: Piece, piece: Piece) -> Piece:
    """The piece without the words at its beginning that the piece before, of another decode, already told.

    A cut in the middle of a sound makes the server hear it twice ("... for you", "For you, ask ..."). Somebody who
    repeats himself is left his words: of a single word, of a whole piece, or of what he had said twice before, only
    what nobody could have said in the time is taken away.
    """
    if piece.start - before.end > _TOUCHING_S:
        return piece
    said, again = _words(before.text), list(_WORD.finditer(piece.text))
    count = _overlap(said, [match[0].casefold() for match in again])
    if not count:
        return piece
    end = again[count - 1].end()
    whole = count == len(again)
    repeating = said[-2 * count : -count] == said[-count:]
    if (count == 1 or whole or repeating) and not _too_fast(piece, count, end):
        return piece
    rest = "" if whole else piece.text[end:].lstrip(" ,.;:!?…-")
    return replace(piece, text=rest, words=piece.words[count:])


def _too_fast(piece: Piece, count: int, characters: int) -> bool:
    """Whether the first words of a piece would have been said faster than anybody speaks."""
    if len(piece.words) >= count:
        taken_s = piece.words[count - 1].end - piece.start
    else:
        taken_s = (piece.end - piece.start) * characters / len(piece.text)
    return characters > _FASTEST * taken_s


def _overlap(said: list[str], again: list[str]) -> int:
    """How many last words of one are the first words of the other, at most."""
    longest = min(len(said), len(again))
    return next((count for count in range(longest, 0, -1) if said[-count:] == again[:count]), 0)


def _retold(piece: Piece, kept: Piece) -> bool:
    """Whether a piece lies within what is already kept."""
    return piece.start < kept.end - _TOLERANCE_S and piece.end <= kept.end + _RETOLD_S and piece.start >= kept.start


def _same(one: str, other: str) -> bool:
    return _words(one) == _words(other)


def _words(text: str) -> list[str]:
    return [match[0].casefold() for match in _WORD.finditer(text)]

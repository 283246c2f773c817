"""What a server tells of one utterance becomes each word once, in order."""

import pytest

from wallflower_sidecar.speech.whisperlive.pieces import Pieces, without_overlap
from wallflower_sidecar.speech.whisperlive.wire import Piece, Segments, SpokenWord


def piece(start, end, text, *, completed=True, words=False):
    parts = text.split() if words else []
    step = (end - start) / max(len(parts), 1)
    spoken = tuple(
        SpokenWord(word, start + index * step, start + (index + 1) * step, 0.9) for index, word in enumerate(parts)
    )
    return Piece(start, end, text, completed, spoken)


def partial(start, end, text, **options):
    return piece(start, end, text, completed=False, **options)


def put_together(*messages, begin=10.0, speech_end=19.0, end=19.6):
    pieces = Pieces(begin, speech_end, end)
    for message in messages:
        pieces.take(Segments(tuple(message)))
    return pieces


def texts(pieces):
    return [each.text for each in pieces.joined()]


def test_only_what_overlaps_the_utterance_counts():
    before, behind = piece(3, 9.5, "Before."), partial(20.0, 21.0, "Silence hums.")
    pieces = put_together([before], [before, behind])
    assert not pieces.told
    pieces.take(Segments((before, partial(10.3, 12, "Mine."))))
    assert pieces.told
    assert texts(pieces) == ["Mine."]


def test_resent_segments_count_once_and_moved_partials_replace_each_other():
    first = piece(10, 12, "One.")
    pieces = put_together(
        [partial(10, 11, "On")], [first, partial(12, 13, "Tw")], [first, partial(12, 14, "Two.")], [first]
    )
    assert texts(pieces) == ["One.", "Two."]


def test_a_segment_completed_because_it_stayed_the_same_keeps_its_words():
    told = partial(10.4, 12, "Who is there?", words=True)
    pieces = put_together([told], [piece(10.0, 12, "Who is there?")])
    (only,) = pieces.joined()
    assert only.completed
    assert only.words == told.words
    assert only.start == 10.4


def test_a_partial_that_the_server_swallows_is_kept():
    pieces = put_together([partial(10, 11, "Help!")], [], [partial(12, 13, "Come here.")])
    assert texts(pieces) == ["Help!", "Come here."]


def test_a_segment_told_again_with_other_times_is_left_out():
    first = piece(10, 14, "The front door is open.")
    pieces = put_together([first], [first, piece(12, 14.2, "door is open.")])
    assert texts(pieces) == ["The front door is open."]


def test_a_phrase_repeated_in_one_decode_is_kept():
    cries = [piece(10, 11, "Help."), piece(11, 12, "Help."), partial(12, 13, "Help.")]
    assert texts(put_together(cries)) == ["Help.", "Help.", "Help."]


def test_a_message_is_counted_as_the_same_only_if_all_of_it_is():
    first = piece(10, 12, "One.")
    assert put_together([first, partial(12, 13, "Two")], [first, partial(12, 13, "Two")]).repeated == 2
    assert put_together([first, partial(12, 13, "Two")], [first, partial(12, 14, "Two more")]).repeated == 1


def test_it_tells_whether_the_end_of_the_speech_is_reached():
    assert not put_together([partial(10, 15, "Half of")]).covers_the_end
    assert put_together([partial(10, 18.6, "All of it.")]).covers_the_end


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        (
            piece(0, 3, "what your country can do for you"),
            piece(3, 6, "For you, ask what you can do"),
            "ask what you can do",
        ),
        (piece(0, 3, "what is that for"), piece(3, 3.1, "for"), ""),
        (piece(0, 1, "Help!"), piece(1, 2, "Help!"), "Help!"),
        (piece(0, 1, "Help!"), piece(1, 3, "Help me, please."), "Help me, please."),
        (piece(0, 2, "help me"), piece(2, 4, "help me"), "help me"),
        (piece(0, 4, "help me help me"), piece(4, 7, "help me please"), "help me please"),
        (piece(0, 3, "can do for you"), piece(9, 12, "For you, I said."), "For you, I said."),
        (piece(0, 3, "The door is open."), piece(3, 5, "Who is there?"), "Who is there?"),
        (piece(0, 3, "..."), piece(3, 5, "Who is there?"), "Who is there?"),
        (piece(0, 3, "no words"), piece(3, 5, "!?"), "!?"),
    ],
)
def test_words_told_twice_at_a_cut_are_told_once(before, after, expected):
    assert without_overlap(before, after).text == expected


def test_the_words_go_with_the_text():
    trimmed = without_overlap(piece(0, 3, "can do for you"), piece(3, 6, "For you, ask what", words=True))
    assert [word.word for word in trimmed.words] == ["ask", "what"]


def test_an_answer_to_known_speech_is_told_from_the_utterances():
    pieces = put_together()
    pieces.proof_begin = 21.0
    pieces.take(Segments((partial(21.2, 23, "Good morning."),)))
    assert pieces.proven
    assert not pieces.told


def test_a_piece_over_both_is_split_by_its_words_or_said_to_be_mixed():
    both = partial(18, 23, "Help! Good morning everybody here", words=True)
    pieces = put_together()
    pieces.proof_begin = 21.0
    pieces.take(Segments((both,)))
    assert texts(pieces) == ["Help! Good morning"], "words begin each second"
    assert not pieces.mixed
    blind = put_together()
    blind.proof_begin = 21.0
    blind.take(Segments((partial(18, 23, "Help! Good morning"),)))
    assert blind.mixed

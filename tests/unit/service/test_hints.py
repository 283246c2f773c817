"""What a recogniser is told beforehand."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from wallflower_sidecar.domain.keywords import Match, Rule
from wallflower_sidecar.domain.streams import Stream
from wallflower_sidecar.domain.transcripts import Transcript, Utterance
from wallflower_sidecar.service.hints import MAX_HOTWORDS, HintBook

BEGAN = datetime(2026, 11, 22, 7, 20, tzinfo=UTC)
DOOR = Stream(id="door", name="Door", url="rtsp://camera/door")


class Known(dict[str, Stream]):
    """The streams that there are."""

    find = dict.get


def spoken(seconds: float) -> Utterance:
    return Utterance("u", "door", BEGAN, BEGAN + timedelta(seconds=seconds), BEGAN, b"")


def in_language(code: str | None, probability: float = 1.0) -> Transcript:
    return Transcript("", code, 1.0, language_probability=probability)


def own_rules(stream: Stream) -> tuple[Rule, ...]:
    return stream.keywords


def replaced(**fields: object) -> Stream:
    return replace(DOOR, **fields)


def test_the_streams_language_is_told_before_that_of_the_settings() -> None:
    book = HintBook(lambda: "nl", own_rules)

    assert book.of(replaced(language="de")).language == "de"
    assert book.of(DOOR).language == "nl"


def test_the_phrases_of_rules_are_words_to_expect_but_patterns_are_not() -> None:
    rules = (
        Rule("help", "Help", ("help", "call the police")),
        Rule("again", "Again", ("help",), match=Match.FUZZY),
        Rule("plate", "Plate", ("[a-z]+ [0-9]+",), match=Match.REGEX),
    )

    assert HintBook(lambda: None, own_rules).of(replaced(keywords=rules)).hotwords == ("help", "call the police")


def test_of_very_many_phrases_the_first_are_told() -> None:
    rules = tuple(Rule(str(number), str(number), (f"word {number}",)) for number in range(1000))
    hotwords = HintBook(lambda: None, lambda _stream: rules).of(DOOR).hotwords
    assert hotwords == tuple(f"word {number}" for number in range(MAX_HOTWORDS))


def test_a_language_heard_again_and_again_outweighs_the_others() -> None:
    book = HintBook(lambda: None, own_rules)
    assert book.of(DOOR).languages is None

    for _ in range(10):
        book.heard(spoken(3.0), in_language("de", 0.9), Known(door=DOOR))

    weights = book.of(DOOR).languages
    assert weights is not None
    assert weights["de"] > 2 * weights[""]


def test_what_was_heard_is_forgotten_once_a_language_is_set_or_the_stream_is_gone() -> None:
    for known in (Known(door=replaced(language="de")), Known()):
        book = HintBook(lambda: None, own_rules)
        book.heard(spoken(3.0), in_language("fr"), Known(door=DOOR))

        book.heard(spoken(3.0), in_language("fr"), known)

        assert book.of(DOOR).languages is None


def test_an_utterance_without_words_says_nothing_of_its_language() -> None:
    book = HintBook(lambda: None, own_rules)

    book.heard(spoken(3.0), in_language("fr"), Known(door=DOOR))
    before = book.of(DOOR).languages
    book.heard(spoken(3.0), in_language(None), Known(door=DOOR))

    assert book.of(DOOR).languages == before

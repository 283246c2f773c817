"""What is said and what is written come to one form."""

import pytest

from wallflower_sidecar.keywords.normalise import normalise, rendered
from wallflower_sidecar.keywords.numbers import ENGLISH


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("Help ME, please!", "help me please"),
        ("  help\tme\n", "help me"),
        ("Café CRÈME", "cafe creme"),
        ("Straße", "strasse"),
        ("ＦＵＬＬ　ｗｉｄｔｈ", "full width"),
        ("don't", "dont"),
        ("don’t", "dont"),
        ("'help'", "help"),
        ("rock 'n' roll", "rock n roll"),
        ("O'Brien", "obrien"),
        ("l'aiuto", "l aiuto"),
        ("qu'est-ce", "qu est ce"),
        ("dell'acqua", "dell acqua"),
        ("п'ять", "пять"),
        ("ё Й", "е и"),
        ("ΟΔΥΣΣΕΎΣ", "οδυσσευσ"),
        ("IŞIK ışık", "isik isik"),
        ("سَلَامٌ", "سلام"),
        ("شَـــكراً", "شكرا"),
        ("שָׁלוֹם", "שלום"),
        ("हिन्दी", "हिन्दी"),
        ("도와줘!", "도와줘"),
        ("soft\u00adhyphen zero\u200bwidth", "softhyphen zerowidth"),
        ("well-known", "well known"),
        ("COVID-19", "covid 1 9"),
        ("covid19", "covid 1 9"),
        ("7pm", "7 pm"),
        ("1,000", "1 0 0 0"),
        ("1,00", "1 0 0"),
        ("٩١١", "9 1 1"),
        ("助けて", "助 け て"),
        ("タスケテ", "た す け て"),
        ("ﾀｽｹﾃ", "た す け て"),
        ("救命!", "救 命"),
        ("打911", "打 9 1 1"),
        ("ช่วยด้วย", "ช่ ว ย ด้ ว ย"),
        ("😀 …", ""),
        ("", ""),
    ],
)
def test_one_form(text, tokens):
    assert " ".join(normalise(text).tokens) == tokens


@pytest.mark.parametrize(
    ("words", "digits"),
    [
        ("zero", "0"),
        ("nine one one", "911"),
        ("twelve", "12"),
        ("twenty one", "21"),
        ("twenty-one", "21"),
        ("twenty twenty", "2020"),
        ("nineteen ninety nine", "1999"),
        ("one hundred", "100"),
        ("a hundred and five", "105"),
        ("twelve hundred", "1200"),
        ("three thousand and seven", "3007"),
        ("two hundred thousand three hundred", "200300"),
        ("one million two thousand", "1002000"),
        ("one thousand one million", "10001000000"),
    ],
)
def test_number_words(words, digits):
    assert "".join(normalise(words).tokens) == digits


@pytest.mark.parametrize("text", ["a", "and", "a dog and a cat", "someone", "often", "attention"])
def test_what_only_looks_like_a_number_stays(text):
    assert not any(token.isdigit() for token in normalise(text).tokens)


def test_and_between_two_numbers_stays_a_word():
    assert normalise("five and six").tokens == ("5", "and", "6")


def test_a_number_ends_where_the_next_one_begins():
    number = ENGLISH.read(["one", "two"], 0)
    assert number is not None
    assert (number.value, number.end) == (1, 1)


def test_text_again_has_spaces_only_where_the_script_has_them():
    assert rendered(normalise("call 助けて now").tokens) == "call 助けて now"

"""Which phrases are heard in which sentences, with what only sounds near."""

import pytest

from .speaking import fires, hits, rule

HEARD = [
    ("help", "Help!"),
    ("help", "please help me"),
    ("help me", "HELP, me"),
    ("HELP ME", "help me"),
    ("don't move", "dont move"),
    ("dont move", "don’t move"),
    ("call the police", "Somebody call the police. Now!"),
    ("911", "call 9 1 1"),
    ("911", "call nine one one"),
    ("911", "call 911"),
    ("9 1 1", "call 911"),
    ("9-1-1", "nine-one-one"),
    ("nine one one", "911"),
    ("nine one one", "9-1-1"),
    ("nine eleven", "911"),
    ("one one two", "dial 112"),
    ("room 12", "room twelve"),
    ("twelve", "12"),
    ("room twenty-one", "room 21"),
    ("105", "a hundred and five"),
    ("two thousand", "2,000"),
    ("ten thirty", "at 10:30"),
    ("one", "nine one one"),
    ("seven pm", "7pm"),
    ("aiuto", "chiamo l'aiuto"),
    ("au secours", "Au secours !"),
    ("hilfe", "HILFE!"),
    ("straße", "die STRASSE"),
    ("zürich", "in zurich"),
    ("ayuda", "¡Ayuda, por favor!"),
    ("помогите", "Помогите мне"),
    ("пять", "п'ять"),
    ("βοήθεια", "ΒΟΗΘΕΙΑ!"),
    ("النجدة", "النَّجدة يا ناس"),
    ("عجدة", "عـجـدة"),
    ("שלום", "שָׁלוֹם לכם"),
    ("मदद", "कृपया मदद करो"),
    ("도와줘", "빨리 도와줘"),
    ("救命", "快来人救命啊"),
    ("救命", "救 命"),
    ("助けて", "誰か助けてください"),
    ("タスケテ", "だれか、たすけて"),
    ("911", "打911吧"),
    ("ช่วยด้วย", "โปรดช่วยด้วยครับ"),
    ("e-mail", "e mail"),
    ("ISTANBUL", "istanbul"),
]

NEAR_MISSES = [
    ("help", "helpful"),
    ("help", "the kelp"),
    ("help me", "help him"),
    ("help me", "me help"),
    ("help me", "help, not me"),
    ("fire", "fireplace"),
    ("fire", "fires"),
    ("dont", "don"),
    ("911", "9112"),
    ("911", "1911"),
    ("911", "91 of 1"),
    ("911", "nine one two"),
    ("nine one one", "nine hundred eleven"),
    ("nine one one", "nine eleven"),
    ("twelve", "one two"),
    ("one", "911"),
    ("one", "twenty one"),
    ("one", "someone"),
    ("1", "21"),
    ("21", "twenty, and one"),
    ("100", "1000"),
    ("hundred", "hundreds"),
    ("100", "200"),
    ("मदद", "मदन"),
    ("कुल", "कल"),
    ("救命", "救护"),
    ("はか", "ばか"),
    ("ปา", "ป่า"),
    ("ส", "สี"),
    ("도와", "도와줘"),
    ("aiuto", "aiutano"),
    ("cat", "concatenate"),
    ("a b", "ab"),
]


@pytest.mark.parametrize(("phrase", "text"), HEARD)
def test_heard(phrase, text):
    assert fires(rule(phrase), text)


@pytest.mark.parametrize(("phrase", "text"), NEAR_MISSES)
def test_only_near(phrase, text):
    assert not fires(rule(phrase), text)


@pytest.mark.parametrize(
    ("phrase", "earlier", "later"),
    [
        ("call the police", "please call", "the police now"),
        ("call the police", "call the", "police"),
        ("911", "nine one", "one"),
        ("救命啊", "救", "命啊"),
    ],
)
def test_over_two_utterances_the_later_has_the_hit(phrase, earlier, later):
    first, second = hits(rule(phrase), earlier, later)
    assert first == []
    assert [hit.text for hit in second] == [later]


@pytest.mark.parametrize("gap_s", [10.1, 60.0])
def test_utterances_far_apart_are_no_neighbours(gap_s):
    assert hits(rule("call the police"), "please call", "the police", gap_s=gap_s) == [[], []]


def test_utterances_just_near_enough_are_neighbours():
    assert hits(rule("call the police"), "please call", "the police", gap_s=10.0)[1]


def test_a_phrase_of_the_earlier_utterance_is_not_hit_again():
    first, second = hits(rule("help"), "help", "who is there")
    assert len(first) == 1
    assert second == []


def test_only_the_utterance_before_is_a_neighbour():
    assert hits(rule("call the police"), "call", "the", "police")[2] == []


def test_a_phrase_wholly_in_the_later_utterance_is_one_hit():
    assert [len(each) for each in hits(rule("help"), "help", "help")] == [1, 1]


def test_several_occurrences_and_phrases_are_one_hit():
    (found,) = hits(rule("help", "fire"), "fire! fire! help!")
    assert [hit.phrase for hit in found] == ["help"]

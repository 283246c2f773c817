"""What a hit depends on beside its phrase."""

from dataclasses import replace
import logging
import time

import pytest

from wallflower_sidecar.domain.keywords import HitState, Match
from wallflower_sidecar.domain.transcripts import Speaker
from wallflower_sidecar.keywords import KeywordMatcher
from wallflower_sidecar.keywords.patterns import SEARCH_S
from wallflower_sidecar.keywords.searches import STRIKES

from .speaking import fires, hits, rule, said


def test_a_hit_repeats_what_a_client_needs():
    matcher = KeywordMatcher()
    matcher.set_rules("door", [rule("Help me", id="sos", name="SOS")])
    segment = said("oh, HELP me!", confidence=0.77)
    (hit,) = matcher.match(segment)
    assert (hit.rule_id, hit.rule_name, hit.phrase, hit.text) == ("sos", "SOS", "Help me", "oh, HELP me!")
    assert (hit.segment, hit.stream, hit.confidence) == (segment.id, "door", 0.77)
    assert (hit.start, hit.end, hit.state) == (segment.start, segment.end, HitState.CONFIRMED)


def test_each_rule_hits_for_itself_and_ids_differ():
    matcher = KeywordMatcher()
    matcher.set_rules("door", [rule("help", id="a"), rule("help me", id="b"), rule("fire", id="c")])
    found = matcher.match(said("help me"))
    assert [hit.rule_id for hit in found] == ["a", "b"]
    assert len({hit.id for hit in found}) == 2


def test_streams_do_not_hear_each_other():
    matcher = KeywordMatcher()
    for stream in ("door", "pool"):
        matcher.set_rules(stream, [rule("call the police", cooldown_s=60)])
    matcher.match(said("call", stream="door"))
    assert matcher.match(said("the police", at_s=3, stream="pool")) == []
    assert matcher.match(said("call the police", at_s=6, stream="pool"))
    assert matcher.match(said("call the police", at_s=9, stream="door"))


@pytest.mark.parametrize(
    ("phrase", "excluded", "text", "hit"),
    [
        ("fire", "fire drill", "this is a fire drill", False),
        ("fire", "fire drill", "there is a fire", True),
        ("fire alarm", "test", "testing the fire alarm", True),
        ("fire alarm", "test", "a TEST of the fire alarm", False),
        ("help", "no help", "I need no, help", False),
        ("911", "not 911", "not nine one one", False),
    ],
)
def test_not_phrases(phrase, excluded, text, hit):
    assert fires(rule(phrase, excluded=(excluded,)), text) is hit


def test_a_not_phrase_of_the_earlier_utterance_counts_for_a_phrase_over_both():
    listening = rule("fire alarm", excluded=("test",))
    assert hits(listening, "test of the fire", "alarm")[1] == []
    assert hits(listening, "test of the house", "fire alarm")[1] != []


@pytest.mark.parametrize(("confidence", "hit"), [(0.79, False), (0.8, True), (1.0, True)])
def test_min_confidence(confidence, hit):
    matcher = KeywordMatcher()
    matcher.set_rules("door", [rule("help", min_confidence=0.8)])
    assert bool(matcher.match(said("help", confidence=confidence))) is hit


@pytest.mark.parametrize(("at_s", "hit"), [(1, False), (29.9, False), (30, True), (-29.9, False), (-3600, True)])
def test_cooldown_counts_from_the_last_hit_and_survives_a_clock_set_back(at_s, hit):
    matcher = KeywordMatcher()
    matcher.set_rules("door", [rule("help", cooldown_s=30)])
    assert matcher.match(said("help"))
    assert bool(matcher.match(said("help", at_s=at_s))) is hit


def test_cooldown_is_not_prolonged_by_what_it_swallows():
    matcher = KeywordMatcher()
    matcher.set_rules("door", [rule("help", cooldown_s=30)])
    assert [bool(matcher.match(said("help", at_s=at_s))) for at_s in (0, 20, 31)] == [True, False, True]


def test_cooldown_goes_on_when_rules_are_set_again_but_not_for_a_rule_that_was_gone():
    matcher = KeywordMatcher()
    listening = rule("help", cooldown_s=30)
    matcher.set_rules("door", [listening])
    matcher.match(said("help"))
    matcher.set_rules("door", [listening, rule("fire", id="f", name="f")])
    assert matcher.match(said("help", at_s=5)) == []
    matcher.set_rules("door", [])
    matcher.set_rules("door", [listening])
    assert matcher.match(said("help", at_s=6))


def test_a_forgotten_stream_has_no_rules_and_no_memory():
    matcher = KeywordMatcher()
    matcher.set_rules("door", [rule("call the police")])
    matcher.match(said("call"))
    matcher.forget("door")
    assert matcher.match(said("call the police")) == []
    matcher.set_rules("door", [rule("call the police")])
    assert matcher.match(said("the police", at_s=3)) == []


def test_an_utterance_older_than_the_one_before_is_not_joined_to_it():
    matcher = KeywordMatcher()
    matcher.set_rules("door", [rule("call the police")])
    matcher.match(said("call", at_s=0))
    assert matcher.match(said("the police", at_s=-3)) == []


@pytest.mark.parametrize(("speaker", "hit"), [(Speaker("1", "Ann"), True), (Speaker("2", "Bob"), False), (None, True)])
def test_speakers_count_once_the_speaker_is_known(speaker, hit):
    matcher = KeywordMatcher()
    matcher.set_rules("door", [rule("help", speakers=("1",))])
    assert bool(matcher.match(said("help", speaker=speaker))) is hit


@pytest.mark.parametrize(
    ("phrase", "text", "threshold", "hit"),
    [
        ("call the police", "call the polite", None, True),
        ("call the police", "call the polite man", None, True),
        ("front door", "the frontdoor is open", None, True),
        ("fire", "fires", None, True),
        ("fire", "hire", None, False),
        ("fire", "hire", 70, True),
        ("help", "yelp", None, False),
        ("call the police", "call the plumber", None, False),
        ("call the police", "", None, False),
        ("call the police", "call", None, False),
        ("助けてください", "助けて下さい", 60, True),
        ("助けてください", "ありがとう", 60, False),
        ("police", "the police are here", 100, True),
    ],
)
def test_fuzzy(phrase, text, threshold, hit):
    assert fires(rule(phrase, match=Match.FUZZY, threshold=threshold), text) is hit


def test_fuzzy_over_two_utterances_hits_once():
    listening = rule("call the police now", match=Match.FUZZY)
    assert [len(each) for each in hits(listening, "call the polite", "now")] == [0, 1]
    assert [len(each) for each in hits(listening, "call the police now", "okay")] == [1, 0]


@pytest.mark.parametrize(
    ("pattern", "text", "hit"),
    [
        (r"\bhelp(ing)?\b", "Helping!", True),
        (r"\bhelp(ing)?\b", "helper", False),
        (r"help\s+me", "help, me", True),
        (r"caf[eé]", "CAFÉ", True),
        (r"cafe", "Café", True),
        (r"[!?]$", "what?", True),
        (r"\p{Han}{2}", "救命", True),
    ],
)
def test_regex_sees_the_text_as_said_and_as_plain_words(pattern, text, hit):
    assert fires(rule(pattern, match=Match.REGEX), text) is hit


SLOW = rule(r"x(?:[bcd]|[bcd][bcd])+y", match=Match.REGEX, id="slow", name="slow")
"""Quick on every text but one that it was made for."""

HOSTILE = "secret x" + "bcd" * 100


def test_a_regex_that_is_too_slow_is_cut_off_and_given_up_and_its_stream_says_so(caplog):
    matcher = KeywordMatcher()
    matcher.set_rules("door", [SLOW, rule("secret", id="ok", name="ok")])
    with caplog.at_level(logging.WARNING):
        for index in range(STRIKES):
            assert matcher.faults("door") == []
            found = matcher.match(said(HOSTILE, at_s=index))
            assert [hit.rule_id for hit in found] == ["ok"]
    (fault,) = matcher.faults("door")
    assert (fault.rule, "too long" in fault.message) == ("slow", True)
    assert matcher.match(said("xby", at_s=9)) == [], "not tried any more"
    assert len(caplog.records) == 1
    assert "slow" in caplog.text
    assert "secret" not in caplog.text


def test_a_regex_that_was_given_up_is_tried_again_once_it_is_another_one():
    matcher = KeywordMatcher()
    matcher.set_rules("door", [SLOW])
    for index in range(STRIKES):
        matcher.match(said(HOSTILE, at_s=index))
    matcher.set_rules("door", [SLOW, rule("help", id="ok", name="ok")])
    assert matcher.faults("door"), "the rule is the same"
    matcher.set_rules("door", [replace(SLOW, phrases=("x[bcd]+y",))])
    assert matcher.faults("door") == []
    assert matcher.match(said("xby", at_s=9))


def test_many_slow_expressions_take_no_longer_together_than_an_utterance_may():
    matcher = KeywordMatcher()
    matcher.set_rules("door", [replace(SLOW, id=f"slow{number}", name=f"slow{number}") for number in range(100)])
    before = time.process_time()
    matcher.match(said(HOSTILE))
    assert time.process_time() - before < 100 * SEARCH_S / 2


def test_a_stored_rule_that_is_not_valid_any_more_does_not_stop_the_others(caplog):
    matcher = KeywordMatcher()
    matcher.set_rules("door", [rule("(", match=Match.REGEX, id="bad"), rule("help", id="good")])
    assert [hit.rule_id for hit in matcher.match(said("help"))] == ["good"]
    assert "bad" in caplog.text
    assert [fault.rule for fault in matcher.faults("door")] == ["bad"]


@pytest.mark.parametrize("text", ["", "!!!", "\x00", "😀" * 50, "a" * 100_000, "\ud800", "9" * 30_000])
def test_any_text_can_be_heard(text):
    matcher = KeywordMatcher()
    kinds = (Match.PHRASE, Match.FUZZY, Match.REGEX)
    matcher.set_rules("door", [rule("help me", match=kind, id=kind, name=kind) for kind in kinds])
    assert matcher.match(said(text)) == []
    assert matcher.match(said("help me", at_s=3))

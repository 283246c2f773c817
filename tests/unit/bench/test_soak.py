"""A soak that cannot find anything would be worth nothing: each judgement is shown a case it must object to."""

import asyncio
import random
import time
from types import SimpleNamespace

import pytest

from bench.soak_faults import FAULTS, dealt, deck_of
from bench.soak_invariants import Heard, judge_calm, judge_sentences
from bench.soak_ledger import AFTER_S, BEFORE_S, ENGINE, Outcome, Window
from bench.soak_log import LogReader
from bench.soak_recovery import BACK_WITHIN_S, deadline
from bench.soak_script import BELATED_S, GIVEN_UP_S, Script
from bench.soak_watch import Sighting, Watch, told
from tests.support.sidecar import SidecarEvent
from wallflower_sidecar.domain.errors import CaptureCode

SPOKEN = [("The dog is barking.", 100.0, 101.5), ("Please help me.", 110.0, 111.0)]
HEARD = [Heard("The dog is barking.", 100.1, 101.4), Heard("Please help me.", 110.0, 111.1)]
WHOLE = (0.0, 1000.0)


def test_sentences_stored_once_are_no_violation(ledger):
    counts = judge_sentences(ledger, "porch", SPOKEN, HEARD, WHOLE)
    assert (counts["judged"], counts["once"], ledger.violations) == (2, 2, [])


@pytest.mark.parametrize(
    ("heard", "kind"),
    [
        (HEARD[:1], "missing"),
        ([*HEARD, Heard("Please help me.", 110.1, 111.0)], "doubled"),
        ([*HEARD, Heard("Thank you.", 105.0, 106.0)], "phantoms"),
    ],
)
def test_a_sentence_that_is_missing_doubled_or_made_up_is_a_violation(ledger, heard, kind):
    assert judge_sentences(ledger, "porch", SPOKEN, heard, WHOLE)[kind] == 1
    assert len(ledger.violations) == 1


def test_a_sentence_near_a_fault_is_not_judged(ledger):
    window = ledger.open_window("porch")
    window.begin, window.end = 111.0 + BEFORE_S / 2, 115.0
    assert judge_sentences(ledger, "porch", SPOKEN, HEARD[:1], WHOLE)["judged"] == 1
    assert ledger.spared("porch", 115.0 + AFTER_S, 120.0)
    assert ledger.spared("gate", 111.0, 115.0)


def test_a_fault_of_everything_spares_nobody(ledger):
    window = ledger.open_window(None)
    window.begin, window.end = 99.0, 102.0
    assert not ledger.spared("porch", 100.0, 101.5)
    assert ledger.disturbed(98.0, 99.5)
    assert ledger.settled_at() == 102.0


def test_what_a_killed_sidecar_had_not_yet_turned_into_text_is_not_judged(ledger):
    window = ledger.open_window(None, "kill sidecar", before_s=BEFORE_S + 4.0)
    window.begin, window.end = 116.0, 120.0
    assert judge_sentences(ledger, "porch", SPOKEN, HEARD[:1], WHOLE)["judged"] == 1


def test_a_killed_engine_excuses_no_sentence(ledger):
    window = ledger.open_window(ENGINE, "kill engine")
    window.begin, window.end = 109.0, 112.0
    assert judge_sentences(ledger, "porch", SPOKEN, HEARD[:1], WHOLE)["missing"] == 1


def test_a_missing_sentence_is_told_with_its_camera_its_time_and_the_faults_beside_it(ledger):
    ledger.began = 50.0
    ledger.windows["porch"] += [Window(90.0, 95.0, "freeze"), Window(120.0, 125.0, "drop")]
    judge_sentences(ledger, "porch", SPOKEN, HEARD[:1], WHOLE)
    (violation,) = ledger.violations
    assert (violation.stream, violation.since) == ("porch", 110.0)
    assert "freeze over 15.0 s before it, drop 9.0 s after it" in violation.seen
    assert "porch at 1:00.0" in ledger.told(violation)


def test_a_stream_that_fails_without_a_fault_is_a_violation(ledger):
    ledger.windows["porch"] += [Window(90.0, 95.0, "freeze"), Window(120.0, 125.0, "drop")]
    shown = [
        Sighting(at, state, code, None)
        for at, state, code in (
            (91.0, "backoff", "stalled"),
            (94.9, "streaming", None),
            (105.0, "backoff", "eof"),
            (106.0, "connecting", "eof"),
            (107.0, "streaming", None),
            (109.0, "degraded", "disk_full"),
            (121.0, "backoff", "eof"),
        )
    ]
    judge_calm(ledger, "porch", shown, WHOLE)
    (violation,) = ledger.violations
    assert (violation.rule, violation.since) == ("a stream whose camera is well stays well", 105.0)
    assert "backoff/eof +0.0 s → connecting/eof +1.0 s" in violation.seen


def test_what_was_shown_is_told_once_and_with_its_time():
    shown = [Sighting(at, "streaming", None, None) for at in (10.0, 11.0)]
    assert told([*shown, Sighting(12.5, "backoff", "eof", 14.0)], 9.0) == "streaming/None +1.0 s → backoff/eof +3.5 s"
    assert told([], 9.0) == "nothing"


def test_a_stream_has_until_shortly_after_its_announced_retry():
    waiting = Sighting(90.0, "backoff", "eof", 130.0)
    assert deadline(waiting, [], 100.0) == 130.0 + BACK_WITHIN_S


def test_an_attempt_that_was_under_way_may_fail_but_not_the_one_after_it():
    before = Sighting(99.0, "connecting", "eof", None)
    failed = Sighting(104.0, "backoff", "connect_timeout", 106.0)
    tried = Sighting(106.0, "resolving", "connect_timeout", None)
    failed_again = Sighting(107.0, "backoff", "connect_timeout", 140.0)
    assert deadline(before, [failed, tried, failed_again], 100.0) == 106.0 + BACK_WITHIN_S


def show(watch, *shown):
    watch._sightings["porch"] += [Sighting(at, state, code, None) for at, state, code in shown]


CODEC = next(fault for fault in FAULTS if fault.swaps)
FREEZE = next(fault for fault in FAULTS if fault.kind == "freeze")


@pytest.mark.parametrize(
    ("seen_s", "named_s", "rule"),
    [(None, None, "a fault is seen within 7 s"), (4.0, None, "a fault is named stalled"), (4.0, 4.0, None)],
)
def test_a_fault_seen_late_or_named_wrongly_is_a_violation_that_says_what_was_seen_and_when(
    ledger, watch, seen_s, named_s, rule, rules
):
    show(watch, (99.0, "streaming", None), (109.5, "backoff", "eof"))
    outcome = Outcome("freeze", "porch", 100.0, seen_s=seen_s, named_s=named_s)
    Script(None, watch, ledger)._judge_sight(FREEZE, outcome, 100.0, Window(100.0, 112.0))
    assert rules() == ([rule] if rule else [])
    for violation in ledger.violations:
        assert (violation.stream, violation.fault, violation.since) == ("porch", "freeze", 100.0)
        assert violation.seen == "backoff/eof +9.5 s"


def test_a_code_that_does_not_fit_the_fault_is_a_violation(ledger, watch, rules):
    show(watch, (104.0, "backoff", "stalled"), (106.0, "backoff", "not_found"), (113.0, "backoff", "eof"))
    Script(None, watch, ledger)._judge_codes(FREEZE, Outcome("freeze", "porch", 100.0), 112.0)
    assert rules() == ["a fault has the right code"]
    assert "not_found +6.0 s" in ledger.violations[0].seen


class Swapped:
    """A camera, as far as a fault asks it, whose other clip is of another codec."""

    name = "porch"

    def __init__(self, *, pictured):
        self.process = self
        self.swapped = asyncio.Event()
        self._pictured = pictured

    async def counters(self, _name):
        return SimpleNamespace(describes=1, video_now=int(self._pictured))

    async def swap(self):
        self.swapped.set()
        return time.time()


async def test_another_codec_may_be_seen_for_as_long_as_the_picture_is_pulled(ledger, watch):
    show(watch, (time.time() - 60.0, "streaming", None))
    script = Script(None, watch, ledger)
    script.closing.set()
    camera = Swapped(pictured=True)
    failing = asyncio.create_task(script._fail(camera, CODEC, random.Random(1)))
    await camera.swapped.wait()
    await asyncio.wait({failing}, timeout=0.3)
    assert not failing.done(), "it waits"
    at = time.time()
    show(watch, (at, "backoff", "no_video"), (at + 0.01, "streaming", None))
    await failing
    judge_calm(ledger, "porch", watch.since("porch", at), (0.0, at + 60.0))
    assert ledger.violations == []


async def test_another_codec_is_not_waited_for_where_nobody_pulls_the_picture(ledger, watch):
    show(watch, (time.time() - 60.0, "streaming", None))
    script = Script(None, watch, ledger)
    script.closing.set()
    async with asyncio.timeout(BELATED_S / 2):
        await script._fail(Swapped(pictured=False), CODEC, random.Random(1))
    assert ledger.violations == []


async def test_a_stream_that_does_not_come_back_is_a_violation(ledger, watch, rules):
    healed_at = time.time() - 2 * GIVEN_UP_S
    show(watch, (healed_at + 1, "resolving", "eof"), (healed_at + 2, "backoff", "eof"))
    script = Script(None, watch, ledger)
    assert not await script.back("porch", healed_at, Outcome("freeze", "porch", healed_at))
    assert rules() == ["a camera that is back streams within 5 s of its retry"]


def test_every_fault_comes_once_before_any_comes_again():
    deck = dealt(random.Random(1))
    assert {next(deck).kind for _ in FAULTS} == {fault.kind for fault in FAULTS}


def test_a_seed_deals_each_camera_its_faults_whatever_the_others_meet():
    alone, beside, other = deck_of(1, "porch"), deck_of(1, "porch"), deck_of(1, "gate")
    kinds = [(next(beside).kind, next(other).kind) for _ in range(30)]
    assert [next(alone).kind for _ in range(30)] == [mine for mine, _ in kinds]
    assert [mine for mine, _ in kinds] != [others for _, others in kinds]


def test_only_codes_of_the_contract_are_expected():
    assert {code for fault in FAULTS for code in fault.names | fault.passing} <= {code.value for code in CaptureCode}


def test_a_traceback_and_a_secret_in_the_log_are_violations(ledger, rules):
    log = LogReader(ledger, ["secret"])
    for line in ("Traceback (most recent call last):", '  File "x.py", line 1', "ValueError: no", "all is well"):
        log.take(line)
    log.take("the password is secret")
    assert rules() == ["no unexpected error in the log", "no password and nothing said in a log"]
    assert "ValueError: no" in ledger.violations[0].seen


def test_an_id_that_does_not_grow_and_a_resync_are_violations(ledger, rules):
    watch = Watch(ledger, ["secret"])
    for number, kind in ((5, "speech.started"), (5, "speech.ended"), (9, "resync")):
        watch._take(SidecarEvent(number, kind, {}))
    watch._take(SidecarEvent(10, "speech.started", {"a": "secret"}))
    assert rules() == ["event ids grow", "no event is lost", "no password in an event"]

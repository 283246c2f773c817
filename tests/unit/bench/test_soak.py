"""A soak that cannot find anything would be worth nothing: each judgement is shown a case it must object to."""

import random

import pytest

from bench.soak_faults import FAULTS, dealt
from bench.soak_invariants import Heard, judge_sentences
from bench.soak_ledger import AFTER_S, BEFORE_S, Ledger
from bench.soak_log import LogReader
from bench.soak_processes import Life, Processes, Sample
from bench.soak_recovery import BACK_WITHIN_S, deadline
from bench.soak_watch import Sighting, Watch
from tests.support.sidecar import SidecarEvent
from wallflower_sidecar.domain.errors import CaptureCode

SPOKEN = [("The dog is barking.", 100.0, 101.5), ("Please help me.", 110.0, 111.0)]
HEARD = [Heard("The dog is barking.", 100.1, 101.4), Heard("Please help me.", 110.0, 111.1)]
WHOLE = (0.0, 1000.0)


@pytest.fixture
def ledger():
    return Ledger(seed=1)


def rules(ledger):
    return [violation.rule for violation in ledger.violations]


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


def test_a_stream_has_until_shortly_after_its_announced_retry():
    waiting = Sighting(90.0, "backoff", "eof", 130.0)
    assert deadline(waiting, [], 100.0) == 130.0 + BACK_WITHIN_S


def test_an_attempt_that_was_under_way_may_fail_but_not_the_one_after_it():
    before = Sighting(99.0, "connecting", "eof", None)
    failed = Sighting(104.0, "backoff", "connect_timeout", 106.0)
    tried = Sighting(106.0, "resolving", "connect_timeout", None)
    failed_again = Sighting(107.0, "backoff", "connect_timeout", 140.0)
    assert deadline(before, [failed, tried, failed_again], 100.0) == 106.0 + BACK_WITHIN_S


def test_every_fault_comes_once_before_any_comes_again():
    deck = dealt(random.Random(1))
    assert {next(deck).kind for _ in FAULTS} == {fault.kind for fault in FAULTS}


def test_only_codes_of_the_contract_are_expected():
    assert {code for fault in FAULTS for code in fault.names | fault.passing} <= {code.value for code in CaptureCode}


def test_a_traceback_and_a_secret_in_the_log_are_violations(ledger):
    log = LogReader(ledger, ["secret"])
    for line in ("Traceback (most recent call last):", '  File "x.py", line 1', "ValueError: no", "all is well"):
        log.take(line)
    log.take("the password is secret")
    assert rules(ledger) == ["no unexpected error in the log", "no password and nothing said in a log"]
    assert "ValueError: no" in ledger.violations[0].seen


def test_memory_that_grows_is_a_violation(ledger):
    processes = Processes(ledger)
    for pid, growth in ((1, 0.0), (2, 0.3)):
        samples = [Sample(second, 100 + growth * second / 10, 10, 5) for second in range(0, 1200, 5)]
        processes.lives[pid, 0.0] = Life(f"process {pid}", pid, samples)
    processes.judge()
    assert rules(ledger) == ["memory is flat"]
    assert "process 2" in ledger.violations[0].seen


def test_an_id_that_does_not_grow_and_a_resync_are_violations(ledger):
    watch = Watch(ledger, ["secret"])
    for number, kind in ((5, "speech.started"), (5, "speech.ended"), (9, "resync")):
        watch._take(SidecarEvent(number, kind, {}))
    watch._take(SidecarEvent(10, "speech.started", {"a": "secret"}))
    assert rules(ledger) == ["event ids grow", "no event is lost", "no password in an event"]

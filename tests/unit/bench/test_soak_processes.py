"""What a soak must object to in memory, descriptors and threads."""

import pytest

from bench.soak_processes import Life, Processes, Sample


def test_memory_that_grows_is_a_violation(ledger, rules):
    processes = Processes(ledger)
    for pid, growth in ((1, 0.0), (2, 0.3)):
        samples = [Sample(second, 100 + growth * second / 10, 150, 10, 5) for second in range(0, 1200, 5)]
        processes.lives[pid, 0.0] = Life(f"process {pid}", pid, samples)
    processes.judge()
    assert rules() == ["memory is flat"]
    assert "process 2" in ledger.violations[0].seen


@pytest.mark.parametrize(
    ("grows", "rule"),
    [({"fds": 20}, "file descriptors are flat"), ({"threads": 12}, "threads are flat")],
)
def test_descriptors_and_threads_that_grow_are_a_violation(ledger, grows, rule, rules):
    processes = Processes(ledger)
    later = {"fds": 10, "threads": 5} | grows
    samples = [
        Sample(second, 100, 150, **({"fds": 10, "threads": 5} if second < 900 else later))
        for second in range(0, 1200, 5)
    ]
    processes.lives[1, 0.0] = Life("sidecar", 1, samples)
    processes.judge()
    assert rules() == [rule]


def test_a_process_that_ran_too_short_to_be_judged_is_named(ledger):
    processes = Processes(ledger)
    processes.lives[1, 0.0] = Life("sidecar", 1, [Sample(second, 100, 150, 10, 5) for second in range(0, 300, 5)])
    processes.judge()
    assert ledger.violations == []
    assert "sidecar" in ledger.notes[0]

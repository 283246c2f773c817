"""When a dead child is started again."""

from wallflower_sidecar.processes.backoff import RestartBackoff


def test_the_first_restart_is_at_once_then_the_wait_doubles_up_to_the_limit():
    backoff = RestartBackoff()
    delays = [backoff.next_delay(lived_s=1.0) for _ in range(12)]
    assert delays[0] <= 0.5
    assert delays[1:5] == [0.5, 1.0, 2.0, 4.0]
    assert delays[-1] == 30.0


def test_a_child_that_lived_long_enough_clears_the_wait():
    backoff = RestartBackoff()
    for _ in range(8):
        backoff.next_delay(lived_s=1.0)
    assert backoff.next_delay(lived_s=60.0) <= 0.5


def test_a_thousand_deaths_do_not_overflow():
    backoff = RestartBackoff()
    assert [backoff.next_delay(lived_s=0.0) for _ in range(1000)][-1] == 30.0

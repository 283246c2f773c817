"""The limit on failed credentials: per address, in a window that moves."""

from types import SimpleNamespace
from typing import Any

import pytest

from wallflower_sidecar.api.auth import FailureLimit
from wallflower_sidecar.api.problems import ProblemError


def request(address: str | None) -> Any:
    return SimpleNamespace(remote=address)


def failures_until_refused(limit: FailureLimit, *addresses: str | None) -> int:
    for count in range(100):
        problem = refusal(limit, addresses[count % len(addresses)])
        if problem is not None:
            assert problem.status == 429
            assert 1 <= int(problem.headers["Retry-After"]) <= 60
            return count
    return 100


def refusal(limit: FailureLimit, address: str | None) -> ProblemError | None:
    try:
        limit.count(request(address))
    except ProblemError as problem:
        return problem
    return None


def test_each_address_has_its_own_failures() -> None:
    limit = FailureLimit(5)
    assert failures_until_refused(limit, "192.0.2.1") == 5
    assert failures_until_refused(limit, "192.0.2.2") == 5


def test_an_ipv6_network_is_one_address() -> None:
    assert failures_until_refused(FailureLimit(5), "2001:db8::1", "2001:db8::2", "2001:db8:0:0:ffff::") == 5


def test_an_ipv4_address_over_ipv6_is_the_same_address() -> None:
    limit = FailureLimit(5)
    assert failures_until_refused(limit, "::ffff:192.0.2.1", "192.0.2.1") == 5
    assert failures_until_refused(limit, "::ffff:192.0.2.2") == 5


def test_an_address_that_is_not_known_is_limited_too() -> None:
    assert failures_until_refused(FailureLimit(5), None) == 5


def test_looking_counts_nothing() -> None:
    limit = FailureLimit(1)
    for _ in range(5):
        limit.check(request("192.0.2.1"))
    limit.count(request("192.0.2.1"))
    with pytest.raises(ProblemError):
        limit.check(request("192.0.2.1"))


def test_failures_are_forgiven_after_a_minute(freezer: Any) -> None:
    limit = FailureLimit(2)
    assert failures_until_refused(limit, "192.0.2.1") == 2
    freezer.tick(61)
    assert failures_until_refused(limit, "192.0.2.1") == 2

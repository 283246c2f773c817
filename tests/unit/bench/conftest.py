"""What a soak has seen, at its beginning."""

import pytest

from bench.soak_ledger import Ledger
from bench.soak_watch import Watch


@pytest.fixture
def ledger():
    return Ledger(seed=1)


@pytest.fixture
def watch(ledger):
    return Watch(ledger, [])


@pytest.fixture
def rules(ledger):
    """The rules violated so far."""
    return lambda: [violation.rule for violation in ledger.violations]

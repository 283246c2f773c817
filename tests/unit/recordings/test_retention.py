"""Which recordings go, and how much of the disk stays free."""

from datetime import timedelta

import pytest

from tests.support.recorded import MORNING, at
from wallflower_sidecar.domain.recordings import RecordingItem, RecordingKind
from wallflower_sidecar.domain.streams import Recording
from wallflower_sidecar.recordings.retention import (
    GIB,
    expires_before,
    floor_bytes,
    missing_bytes,
    surplus_bytes,
    until_freed,
)


def item(number: int, size: int = 100) -> RecordingItem:
    return RecordingItem(str(number), "porch", at(number), at(number + 1), size, RecordingKind.SEGMENT)


@pytest.mark.parametrize(("total", "floor"), [(0, 0), (GIB, GIB // 10), (10 * GIB, GIB), (8000 * GIB, GIB)])
def test_the_floor_is_a_gibibyte_but_never_over_a_tenth(total, floor):
    assert floor_bytes(total) == floor


def test_what_is_missing_is_what_the_floor_lacks():
    assert missing_bytes(GIB, 100 * GIB) == 0
    assert missing_bytes(GIB - 5, 100 * GIB) == 5
    assert missing_bytes(0, 0) == 0


def test_bounds_that_are_not_set_bound_nothing():
    assert surplus_bytes(Recording(), 10**15) == 0
    assert expires_before(Recording(), MORNING) is None


def test_bounds_that_are_set():
    assert surplus_bytes(Recording(retain_bytes=1000), 999) == 0
    assert surplus_bytes(Recording(retain_bytes=1000), 1001) == 1
    assert expires_before(Recording(retain_days=0.5), MORNING) == MORNING - timedelta(hours=12)


@pytest.mark.parametrize(("surplus", "count"), [(0, 0), (1, 1), (100, 1), (101, 2), (10_000, 3)])
def test_as_many_go_from_the_front_as_are_needed(surplus, count):
    items = [item(number) for number in range(3)]
    assert until_freed(items, surplus) == items[:count]

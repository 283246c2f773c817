"""The sidecar's check of its cameras: what counts, and what is no fault."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from tests.unit.capture.stream.test_stream_capture import STREAM
from wallflower_sidecar.domain.streams import StreamState, StreamStatus
from wallflower_sidecar.service.health import cameras_check

PAUSED = replace(STREAM, transcribe=False)
OFF = replace(STREAM, enabled=False)


def check(*cameras):
    at = datetime(2026, 1, 1, tzinfo=UTC)
    found = cameras_check([(stream, StreamStatus(StreamState(state), at)) for stream, state in cameras])
    return found.status.value, found.detail.partition(" cameras ")[0]


@pytest.mark.parametrize(
    ("cameras", "expected"),
    [
        ((), ("ok", "0 of 0")),
        (((STREAM, "streaming"), (PAUSED, "streaming")), ("ok", "2 of 2")),
        (((STREAM, "streaming"), (OFF, "idle")), ("ok", "1 of 1")),
        (((STREAM, "degraded"),), ("degraded", "0 of 1")),
        (((STREAM, "idle"),), ("degraded", "0 of 1")),
        (((STREAM, "streaming"), (PAUSED, "idle")), ("ok", "1 of 1")),
        (((STREAM, "streaming"), (PAUSED, "backoff")), ("degraded", "1 of 2")),
    ],
)
def test_a_camera_that_rests_while_it_is_paused_is_no_fault(cameras, expected):
    assert check(*cameras) == expected

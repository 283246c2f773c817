"""Each state and each error code of a stream can be reached, is told, and ends; "retry now" works from every wait."""

from dataclasses import replace
from pathlib import Path

import pytest

from tests.unit.capture.stream.test_stream_capture import AUDIO, STREAM, VIDEO, World
from wallflower_sidecar.capture.messages import Connecting, Ended, Opened, Writing
from wallflower_sidecar.capture.stream.stream_capture import CaptureOptions
from wallflower_sidecar.domain.errors import CaptureCode
from wallflower_sidecar.domain.streams import Recording, RecordingMode, StreamState

WAITS = (StreamState.BACKOFF, StreamState.OPEN, StreamState.AUTH_FAILED)
ENDS = {
    CaptureCode.DNS_FAILED: StreamState.BACKOFF,
    CaptureCode.CONNECTION_REFUSED: StreamState.BACKOFF,
    CaptureCode.CONNECT_TIMEOUT: StreamState.BACKOFF,
    CaptureCode.AUTH_FAILED: StreamState.AUTH_FAILED,
    CaptureCode.NOT_FOUND: StreamState.BACKOFF,
    CaptureCode.NOT_RTSP: StreamState.BACKOFF,
    CaptureCode.STALLED: StreamState.BACKOFF,
    CaptureCode.EOF: StreamState.BACKOFF,
    CaptureCode.CODEC_CHANGED: StreamState.BACKOFF,
    CaptureCode.CORRUPT_STREAM: StreamState.BACKOFF,
    CaptureCode.INTERNAL: StreamState.BACKOFF,
}
"""Codes that a session ends with."""

DISK = (CaptureCode.DISK_FULL, CaptureCode.DISK_ERROR)


@pytest.fixture
def world():
    recorded = replace(STREAM, recording=Recording(RecordingMode.CONTINUOUS))
    return World(recorded, CaptureOptions(recordings_dir=Path("/recordings")))


def await_attempt(world):
    """Let time pass until the next session is opened."""
    opened = world.session
    while world.session == opened:
        world.tick(0.2)


def provoke(world, code):
    """Bring a stream that was just added to where it shows this code."""
    match code:
        case CaptureCode.WORKER_DIED:
            world.connect()
            world.capture.worker_died(world.line)
        case CaptureCode.NO_VIDEO:
            world.connect(video=None)
        case CaptureCode.NO_AUDIO:
            world.connect(audio=None)
        case CaptureCode.DISK_FULL | CaptureCode.DISK_ERROR:
            world.connect()
            world.report(Writing(1, writing=False, code=code.value))
        case _:
            world.capture.tick()
            world.end(code.value)


@pytest.mark.parametrize("code", CaptureCode)
def test_each_code_shows_in_its_state_is_told_once_and_is_over_with_the_next_packets(world, code):
    provoke(world, code)
    state = ENDS.get(code, StreamState.BACKOFF if code is CaptureCode.WORKER_DIED else StreamState.DEGRADED)
    status = world.status
    assert (status.state, status.error.code) == (state, code)
    assert len(status.error.message) > 20
    assert [raised for _, raised, _ in world.listener.changes if raised] == [code]
    assert (status.next_retry_at is not None) == (code in ENDS)
    if code in DISK:
        world.report(Writing(1, writing=True, code=None))
    elif state is StreamState.DEGRADED:
        world.report(Opened(1, "tcp", VIDEO, AUDIO))
        world.alive()
    else:
        await_attempt(world)
        world.connect()
    assert (world.status.state, world.status.error) == (StreamState.STREAMING, None)
    assert world.listener.changes[-1][2], "told as recovered"


def to_idle(world):
    world.capture.change(replace(STREAM, enabled=False))


def to_connecting(world):
    world.capture.tick()
    world.report(Connecting(1))


def to_stalled(world):
    world.connect()
    world.tick(5.4)


def to_backoff(world):
    world.capture.tick()
    world.end("eof")


def to_open(world):
    for _ in range(5):
        world.tick(1)
        world.end("eof")
        world.clock.advance(0 if world.status.state is StreamState.OPEN else 16)


def to_auth_failed(world):
    world.capture.tick()
    world.end("auth_failed")


def to_stopping(world):
    world.connect()
    world.capture.stop()


STATES = {
    StreamState.IDLE: to_idle,
    StreamState.RESOLVING: lambda world: world.capture.tick(),
    StreamState.CONNECTING: to_connecting,
    StreamState.STREAMING: lambda world: world.connect(),
    StreamState.DEGRADED: lambda world: world.connect(audio=None),
    StreamState.STALLED: to_stalled,
    StreamState.BACKOFF: to_backoff,
    StreamState.OPEN: to_open,
    StreamState.AUTH_FAILED: to_auth_failed,
    StreamState.STOPPING: to_stopping,
}


@pytest.mark.parametrize("state", StreamState)
def test_each_state_can_be_reached_and_left_by_retry_now(world, state):
    STATES[state](world)
    assert world.status.state is state
    assert (world.status.next_retry_at is not None) == (state in WAITS)
    before = world.session
    if world.capture.stream.enabled:
        world.capture.restart()
    else:
        world.capture.change(STREAM)
    world.report(Ended(before, None))
    assert world.session == before + 1
    world.connect()
    assert (world.status.state, world.status.reconnects) == (StreamState.STREAMING, 0)


def test_next_retry_at_is_when_the_next_attempt_is_made(world):
    to_open(world)
    due = world.status.next_retry_at
    await_attempt(world)
    assert 0 <= (world.clock.now() - due).total_seconds() <= 0.2
    assert world.status.next_retry_at is None


def test_a_probe_of_the_breaker_that_fails_keeps_it_open_for_another_minute_and_no_new_error(world):
    to_open(world)
    await_attempt(world)
    assert world.status.state is StreamState.RESOLVING
    world.end("eof")
    assert world.status.state is StreamState.OPEN
    assert (world.status.next_retry_at - world.clock.now()).total_seconds() == 60
    assert [code for _, code, _ in world.listener.changes if code] == ["eof"]


def test_a_wrong_password_is_tried_after_a_minute_and_then_each_quarter_of_an_hour(world):
    waits = []
    for _ in range(3):
        await_attempt(world)
        world.end("auth_failed")
        waits.append((world.status.next_retry_at - world.clock.now()).total_seconds())
    assert waits == [60, 900, 900]
    world.capture.restart()
    assert world.session == 4, "retry now"


def test_code_of_ours_that_fails_is_logged_counted_and_restarts_only_that_stream(world, caplog):
    world.connect()
    world.capture.crashed(ZeroDivisionError("division by zero"))
    assert "ZeroDivisionError" in caplog.text
    assert "secret" not in caplog.text
    assert (world.status.state, world.status.error.code) == (StreamState.BACKOFF, "internal")
    assert world.capture.bugs == 1
    world.tick(0.2)
    world.end(None)
    assert world.status.state is StreamState.BACKOFF
    world.tick(1.2)
    world.connect()
    assert (world.status.state, world.status.error) == (StreamState.STREAMING, None)


def test_a_stream_whose_code_fails_again_and_again_is_tried_ever_less_often(world):
    for _ in range(5):
        await_attempt(world)
        world.capture.crashed(ZeroDivisionError())
    assert world.status.state is StreamState.OPEN


def test_a_bug_in_what_follows_a_bug_harms_nobody_else(world, monkeypatch, caplog):
    world.connect()
    monkeypatch.setattr(world.capture._life, "give_up", lambda code: 1 / 0)
    world.capture.crashed(ValueError())
    assert "cannot be begun anew" in caplog.text

"""One session in its thread: woken from a silent camera, never heard with a password, closed by its owner."""

import threading
import time

import pytest

from tests.support.waiting import eventually
from wallflower_sidecar.capture.messages import Alive, Ended, Open
from wallflower_sidecar.capture.session import Session
from wallflower_sidecar.domain.clock import SystemClock

pytestmark = pytest.mark.faults


class Running:
    def __init__(self, url, transports=("tcp",)):
        self.reports = []
        self.session = Session(Open(1, url, transports), SystemClock(), self.reports.append)
        self.thread = threading.Thread(target=self.session.run)
        self.thread.start()

    async def alive(self):
        await eventually(lambda: any(isinstance(report, Alive) for report in self.reports), timeout_s=10)

    async def ended_within(self, timeout_s):
        await eventually(lambda: not self.thread.is_alive(), timeout_s=timeout_s, interval_s=0.01)
        return self.reports[-1]


@pytest.mark.parametrize("transport", ["tcp", "udp"])
async def test_a_thread_that_waits_for_a_silent_camera_is_woken_by_shutting_its_socket(camera, transport):
    running = Running(camera.url("porch"), (transport,))
    await running.alive()
    await camera.freeze("porch")
    began = time.monotonic()
    await eventually(lambda: time.monotonic() - began > 2.5, timeout_s=4)
    running.session.shut()
    assert await running.ended_within(0.5) == Ended(1, None)


async def test_a_session_asked_to_end_ends_with_the_next_packet(camera):
    running = Running(camera.url("porch"))
    await running.alive()
    running.session.close()
    assert await running.ended_within(0.5) == Ended(1, None)
    await eventually(lambda: camera.counters("porch").plays_now == 0)


async def test_a_picture_asked_for_before_there_is_one_is_answered_with_the_first_key_frame_or_at_the_end(camera):
    pictures = []
    running = Running(camera.url("porch"))
    running.session.ask_for_picture(pictures.append)
    await eventually(lambda: pictures, timeout_s=10)
    assert pictures[0] is not None
    running.session.close()
    await running.ended_within(1)
    running.session.ask_for_picture(pictures.append)
    assert len(pictures) == 2
    blind = Running(camera.url("blind"))
    await blind.alive()
    blind.session.ask_for_picture(pictures.append)
    blind.session.close()
    await blind.ended_within(1)
    assert pictures[-1] is None


async def test_a_crash_in_the_thread_is_internal_and_its_camera_is_let_go(camera, monkeypatch, caplog):
    running = Running(camera.url("porch"))
    await running.alive()
    monkeypatch.setattr(running.session._hearing, "take", lambda packet, arrival_s: 1 / 0)
    assert await running.ended_within(2) == Ended(1, "internal")
    assert "ZeroDivisionError" in caplog.text
    await eventually(lambda: camera.counters("porch").plays_now == 0)


async def test_a_failed_opening_logs_no_address(camera, caplog, capfd):
    caplog.set_level("DEBUG")
    running = Running(camera.url("nowhere"))
    assert await running.ended_within(5) == Ended(1, "not_found")
    printed = capfd.readouterr()
    assert "s3cr3t-pass" not in caplog.text + printed.out + printed.err

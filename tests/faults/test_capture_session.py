"""One session in its thread: woken from a silent camera, never heard with a password, closed by its owner."""

import asyncio
import threading

import pytest

from tests.faults.tls_front import tls_front
from tests.support.ports import LOOPBACK
from tests.support.rtsp_camera import FakeCamera
from tests.support.waiting import eventually
from wallflower_sidecar.capture.connection import way
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


@pytest.fixture
def patient(monkeypatch):
    """libav does not give up by itself: whoever waits is woken or stays."""
    monkeypatch.setattr(way, "READ_TIMEOUT_S", 60.0)
    monkeypatch.setitem(way._OPTIONS, "timeout", "60000000")


async def frozen(camera, running):
    """Freeze the camera, wait until nothing is under way any more, and ask the session to end, which it cannot."""
    await running.alive()
    await camera.freeze("porch")
    count = -1
    while count != len(running.reports):
        count = len(running.reports)
        await asyncio.sleep(1.0)
    running.session.close()
    with pytest.raises(AssertionError):
        await running.ended_within(0.5)


@pytest.mark.usefixtures("patient")
@pytest.mark.parametrize("transport", ["tcp", "udp"])
@pytest.mark.parametrize("host", [LOOPBACK, "::1"])
async def test_a_thread_that_waits_for_a_silent_camera_is_woken_by_shutting_its_socket(clip, host, transport):
    async with FakeCamera({"porch": clip}, host=host) as camera:
        running = Running(camera.url("porch"), (transport,))
        await frozen(camera, running)
        running.session.shut()
        assert await running.ended_within(2) == Ended(1, None)


@pytest.mark.usefixtures("patient")
async def test_one_that_waits_for_a_silent_camera_under_tls_is_woken_too(camera, tmp_path):
    async with tls_front(camera.port, tmp_path) as port:
        url = camera.url("porch").replace("rtsp://", "rtsps://").replace(f":{camera.port}", f":{port}")
        running = Running(url)
        await frozen(camera, running)
        running.session.shut()
        assert await running.ended_within(2) == Ended(1, None)


@pytest.mark.usefixtures("patient")
async def test_one_whose_camera_never_answers_is_woken_too():
    asked, given_up = asyncio.Event(), asyncio.Event()

    async def accept(reader, writer):
        await reader.readline()
        asked.set()
        await reader.read()
        given_up.set()
        writer.close()

    async with await asyncio.start_server(accept, LOOPBACK, 0) as server:
        running = Running(f"rtsp://{LOOPBACK}:{server.sockets[0].getsockname()[1]}/")
        async with asyncio.timeout(10):
            await asked.wait()
            running.session.shut()
            await given_up.wait()
        assert await running.ended_within(5) == Ended(1, None)


@pytest.mark.usefixtures("patient")
@pytest.mark.parametrize("transport", ["tcp", "udp"])
async def test_one_stuck_channel_of_a_recorder_is_shut_without_the_others(camera, transport):
    stuck, well = (Running(camera.url(name), (transport,)) for name in ("porch", "mute"))
    await well.alive()
    await frozen(camera, stuck)
    stuck.session.shut()
    assert await stuck.ended_within(2) == Ended(1, None)
    count = len(well.reports)
    await eventually(lambda: len(well.reports) > count + 4, timeout_s=10)
    well.session.close()
    assert await well.ended_within(2) == Ended(1, None)


async def test_a_session_asked_to_end_ends_with_the_next_packet(camera):
    running = Running(camera.url("porch"))
    await running.alive()
    running.session.close()
    assert await running.ended_within(0.5) == Ended(1, None)
    await eventually(lambda: camera.counters("porch").plays_now == 0)


async def test_a_picture_asked_for_before_there_is_one_is_answered_with_the_first_key_frame_or_at_the_end(camera):
    pictures = []
    running = Running(camera.url("porch"))
    running.session.asking.ask(pictures.append)
    await eventually(lambda: pictures, timeout_s=10)
    assert pictures[0] is not None
    running.session.close()
    await running.ended_within(1)
    running.session.asking.ask(pictures.append)
    assert len(pictures) == 2
    blind = Running(camera.url("blind"))
    await blind.alive()
    blind.session.asking.ask(pictures.append)
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

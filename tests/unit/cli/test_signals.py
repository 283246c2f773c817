"""What runs until it is told to stop stops at the first signal, however it was started."""

import signal
import sys

import pytest

from tests.support.child_process import ignoring_sigint, running
from tests.support.waiting import eventually

PROGRAM = """
import asyncio
from wallflower_sidecar.cli.signals import run_until_signal

async def work():
    print("ready", flush=True)
    try:
        await asyncio.Event().wait()
    finally:
        await asyncio.sleep(0)
        print("cleaned up", flush=True)

try:
    run_until_signal(work())
except asyncio.CancelledError:
    print("stopped", flush=True)
"""


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
@pytest.mark.parametrize("ignored", [True, False], ids=["SIGINT ignored", "SIGINT as usual"])
async def test_a_signal_lets_it_clean_up(number: signal.Signals, ignored: bool) -> None:
    command = (sys.executable, "-c", PROGRAM)
    async with running("work", *(ignoring_sigint(*command) if ignored else command)) as process:
        await eventually(lambda: "ready" in process.lines, timeout_s=30)
        process.process.send_signal(number)
        code = await process.ended()
    assert code == 0, process.lines
    assert list(process.lines) == ["ready", "cleaned up", "stopped"]


def test_signals_are_handled_as_before_when_it_is_done() -> None:
    from wallflower_sidecar.cli.signals import SIGNALS, run_until_signal  # noqa: PLC0415

    before = [signal.signal(number, signal.SIG_IGN) for number in SIGNALS]

    async def work() -> int:
        return 3

    try:
        assert run_until_signal(work()) == 3
        assert [signal.getsignal(number) for number in SIGNALS] == [signal.SIG_IGN, signal.SIG_IGN]
    finally:
        for number, handler in zip(SIGNALS, before, strict=True):
            signal.signal(number, handler)

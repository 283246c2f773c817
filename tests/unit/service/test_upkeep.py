"""A part that fails: logged, counted, started again, and nobody else's affair."""

import asyncio

from tests.support.waiting import eventually
from wallflower_sidecar.domain.clock import SystemClock
from wallflower_sidecar.domain.errors import UnavailableError
from wallflower_sidecar.domain.health import HealthStatus
from wallflower_sidecar.processes.backoff import RestartBackoff
from wallflower_sidecar.service.upkeep import Upkeep


def upkeep(delay_s=0.01):
    return Upkeep(SystemClock(), lambda: RestartBackoff(first_s=delay_s, second_s=delay_s))


async def test_a_part_that_fails_is_logged_counted_and_started_again_beside_the_others(caplog):
    keeping, starts, others = upkeep(), [], []

    async def failing():
        starts.append(None)
        if len(starts) < 3:
            raise ZeroDivisionError
        await asyncio.Event().wait()

    async def other():
        others.append(None)
        await asyncio.Event().wait()

    tasks = [asyncio.create_task(keeping.keep(part.__name__, part)) for part in (failing, other)]
    await eventually(lambda: len(starts) == 3)
    assert (len(others), keeping.failures) == (1, {"failing": 2})
    assert caplog.text.count("failing failed and is started again") == 2
    assert "ZeroDivisionError" in caplog.text
    assert keeping.check().status is HealthStatus.OK
    for task in tasks:
        task.cancel()
    await asyncio.wait(tasks)
    assert all(task.cancelled() for task in tasks)


async def test_while_a_part_is_down_the_health_says_so():
    keeping = upkeep(delay_s=60)

    async def failing():
        raise ZeroDivisionError

    task = asyncio.create_task(keeping.keep("retention", failing))
    check = await eventually(lambda: keeping.check().status is HealthStatus.DEGRADED and keeping.check())
    assert "retention" in check.detail
    task.cancel()


async def test_what_cannot_be_had_now_is_tried_again_without_being_a_failure(caplog):
    keeping, starts = upkeep(), []

    async def waiting():
        starts.append(None)
        if len(starts) == 1:
            raise UnavailableError("The disk is full.")

    await keeping.keep("waiting", waiting)
    assert len(starts) == 2
    assert not keeping.failures
    assert "The disk is full." in caplog.text
    assert "Traceback" not in caplog.text

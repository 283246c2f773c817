"""Speech under way is handed over for exactly the streams it is wanted of, whatever happens to their sessions."""

import os
import signal

import pytest

from tests.support.waiting import eventually

pytestmark = pytest.mark.faults


async def test_drafts_are_switched_on_the_fly_and_survive_a_new_session_and_a_new_worker(rig, camera):
    rig.add("porch", camera.url("porch"))
    rig.add("blind", camera.url("blind"))
    await rig.streaming("porch")

    def drafted(stream="porch"):
        return [utterance for utterance in rig.record.drafts if utterance.stream == stream]

    rig.capture.want_drafts(frozenset({"porch", "not there yet"}))
    await eventually(drafted, timeout_s=20, interval_s=0.01)
    assert camera.counters("porch").plays_ever == 1

    before = len(drafted())
    os.kill(rig.capture.worker_pids[0], signal.SIGKILL)
    await rig.until_error("porch", "worker_died")
    await eventually(lambda: len(drafted()) > before, timeout_s=30, interval_s=0.01)

    assert drafted("blind") == []
    rig.capture.want_drafts(frozenset({"blind"}))
    before = len(drafted())
    await eventually(lambda: drafted("blind"), timeout_s=20, interval_s=0.01)
    assert len(drafted()) == before
    by_id = {utterance.id: utterance for utterance in rig.record.utterances}
    for draft in rig.record.drafts:
        if whole := by_id.get(draft.id):
            assert abs((draft.pcm_start - whole.pcm_start).total_seconds()) < 0.2
            assert whole.pcm.startswith(draft.pcm)

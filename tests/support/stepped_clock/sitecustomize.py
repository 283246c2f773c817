"""Run by Python as it starts: from then on this process's SystemClock is as far ahead as the test says."""

from datetime import UTC, datetime, timedelta
import os
from pathlib import Path

from wallflower_sidecar.domain.clock import SystemClock

_FILE = Path(os.environ["STEPPED_CLOCK_FILE"])


def _now(_: SystemClock) -> datetime:
    return datetime.now(UTC) + timedelta(seconds=float(_FILE.read_text()))


SystemClock.now = _now

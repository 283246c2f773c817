"""A capture worker in which the sessions of one camera hang: a thread of the library that never comes back.

Run in the place of `wallflower_sidecar.capture.worker`. Sessions whose address ends in `/stuck` hang while the file
named by the environment variable WALLFLOWER_TEST_STUCK exists.
"""

import os
from pathlib import Path
import time

from wallflower_sidecar.capture.session import Session
from wallflower_sidecar.capture.worker import main
from wallflower_sidecar.processes.child import run_child

_run = Session.run


def _hang(session: Session) -> None:
    while session._order.url.endswith("/stuck") and Path(os.environ["WALLFLOWER_TEST_STUCK"]).exists():
        time.sleep(0.05)
    _run(session)


if __name__ == "__main__":
    Session.run = _hang  # type: ignore[method-assign]
    run_child(main)

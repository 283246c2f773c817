"""The process that downloads one model."""

import logging
import os
import threading
import time

from wallflower_sidecar.processes.child import Channel, run_child
from wallflower_sidecar.processes.wire import Message

from . import messages as fetch_messages
from .download import fetch_model
from .errors import FetchError
from .lock import FetchLock

_LOGGER = logging.getLogger("wallflower_sidecar.speech.models.fetcher")  # as a program its __name__ is "__main__"

_SETTINGS = {
    "HF_HUB_DISABLE_PROGRESS_BARS": "1",
    "HF_HUB_VERBOSITY": "error",
}
"""What huggingface_hub reads when it is imported, which happens after this."""

_LOCK_POLL_S = 0.5
_TELL_EVERY_S = 0.2


def main(channel: Channel) -> None:
    """Fetch what the first message names, then wait to be told to stop."""
    os.environ.update(_SETTINGS)
    logging.getLogger("httpx2").setLevel(logging.WARNING)
    job = channel.receive()
    # In a thread, as a blocked download would not see that it is asked to stop.
    threading.Thread(target=_work, args=(channel, job), name="download", daemon=True).start()
    while True:
        channel.receive()


def _work(channel: Channel, job: Message) -> None:
    model, models_dir = fetch_messages.read_fetch(job)
    try:
        lock = FetchLock(models_dir, model.name)
        while not lock.acquire():
            channel.send(fetch_messages.waiting())
            time.sleep(_LOCK_POLL_S)
        try:
            fetch_model(model, models_dir, _Teller(channel))
        finally:
            lock.release()
    except FetchError as error:
        channel.send(fetch_messages.failed(error.reason, error.advice))
    except OSError as error:
        reason = f"the folder of models cannot be used: {error.strerror}"
        channel.send(fetch_messages.failed(reason, "Change its owner, or set DATA_DIR."))
    except Exception:
        _LOGGER.exception("the download failed")
        os._exit(1)
    else:
        channel.send(fetch_messages.fetched())


class _Teller:
    """Tells the sidecar how far the download is: at each whole per cent, and a few times a second between."""

    def __init__(self, channel: Channel) -> None:
        self._channel = channel
        self._told_at = -_TELL_EVERY_S
        self._told_percent = -1

    def __call__(self, done: int, total: int) -> None:
        now, percent = time.monotonic(), 100 * done // max(total, 1)
        if percent != self._told_percent or now - self._told_at >= _TELL_EVERY_S:
            self._told_at, self._told_percent = now, percent
            self._channel.send(fetch_messages.progress(done, total))


if __name__ == "__main__":
    run_child(main)

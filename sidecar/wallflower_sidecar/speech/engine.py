"""The engine process: one speech model that decodes utterances one after the other, in a thread of its own."""

from collections.abc import Iterator
from dataclasses import astuple
import logging
import os
from pathlib import Path
import queue
import threading
import time
from typing import TYPE_CHECKING, NoReturn

from wallflower_sidecar.processes.child import Channel, run_child
from wallflower_sidecar.processes.wire import Message

from . import messages
from .download import fetch_model
from .models import HubModel, ModelError, check_model, find_model

if TYPE_CHECKING:
    from .decoder import WhisperDecoder

_LOGGER = logging.getLogger("wallflower_sidecar.speech.engine")  # as a program its __name__ is "__main__"

MOST_WAITING = 8
"""Utterances in this process; the sidecar sends one at a time."""

_SETTINGS = {
    # A product of 80 x 201 numbers for each frame is not worth a second thread that spins beside the decoder's.
    "OPENBLAS_NUM_THREADS": "1",
    "HF_HUB_DISABLE_PROGRESS_BARS": "1",
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "HF_HUB_VERBOSITY": "error",
}
"""What libraries read when they are imported, which happens after this."""

_FIRST_RETRY_S = 5.0
_LAST_RETRY_S = 300.0
_PROGRESS_STEP = 0.01
_MOST_THREADS = 4


def main(channel: Channel) -> None:
    """Load what the first message asks for, then decode until told to stop."""
    os.environ.update(_SETTINGS)
    logging.getLogger("faster_whisper").setLevel(logging.WARNING)
    logging.getLogger("httpx2").setLevel(logging.WARNING)
    engine = Engine(channel, channel.receive())
    threading.Thread(target=engine.work, name="decode", daemon=True).start()
    while True:
        engine.take(channel.receive())


class Engine:
    """The model and the utterances that wait for it."""

    def __init__(self, channel: Channel, load: Message) -> None:
        """Serve a channel as its `load` message asks."""
        self._channel = channel
        self._setting: str | None = load["model"]
        self._models_dir = Path(load["models_dir"])
        self._threads: int = load["threads"] or decode_threads(os.process_cpu_count() or 1)
        self._jobs: queue.Queue[Message] = queue.Queue(MOST_WAITING)

    def take(self, job: Message) -> None:
        """Put an utterance in line; refuse it when the line is full."""
        try:
            self._jobs.put_nowait(job)
        except queue.Full:
            _LOGGER.warning("the engine has more utterances than it takes")
            self._channel.send(messages.refused(job["number"]))

    def work(self) -> NoReturn:
        """Load the model, then decode for ever; whatever else goes wrong ends the process."""
        try:
            decoder = self._load()
            while True:
                self._decode(decoder, self._jobs.get())
        except Exception:
            _LOGGER.exception("the engine failed")
            os._exit(1)

    def _load(self) -> WhisperDecoder:
        for retry_s in _retries():
            try:
                return self._load_once()
            except ModelError as error:
                _LOGGER.warning("no model: %s", error)
                state = "no_model" if error.code == "no_model" else "failed"
                self._channel.send(messages.state(state, model=self._setting, code=error.code, detail=str(error)))
            time.sleep(retry_s)
        raise AssertionError("the retries never end")

    def _load_once(self) -> WhisperDecoder:
        model = find_model(self._setting, self._models_dir)
        if isinstance(model, HubModel):
            model = fetch_model(model, self._models_dir, _Progress(self._channel, model.name))
        self._channel.send(messages.state("starting", model=model.name))
        check_model(model)
        from .decoder import WhisperDecoder  # noqa: PLC0415 - a second that the first heartbeat should not wait for

        decoder = WhisperDecoder(model.folder, self._threads)
        _LOGGER.info("the model %s is loaded, %d threads", model.name, self._threads)
        self._channel.send(messages.state("ready", model=model.name))
        return decoder

    def _decode(self, decoder: WhisperDecoder, job: Message) -> None:
        number: int = job["number"]
        try:
            heard = decoder.decode(job["pcm"], job["language"], job["hotwords"])
        except Exception:
            _LOGGER.exception("an utterance of %d bytes cannot be decoded", len(job["pcm"]))
            self._channel.send(messages.refused(number))
            return
        words = [astuple(word) for word in heard.words]
        self._channel.send(
            messages.transcript(
                number,
                heard.text,
                heard.language,
                heard.confidence,
                words=words,
                phantoms=[str(reason) for reason in heard.phantoms],
            )
        )


class _Progress:
    """Tells the sidecar how far a download is, at each whole per cent."""

    def __init__(self, channel: Channel, model: str) -> None:
        self._channel = channel
        self._model = model
        self._told = -1.0

    def __call__(self, progress: float) -> None:
        if progress - self._told >= _PROGRESS_STEP:
            self._told = progress
            self._channel.send(messages.state("downloading", model=self._model, progress=progress))


def decode_threads(cores: int) -> int:
    """Threads for decoding: one core stays free for capture, and more than four bring a Whisper model little."""
    return max(1, min(_MOST_THREADS, cores - 1))


def _retries() -> Iterator[float]:
    wait_s = _FIRST_RETRY_S
    while True:
        yield wait_s
        wait_s = min(_LAST_RETRY_S, 2 * wait_s)


if __name__ == "__main__":
    run_child(main)

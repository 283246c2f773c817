"""The engine process: one speech model that decodes utterances one after the other, in a thread of its own."""

from dataclasses import astuple
import logging
import os
import queue
import threading
from typing import TYPE_CHECKING, NoReturn

from wallflower_sidecar.processes.child import Channel, run_child
from wallflower_sidecar.processes.wire import Message

from ..models.find import ModelError, check_model
from . import messages

if TYPE_CHECKING:
    from .decoder import WhisperDecoder

_LOGGER = logging.getLogger("wallflower_sidecar.speech.embedded.engine")  # as a program its __name__ is "__main__"

MOST_WAITING = 8
"""Utterances in this process; the sidecar sends one at a time."""

_SETTINGS = {
    # A product of 80 x 201 numbers for each frame is not worth a second thread that spins beside the decoder's.
    "OPENBLAS_NUM_THREADS": "1",
    # oneDNN keeps what it compiles for each length of window: without this bound 400 utterances took 200 MB.
    "ONEDNN_PRIMITIVE_CACHE_CAPACITY": "16",
    "HF_HUB_OFFLINE": "1",
}
"""What libraries read when they are imported, which happens after this."""

_MOST_THREADS = 4


def main(channel: Channel) -> None:
    """Load and decode as the messages ask until told to stop."""
    os.environ.update(_SETTINGS)
    logging.getLogger("faster_whisper").setLevel(logging.WARNING)
    engine = Engine(channel)
    threading.Thread(target=engine.work, name="decode", daemon=True).start()
    while True:
        engine.take(channel.receive())


class Engine:
    """The model and what waits for it: utterances, and sometimes another model."""

    def __init__(self, channel: Channel) -> None:
        """Serve a channel; there is no model until a `load` message."""
        self._channel = channel
        self._jobs: queue.Queue[Message] = queue.Queue(MOST_WAITING)

    def take(self, job: Message) -> None:
        """Put a message in line; refuse an utterance when the line is full."""
        try:
            self._jobs.put_nowait(job)
        except queue.Full:
            _LOGGER.warning("the engine has more utterances than it takes")
            if job["t"] != messages.TRANSCRIBE:
                os._exit(1)  # a new process is told the model anew
            self._channel.send(messages.refused(job["number"]))

    def work(self) -> NoReturn:
        """Load and decode for ever; whatever goes wrong beyond a bad model or a bad utterance ends the process."""
        decoder: WhisperDecoder | None = None
        try:
            while True:
                job = self._jobs.get()
                if job["t"] == messages.LOAD:
                    decoder = None  # before the next one, so that there is never room needed for two
                    decoder = self._load(job)
                elif decoder is None:
                    self._channel.send(messages.refused(job["number"]))
                else:
                    self._decode(decoder, job)
        except Exception:
            _LOGGER.exception("the engine failed")
            os._exit(1)

    def _load(self, job: Message) -> WhisperDecoder | None:
        model = messages.read_load(job)
        threads = job["threads"] or decode_threads(os.process_cpu_count() or 1)
        self._channel.send(messages.state(job["number"], "starting"))
        try:
            check_model(model)
            from .decoder import WhisperDecoder  # noqa: PLC0415 - a second that the first heartbeat should not wait for

            decoder = WhisperDecoder(model.folder, threads)
        except ModelError as error:
            _LOGGER.warning("no model: %s", error)
            self._channel.send(messages.state(job["number"], "failed", code=error.code, detail=str(error)))
            return None
        _LOGGER.info("the model %s is loaded, %d threads", model.name, threads)
        self._channel.send(messages.state(job["number"], "ready"))
        return decoder

    def _decode(self, decoder: WhisperDecoder, job: Message) -> None:
        number: int = job["number"]
        try:
            heard = decoder.decode(
                job["pcm"], job["language"], job["hotwords"], draft=job["draft"], languages=job["languages"]
            )
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
                language_probability=heard.language_probability,
                words=words,
                phantoms=[str(reason) for reason in heard.phantoms],
                suppressed=[(text, str(reason)) for text, reason in heard.suppressed],
            )
        )


def decode_threads(cores: int) -> int:
    """Threads for decoding: one core stays free for capture, and more than four bring a Whisper model little."""
    return max(1, min(_MOST_THREADS, cores - 1))


if __name__ == "__main__":
    run_child(main)

"""The keeper: a child of the sidecar that runs a WhisperLive server and tells how it is."""

import logging
import os
from pathlib import Path
import threading
import time
from typing import NoReturn

from wallflower_sidecar.processes.backoff import RestartBackoff
from wallflower_sidecar.processes.child import Channel, Stopped, run_child
from wallflower_sidecar.processes.wire import Message

from ..embedded.engine import decode_threads
from ..models.find import ModelError, check_model
from ..models.retries import Retries
from . import messages
from .server import Patience, ServerError, ServerProcess

_LOGGER = logging.getLogger("wallflower_sidecar.speech.managed.keeper")  # as a program its __name__ is "__main__"

_MODEL_LINK = "model"
"""WhisperLive hears English only through a model whose path ends in "en", so it is given a path that never does."""

_DEATHS_UNTIL_FAILED = 3


def main(channel: Channel) -> None:
    """Run the server that the first message asks for until told to stop."""
    keeper = Keeper(channel, channel.receive(), Patience())
    threading.Thread(target=keeper.work, name="keeper", daemon=True).start()
    try:
        while True:
            channel.receive()
    except Stopped:
        keeper.stop()
        raise


class Keeper:
    """One server after the other, each started when the last has ended."""

    def __init__(self, channel: Channel, serve: Message, patience: Patience) -> None:
        """Serve a channel as its first message asks."""
        self._channel = channel
        self._number: int = serve["number"]
        self._model, self._options = messages.read_serve(serve)
        self._threads = self._options.threads or decode_threads(os.process_cpu_count() or 1)
        self._patience = patience
        self._server: ServerProcess | None = None
        self._stopped = threading.Event()
        self._backoff = RestartBackoff()
        self._waits = Retries().waits()
        self._deaths = 0

    def work(self) -> None:
        """Keep a server running until stopped; whatever else goes wrong ends the process, and so the server."""
        try:
            self._tell("starting")
            check_model(self._model)
            while not self._stopped.is_set():
                started = time.monotonic()
                try:
                    self._serve()
                except ServerError as error:
                    self._stopped.wait(self._mourn(error, time.monotonic() - started))
        except ModelError as error:
            _LOGGER.warning("no model: %s", error)
            self._tell("failed", code="bad_model", detail=str(error))
        except Exception:
            _LOGGER.exception("the keeper failed")
            os._exit(1)

    def stop(self) -> None:
        """End the server, so that it is reaped by the one who started it, and start no other."""
        self._stopped.set()
        if self._server is not None:
            self._server.kill()

    def _serve(self) -> NoReturn:
        """Run one server to its end; raises ServerError."""
        options = {
            "model": str(self._link()),
            "token": self._options.token,
            "max_clients": self._options.max_clients,
            "cache": str(self._options.folder / "cache"),
        }
        server = self._server = ServerProcess(self._options.python, self._threads, options, self._patience)
        try:
            server.wait_until_listening()
            self._deaths, self._waits = 0, Retries().waits()
            _LOGGER.info("the WhisperLive server runs as process %d, %d threads", server.pid, self._threads)
            self._tell("listening", port=server.port)
            server.watch()
        finally:
            server.end()

    def _link(self) -> Path:
        link = self._options.folder / _MODEL_LINK
        try:
            link.parent.mkdir(parents=True, exist_ok=True)
            link.unlink(missing_ok=True)
            link.symlink_to(self._model.folder.resolve(), target_is_directory=True)
        except OSError as error:
            raise ServerError("failed", f"The link {link} to the model cannot be made ({error.strerror}).") from None
        return link

    def _mourn(self, error: ServerError, lived_s: float) -> float:
        """Tell what went wrong; returns how many seconds to wait until the next try."""
        if self._stopped.is_set():
            return 0.0
        if error.code == "died":
            self._deaths += 1
            wait_s = self._backoff.next_delay(lived_s)
            state = "starting" if self._deaths < _DEATHS_UNTIL_FAILED else "failed"
            self._tell(state, code=error.code, detail=f"{error} It is being started again.")
        else:
            wait_s = next(self._waits)
            self._tell("failed", code=error.code, detail=str(error))
        _LOGGER.warning("%s Next try in %.1f s.", error, wait_s)
        return wait_s

    def _tell(self, state: str, *, code: str = "", detail: str = "", port: int = 0) -> None:
        self._channel.send(messages.state(self._number, state, code=code, detail=detail, port=port))


if __name__ == "__main__":
    run_child(main)

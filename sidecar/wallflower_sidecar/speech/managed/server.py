"""One run of a WhisperLive server as a child of its keeper: started, watched, and ended."""

from collections import deque
from collections.abc import Iterator
import contextlib
from dataclasses import dataclass
import json
import os
from pathlib import Path
import re
import select
import signal
import subprocess
import threading
import time
from typing import Any, NoReturn

from wallflower_sidecar.domain.redaction import without_secrets

from . import launcher as whisperlive_launcher

LAUNCHER = Path(whisperlive_launcher.__file__)

_LOG_RECORD = re.compile(r"[A-Z]+:[\w.]+:")
"""What the server logs, which may hold what was said; the interpreter's and the C library's last words do not."""

_KEPT_LINE = 160
_NOT_INHERITED = frozenset(
    {"PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV", "WALLFLOWER_TOKEN", "WALLFLOWER_WHISPERLIVE_TOKEN"}
)
"""What leads into the sidecar's own environment, and its secrets."""


class ServerError(Exception):
    """The server cannot be started, has ended, or is to be ended.

    `code` is not_installed (somebody must do something) or died (starting it again may help); the text is a sentence.
    """

    def __init__(self, code: str, message: str) -> None:
        """Keep the code beside the sentence."""
        super().__init__(message)
        self.code = code


@dataclass(frozen=True, slots=True)
class Patience:
    """Seconds until the server must listen, and without a sign of life once it does."""

    start_s: float = 120.0
    silence_s: float = 10.0


class ServerProcess:
    """A server that was started. The kernel ends it with the thread that started it."""

    def __init__(self, python: str, threads: int, options: dict[str, Any], patience: Patience) -> None:
        """Start `python` with the launcher, which reads `options`; raises ServerError."""
        self.port = 0
        self._python = python
        self._patience = patience
        self._heard = self._started = time.monotonic()
        self._unread = b""
        self._reason: dict[str, str] = {}
        self._last_words: deque[str] = deque(maxlen=1)
        environment = {name: value for name, value in os.environ.items() if name not in _NOT_INHERITED}
        environment |= {"OMP_NUM_THREADS": str(threads), "HF_HUB_OFFLINE": "1"}
        try:
            self._popen = subprocess.Popen(
                [python, "-W", "ignore", str(LAUNCHER)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                env=environment,
            )
        except OSError as error:
            raise ServerError(
                "not_installed",
                f"The interpreter {python} cannot be started ({error.strerror}). "
                "Give the path of a Python that has whisper-live in WHISPERLIVE_PYTHON.",
            ) from None
        self._complaints = threading.Thread(target=self._keep_last_words, daemon=True)
        self._complaints.start()
        self._give(options)

    @property
    def pid(self) -> int:
        """The process id."""
        return self._popen.pid

    def wait_until_listening(self) -> None:
        """Return once `port` is known; raises ServerError."""
        while not self.port:
            self._take()
            if not self.port and time.monotonic() - self._started > self._patience.start_s:
                raise ServerError("died", f"The WhisperLive server did not start in {self._patience.start_s:.0f} s.")

    def watch(self) -> NoReturn:
        """Raise ServerError once the server has ended or gives no sign of life."""
        while True:
            self._take()
            if time.monotonic() - self._heard > self._patience.silence_s:
                raise ServerError("died", f"The WhisperLive server stood still for {self._patience.silence_s:.0f} s.")

    def kill(self) -> None:
        """Kill it and reap it; may be called from any thread."""
        self._popen.kill()
        self._popen.wait()

    def end(self) -> None:
        """Kill it and close its output; its complaints are read to their end, whoever else may hold that pipe."""
        self.kill()
        if self._popen.stdout is not None:
            self._popen.stdout.close()

    def _give(self, options: dict[str, Any]) -> None:
        assert self._popen.stdin is not None  # noqa: S101 - asked for above
        # A broken pipe is noticed where its output ends too.
        with contextlib.suppress(BrokenPipeError), self._popen.stdin as pipe:
            pipe.write(json.dumps(options).encode() + b"\n")

    def _take(self) -> None:
        """Take in what the launcher says within a second; raises ServerError when it has ended."""
        assert self._popen.stdout is not None  # noqa: S101 - asked for above
        ready, _, _ = select.select([self._popen.stdout], [], [], 1.0)
        if not ready:
            return
        data = os.read(self._popen.stdout.fileno(), 65_536)
        if not data:
            raise self._epitaph()
        self._heard = time.monotonic()
        for said in self._lines(data):
            if "port" in said:
                self.port = int(said["port"])
            else:
                self._reason = said

    def _lines(self, data: bytes) -> Iterator[dict[str, Any]]:
        *lines, self._unread = (self._unread + data).split(b"\n")
        for line in lines:
            with contextlib.suppress(ValueError):
                yield json.loads(line)

    def _epitaph(self) -> ServerError:
        code = self._popen.wait()
        self._complaints.join(timeout=1.0)
        if missing := self._reason.get("missing"):
            return ServerError("not_installed", self._what_is_missing(missing))
        ended = f"was killed by {signal.Signals(-code).name}" if code < 0 else f"ended with {code}"
        words = self._reason.get("error") or ("" if code == -signal.SIGKILL else next(iter(self._last_words), ""))
        return ServerError("died", f"The WhisperLive server {ended}{f' ({without_secrets(words)})' if words else ''}.")

    def _what_is_missing(self, module: str) -> str:
        if module.partition(".")[0] != "whisper_live":
            return f"WhisperLive lacks the Python module {module}: install it for the interpreter {self._python}."
        return (
            f"WhisperLive is not installed for the interpreter {self._python}: install whisper-live 0.10 there, "
            "or give the path of an interpreter that has it in WHISPERLIVE_PYTHON."
        )

    def _keep_last_words(self) -> None:
        assert self._popen.stderr is not None  # noqa: S101 - asked for above
        with self._popen.stderr as pipe:
            for raw in pipe:
                line = raw.decode(errors="replace").strip()
                if line and not _LOG_RECORD.match(line):
                    self._last_words.append(line[:_KEPT_LINE])

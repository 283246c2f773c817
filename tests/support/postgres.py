"""A PostgreSQL server to throw away: on a socket in a folder of its own, as a user that is not root."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
import os
from pathlib import Path
import pwd
import shutil
import signal
import subprocess
import tempfile
from typing import Any

import asyncpg
import psutil

SUPERUSER = "postgres"
OPTIONS = {
    "listen_addresses": "",
    "fsync": "off",
    "shared_buffers": "16MB",
    "max_connections": "60",
    "max_wal_size": "64MB",
}
"""fsync is for a machine that loses power: a killed server loses nothing without it."""

STOP_S = 20.0


def programs() -> Path | None:
    """The folder of the server's programs, the newest version's; None where there is none."""
    if found := shutil.which("initdb"):
        return Path(found).resolve().parent
    versions = Path("/usr/lib/postgresql").glob("*/bin/initdb")
    newest = max(versions, key=lambda each: float(each.parts[4]), default=None)
    return None if newest is None else newest.parent


class Cluster:
    """A server with its databases; it can be stopped, killed and started again."""

    def __init__(self, bin_folder: Path, folder: Path, options: Mapping[str, str] = OPTIONS) -> None:
        self.folder = folder
        self._options = options
        self._bin = bin_folder
        self._user = {"user": SUPERUSER, "group": SUPERUSER, "extra_groups": []} if os.geteuid() == 0 else {}
        self._process: subprocess.Popen[bytes] | None = None
        self._made = 0

    def init(self) -> None:
        if self._user:
            shutil.chown(self.folder, SUPERUSER, SUPERUSER)
        self._run("initdb", "-D", self._data, "-A", "trust", "-U", SUPERUSER, "--no-sync", "--locale=C", "-E", "UTF8")

    def start(self) -> None:
        options = [part for name, value in self._options.items() for part in ("-c", f"{name}={value}")]
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [self._bin / "postgres", "-D", self._data, "-k", self.folder, *options],
                stdout=log,
                stderr=log,
                cwd=self.folder,
                **self._user,
            )
        # `pg_ctl -w` would start it as well, and leave it behind.
        self._run("pg_isready", "-q", "-h", self.folder, "-t", "30", retry=True)

    def stop(self, how: signal.Signals = signal.SIGINT) -> None:
        """SIGINT: sessions are broken off; SIGQUIT: at once, as after a crash."""
        if self._process is not None:
            self._process.send_signal(how)
            self._process.wait(STOP_S)
            self._process = None

    @contextmanager
    def frozen(self) -> Iterator[None]:
        """No process of the server does anything within the block, as when its machine hangs."""
        assert self._process is not None
        server = psutil.Process(self._process.pid)
        stopped = [server]
        try:
            server.suspend()  # first, so that it starts no others
            for child in server.children(recursive=True):
                stopped.append(child)
                child.suspend()
            yield
        finally:
            for process in stopped:
                with suppress(psutil.NoSuchProcess):
                    process.resume()

    def url(self, database: str) -> str:
        return f"postgresql://{SUPERUSER}@/{database}?host={self.folder}"

    async def new_database(self, template: str = "template0") -> str:
        """Make a database; returns its URL."""
        self._made += 1
        name = f"test_{self._made}"
        await self.ask(f"CREATE DATABASE {name} TEMPLATE {template} ENCODING 'UTF8'")
        return self.url(name)

    async def ask(self, sql: str, *values: Any, url: str | None = None) -> list[asyncpg.Record]:
        """Have the superuser say something, to a database of this server."""
        connection = await asyncpg.connect(url or self.url("postgres"))
        try:
            return await connection.fetch(sql, *values)
        finally:
            await connection.close()

    @property
    def _data(self) -> Path:
        return self.folder / "data"

    def _run(self, program: str, *arguments: str | Path, retry: bool = False) -> None:
        for _ in range(600 if retry else 1):
            done = subprocess.run(
                [self._bin / program, *arguments], capture_output=True, cwd=self.folder, check=False, **self._user
            )
            if done.returncode == 0:
                return
            if self._process is not None and self._process.poll() is not None:
                break
        raise RuntimeError((done.stdout + done.stderr).decode() + self._log())

    def _log(self) -> str:
        log = self.folder / "log"
        return log.read_text() if log.exists() else ""


@contextmanager
def cluster(options: Mapping[str, str] = OPTIONS) -> Iterator[Cluster | None]:
    """A running server, gone after the block; None where PostgreSQL is not installed."""
    bin_folder = programs()
    if bin_folder is None or (os.geteuid() == 0 and SUPERUSER not in {user.pw_name for user in pwd.getpwall()}):
        yield None
        return
    # Not pytest's own folder: only root may enter that, and a socket's path must be short.
    folder = Path(tempfile.mkdtemp(prefix="wfpg"))
    running = Cluster(bin_folder, folder, options)
    try:
        running.init()
        running.start()
        yield running
    finally:
        running.stop(signal.SIGQUIT)
        shutil.rmtree(folder)

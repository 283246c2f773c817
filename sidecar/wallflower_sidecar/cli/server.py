"""The sidecar as a process: service and HTTP server until a signal."""

import asyncio
from collections.abc import Generator
from contextlib import contextmanager
import logging
import os
import signal
import ssl
import threading

from .. import __version__
from ..api import bind, create_app, serving
from ..service import Service
from ..settings import Settings, SettingsError

LOGGER = logging.getLogger(__name__)

LAST_RESORT_S = 9.0
"""SIGTERM ends everything within 10 s: after this long the process goes as it is, and its children die with it."""


async def run_server(settings: Settings) -> None:
    """Serve until the first SIGTERM or SIGINT, then raise CancelledError with everything cleaned up."""
    tls = _tls(settings)
    # Before anything else starts: a second sidecar by mistake must not open the cameras twice.
    sockets = bind(settings.host, settings.port)
    with _stopped_by_signals():
        async with Service.open(settings) as service, serving(create_app(service), sockets, tls):
            for each in sockets:
                LOGGER.info("Wallflower %s answers on %s port %d", __version__, *each.getsockname()[:2])
            await asyncio.get_running_loop().create_future()


@contextmanager
def _stopped_by_signals() -> Generator[None]:
    """Cancel this task at the first signal, whatever it is doing; further signals change nothing."""
    loop = asyncio.get_running_loop()
    task = asyncio.current_task()
    last_resort = threading.Timer(LAST_RESORT_S, _go_at_once)
    last_resort.daemon = True
    asked = False

    def stop() -> None:
        nonlocal asked
        if task is not None and not asked:
            asked = True
            LOGGER.info("Stopping")
            last_resort.start()
            task.cancel()

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop)
    try:
        yield
    finally:
        last_resort.cancel()


def _go_at_once() -> None:
    LOGGER.error("Stopping took more than %.0f s; the rest is cut off", LAST_RESORT_S)
    os._exit(0)


def _tls(settings: Settings) -> ssl.SSLContext | None:
    if settings.tls_cert is None:
        return None
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    try:
        context.load_cert_chain(settings.tls_cert, settings.tls_key)
    except ssl.SSLError as error:
        raise SettingsError([f"TLS_CERT and TLS_KEY: not a certificate with its key ({error.reason})."]) from None
    return context

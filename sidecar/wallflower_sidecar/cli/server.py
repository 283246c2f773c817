"""The sidecar as a process: service and HTTP server until a signal."""

import asyncio
import logging
import ssl

from .. import __version__
from ..api import bind, create_app, serving
from ..service import Service
from ..settings import Settings, SettingsError

LOGGER = logging.getLogger(__name__)


async def run_server(settings: Settings) -> None:
    """Serve until cancelled."""
    tls = _tls(settings)
    # Before anything else starts: a second sidecar by mistake must not open the cameras twice.
    sockets = bind(settings.host, settings.port)
    async with Service.open(settings) as service, serving(create_app(service), sockets, tls):
        for each in sockets:
            LOGGER.info("Wallflower %s answers on %s port %d", __version__, *each.getsockname()[:2])
        await asyncio.get_running_loop().create_future()


def _tls(settings: Settings) -> ssl.SSLContext | None:
    if settings.tls_cert is None:
        return None
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    try:
        context.load_cert_chain(settings.tls_cert, settings.tls_key)
    except ssl.SSLError as error:
        raise SettingsError([f"TLS_CERT and TLS_KEY: not a certificate with its key ({error.reason})."]) from None
    return context

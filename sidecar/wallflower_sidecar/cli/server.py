"""The sidecar as a process: service and HTTP server until a signal."""

import asyncio
from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager, nullcontext
import hashlib
import ipaddress
import logging
import socket
import ssl

from .. import __version__
from ..api import API_VERSION, bind, create_app, serving
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
        if settings.tls_cert is not None:
            LOGGER.info("Its certificate's SHA-256 fingerprint is %s", fingerprint(settings.tls_cert.read_text()))
        async with _announced(settings, service.server_id, sockets):
            await asyncio.get_running_loop().create_future()


def _announced(
    settings: Settings, server_id: str, sockets: Sequence[socket.socket]
) -> AbstractAsyncContextManager[None]:
    bound = tuple(each.getsockname()[0] for each in sockets)
    if not settings.announce or all(ipaddress.ip_address(host).is_loopback for host in bound):
        return nullcontext()
    from ..announcement import Answerer, announced

    scheme = "http" if settings.tls_cert is None else "https"
    port = sockets[0].getsockname()[1]
    return announced(Answerer(server_id, __version__, API_VERSION, scheme, port, bound))


def fingerprint(pem: str) -> str:
    """Return the SHA-256 fingerprint of the first certificate, in pairs of digits."""
    begin, end = "-----BEGIN CERTIFICATE-----", "-----END CERTIFICATE-----"
    first = pem[pem.index(begin) : pem.index(end) + len(end)]
    return hashlib.sha256(ssl.PEM_cert_to_DER_cert(first)).digest().hex(":").upper()


def _tls(settings: Settings) -> ssl.SSLContext | None:
    if settings.tls_cert is None:
        return None
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    try:
        context.load_cert_chain(settings.tls_cert, settings.tls_key)
    except ssl.SSLError as error:
        raise SettingsError([f"TLS_CERT and TLS_KEY: not a certificate with its key ({error.reason})."]) from None
    return context

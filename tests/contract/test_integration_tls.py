"""The integration's client against a real sidecar that has a certificate."""

from pathlib import Path

import aiohttp
import pytest

from custom_components.wallflower.certificate import ANY, presented, readable
from custom_components.wallflower.client import WallflowerClient
from custom_components.wallflower.exceptions import CertificateError
from tests.support.certificates import make_certificate
from tests.support.ports import free_port
from tests.support.sidecar import TOKEN, sidecar


async def test_the_sidecar_logs_the_fingerprint_that_the_client_shows_and_pins(tmp_path: Path) -> None:
    own, other = make_certificate("sidecar"), make_certificate("another")
    certificate = str(own.save(tmp_path / "certificate.pem"))
    env = {"WALLFLOWER_TLS_CERT": certificate, "WALLFLOWER_TLS_KEY": certificate}

    async with sidecar(tmp_path, free_port(), env=env) as server, aiohttp.ClientSession() as session:
        shown = await presented(server.url)

        assert shown == f"sha256:{own.sha256}"
        assert any(readable(shown) in line for line in server.process.lines)
        for choice in (shown, ANY):
            client = WallflowerClient(session, server.url, TOKEN, choice)
            await client.check_access()
            assert await client.newest_event_id(["transcript.final"]) >= 0
        for refused in ("verify", f"sha256:{other.sha256}"):
            with pytest.raises(CertificateError):
                await WallflowerClient(session, server.url, TOKEN, refused).info()

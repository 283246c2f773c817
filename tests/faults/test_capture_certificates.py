"""Cameras behind TLS: which certificate is accepted is chosen, and libav holds to it."""

import asyncio
from datetime import timedelta
import ssl

import pytest

from tests.faults.session_rig import session_of
from tests.faults.tls_front import tls_front
from tests.support.certificates import DAY, Certificate, make_certificate
from tests.support.ports import LOOPBACK
from wallflower_sidecar.domain.camera_certificate import VERIFY
from wallflower_sidecar.domain.errors import CaptureCode

pytestmark = pytest.mark.faults

AUTHORITY = make_certificate("House", authority=True)
SIGNED = make_certificate("Porch", ("localhost", LOOPBACK), signer=AUTHORITY)
OWN = make_certificate("camera")


def pin(certificate: Certificate) -> str:
    return f"sha256:{certificate.sha256}"


@pytest.fixture(autouse=True)
def trusted(tmp_path, monkeypatch):
    """This machine trusts one authority."""
    path = tmp_path / "authorities.pem"
    path.write_bytes(AUTHORITY.pem)
    monkeypatch.setenv("SSL_CERT_FILE", str(path))
    assert ssl.get_default_verify_paths().cafile == str(path)


def behind_tls(camera, port, host="localhost"):
    return camera.url("porch").replace("rtsp://", "rtsps://").replace(f"{LOOPBACK}:{camera.port}", f"{host}:{port}")


@pytest.mark.parametrize(
    ("certificate", "choice", "host"),
    [
        pytest.param(SIGNED, VERIFY, "localhost", id="signed for the name"),
        pytest.param(SIGNED, VERIFY, LOOPBACK, id="signed for the address"),
        pytest.param(SIGNED, pin(SIGNED), LOOPBACK, id="pinned, signed"),
        pytest.param(OWN, pin(OWN), "localhost", id="pinned, self-signed, for another name"),
        pytest.param(other := make_certificate("", ("*.house.lan",)), pin(other), LOOPBACK, id="pinned, wildcard"),
        pytest.param(inner := make_certificate("", ("192.0.2.9",)), pin(inner), LOOPBACK, id="pinned, an address"),
    ],
)
async def test_the_chosen_certificate_is_accepted(camera, tmp_path, certificate, choice, host):
    async with (
        tls_front(camera.port, tmp_path, certificate) as port,
        session_of(behind_tls(camera, port, host), certificate=choice) as heard,
    ):
        assert (await heard.opened()).transport == "tcp"


@pytest.mark.parametrize(
    ("certificate", "choice", "said"),
    [
        pytest.param(OWN, VERIFY, "self-signed", id="self-signed"),
        pytest.param(make_certificate("a", ("other.lan",), signer=AUTHORITY), VERIFY, "Hostname", id="another name"),
        pytest.param(
            make_certificate("a", ("localhost",), signer=AUTHORITY, starts=-2 * DAY, ends=-DAY),
            VERIFY,
            "expired",
            id="expired",
        ),
        pytest.param(make_certificate("a", ("localhost",), signer=OWN), VERIFY, "issuer", id="unknown authority"),
        pytest.param(SIGNED, pin(OWN), "another one", id="another one than pinned"),
        pytest.param(
            old := make_certificate("a", starts=-2 * DAY, ends=-timedelta(hours=1)),
            pin(old),
            "expired",
            id="pinned, old",
        ),
        pytest.param(bare := make_certificate(""), pin(bare), "no name", id="pinned, nameless"),
    ],
)
async def test_another_certificate_is_refused_with_the_reason(camera, tmp_path, certificate, choice, said):
    async with (
        tls_front(camera.port, tmp_path, certificate) as port,
        session_of(behind_tls(camera, port), certificate=choice) as heard,
    ):
        end = await heard.end()
    assert end.code == CaptureCode.CONNECTION_REFUSED
    assert "certificate" in end.message
    assert said in end.message
    assert camera.counters("porch").describes == 0, "nothing is asked, so no password is sent"


async def test_a_pinned_certificate_that_is_exchanged_is_refused_by_libav_too(camera, tmp_path):
    async with (
        tls_front(camera.port, tmp_path, OWN) as port,
        session_of(behind_tls(camera, port), certificate=pin(OWN)) as heard,
    ):
        await heard.opened()
    asked = camera.counters("porch").describes
    impostor = make_certificate("camera")
    async with (
        tls_front(camera.port, tmp_path, impostor, port) as same_port,
        session_of(behind_tls(camera, same_port), certificate=pin(OWN)) as heard,
    ):
        end = await heard.end()
    assert (end.code, camera.counters("porch").describes) == (CaptureCode.CONNECTION_REFUSED, asked)
    assert "another one" in end.message


@pytest.mark.parametrize(
    "choice", ["any", VERIFY, pin(make_certificate("never shown"))], ids=["any", "verify", "pinned"]
)
async def test_what_speaks_no_tls_is_named(choice):
    async def answer(reader, writer):
        await reader.read(1)
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        writer.close()

    async with (
        await asyncio.start_server(answer, LOOPBACK, 0) as server,
        session_of(f"rtsps://{LOOPBACK}:{server.sockets[0].getsockname()[1]}/", certificate=choice) as heard,
    ):
        assert (await heard.end()).code == CaptureCode.NOT_RTSP


async def test_a_stream_is_told_why_and_streams_once_the_choice_is_right(rig, camera, tmp_path, monkeypatch):
    monkeypatch.setenv("http_proxy", f"http://{LOOPBACK}:9")  # libav would look for the camera behind it
    async with tls_front(camera.port, tmp_path, OWN) as port:
        url = behind_tls(camera, port)
        rig.add("porch", url, certificate=VERIFY)
        error = await rig.until_error("porch", "connection_refused")
        assert "self-signed" in error.message
        found = await rig.capture.probe(url)
        assert found.certificate == pin(OWN)
        rig.add("porch", url, certificate=found.certificate)
        await rig.streaming("porch")
        assert rig.status("porch").error is None
        await rig.capture.remove_stream("porch")

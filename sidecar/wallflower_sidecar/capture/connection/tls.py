"""What libav needs to be told so that it accepts only the certificate that was chosen for a camera.

libav's TLS (GnuTLS) checks signatures, dates and the name in the certificate, against the system's authorities or
those of one file. A fingerprint it does not know: the certificate is fetched and compared first, then it is the only
one in that file, so that another one is refused also if it appears between the two connections.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
import hashlib
import os
from pathlib import Path
import socket
import ssl

from ...domain.camera_certificate import FINGERPRINT, VERIFY
from ...domain.camera_url import CameraUrl
from ...domain.errors import CaptureCode, CaptureError
from .network import Address

HANDSHAKE_TIMEOUT_S = 6.0
_MOST_PINNED = 64
_BUNDLES = ("/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/cert.pem")


@dataclass(frozen=True, slots=True)
class Pinned:
    """A certificate whose fingerprint was compared: in PEM, and a name that it bears."""

    pem: str
    name: str


@contextmanager
def checking(url: CameraUrl, address: Address, certificate: str) -> Iterator[Mapping[str, str]]:
    """Yield libav's options, valid within the block; raises CaptureError where the certificate is refused already."""
    if certificate == VERIFY:
        yield {"tls_verify": "1", "verifyhost": url.host, "ca_file": _trusted_authorities()}
        return
    pinned = _pinned(certificate, url.host, address)
    memory = os.memfd_create("certificate")
    try:
        os.write(memory, pinned.pem.encode())
        yield {"tls_verify": "1", "verifyhost": pinned.name, "ca_file": f"/proc/self/fd/{memory}"}
    finally:
        os.close(memory)


def refusal(url: CameraUrl, address: Address, certificate: str) -> CaptureError | None:
    """Ask the camera for its certificate once more to tell why it was refused; None when it was not."""
    try:
        if certificate.startswith(FINGERPRINT):
            _compared(certificate, url.host, address)
        else:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
            context.load_verify_locations(_trusted_authorities())
            with _connected(context, url.host, address):
                pass
    except ssl.SSLCertVerificationError as error:
        return _refused(error)
    except CaptureError as error:
        return error
    except OSError:
        pass
    return None


def fingerprint(url: CameraUrl, address: Address) -> str | None:
    """Return the choice that means the certificate which is shown now; None when none is."""
    try:
        return _fingerprint(_shown(url.host, address))
    except OSError:
        return None


@lru_cache(_MOST_PINNED)
def _pinned(certificate: str, host: str, address: Address) -> Pinned:
    try:
        pem = _compared(certificate, host, address)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
        context.load_verify_locations(cadata=pem)
        with _connected(context, host, address) as connection:
            return Pinned(pem, _name(connection.getpeercert() or {}))
    except ssl.SSLCertVerificationError as error:
        raise _refused(error) from None
    except ssl.SSLError:
        raise CaptureError(CaptureCode.NOT_RTSP, "What answers at this address does not speak TLS.") from None
    except TimeoutError:
        raise CaptureError(CaptureCode.CONNECT_TIMEOUT) from None
    except ConnectionRefusedError:
        raise CaptureError(CaptureCode.CONNECTION_REFUSED) from None
    except OSError:
        raise CaptureError(CaptureCode.EOF) from None


def _compared(certificate: str, host: str, address: Address) -> str:
    shown = _shown(host, address)
    if _fingerprint(shown) != certificate:
        raise CaptureError(
            CaptureCode.CONNECTION_REFUSED,
            "The camera's certificate is another one than was chosen. If that is right, choose the new one.",
        )
    return ssl.DER_cert_to_PEM_cert(shown)


def _shown(host: str, address: Address) -> bytes:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    with _connected(context, host, address) as connection:
        return connection.getpeercert(binary_form=True) or b""


@contextmanager
def _connected(context: ssl.SSLContext, host: str, address: Address) -> Iterator[ssl.SSLSocket]:
    with (
        socket.create_connection(address, HANDSHAKE_TIMEOUT_S) as plain,
        context.wrap_socket(plain, server_hostname=host) as connection,
    ):
        yield connection


def _fingerprint(der: bytes) -> str:
    return FINGERPRINT + hashlib.sha256(der).hexdigest()


def _name(certificate: Mapping[str, object]) -> str:
    """A name that libav will find in the certificate; raises CaptureError when it bears none."""
    names = certificate.get("subjectAltName")
    subject = certificate.get("subject")
    if isinstance(names, tuple):
        for kind, name in names:
            if kind in {"DNS", "IP Address"}:
                return str(name).replace("*", "camera", 1)
    if isinstance(subject, tuple):
        for part in subject:
            for key, value in part:
                if key == "commonName":
                    return str(value)
    raise CaptureError(
        CaptureCode.CONNECTION_REFUSED, "The camera's certificate bears no name, so it cannot be checked."
    )


def _refused(error: ssl.SSLCertVerificationError) -> CaptureError:
    return CaptureError(
        CaptureCode.CONNECTION_REFUSED, f"The camera's certificate was refused: {error.verify_message.rstrip('.')}."
    )


def _trusted_authorities() -> str:
    """The file of the authorities that this machine trusts; `SSL_CERT_FILE` names another."""
    for path in (ssl.get_default_verify_paths().cafile, *_BUNDLES):
        if path and Path(path).is_file():
            return path
    raise CaptureError(
        CaptureCode.CONNECTION_REFUSED, "This machine has no list of trusted authorities to check a certificate with."
    )

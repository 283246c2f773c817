"""What can be wrong between us and a WhisperLive server, each with a sentence that says what to do."""

import errno
import ssl

import aiohttp
from aiohttp import ClientHandlerType, ClientRequest, ClientResponse

from wallflower_sidecar.domain.errors import WallflowerError


class ServerFaultError(WallflowerError):
    """No session can be had now, or none works.

    `settings` says that only a person can heal it; `wait_s` is how long a full server asks to wait.
    """

    def __init__(self, code: str, message: str, *, settings: bool = False, wait_s: float | None = None) -> None:
        """Keep the code and what they mean for the next attempt beside the sentence."""
        super().__init__(message)
        self.code = code
        self.settings = settings
        self.wait_s = wait_s


class SessionEndedError(Exception):
    """The session ended under an utterance, which can be sent again on another; holds nothing that was said."""


class MixedError(SessionEndedError):
    """The answer to an utterance cannot be told from that to the known speech behind it."""


class NoLanguageError(Exception):
    """The server said nothing and has no language yet, without which it throws all sound away."""


class NoAnswerError(Exception):
    """The server took an utterance and known speech behind it, and answered neither."""


class RedirectedError(aiohttp.ClientError):
    """The server names another address; a token is not carried there."""


def bad_url() -> ServerFaultError:
    """Fault of an address that is none."""
    return ServerFaultError(
        "bad_url",
        "WHISPERLIVE_URL is no address such as ws://192.168.1.5:9090 or wss://whisper.example.",
        settings=True,
    )


def not_whisperlive(status: int | None = None) -> ServerFaultError:
    """Fault of something else that listens there; `status` is its HTTP answer."""
    told = f" (HTTP {status})" if status else ""
    return ServerFaultError(
        "not_whisperlive",
        f"What answers at WHISPERLIVE_URL is no WhisperLive server{told}. Check its host, port and path.",
        settings=True,
    )


def connecting() -> ServerFaultError:
    """No fault yet: there was no time to find one."""
    return ServerFaultError("loading", "The connection to the WhisperLive server is being made.")


def stuck() -> ServerFaultError:
    """Fault of a server that answers nothing, as one whose model lock was never released."""
    return ServerFaultError(
        "stuck", "The WhisperLive server takes sound but does not answer. Restart it; its log may have the cause."
    )


def ends_early(times: int) -> ServerFaultError:
    """Fault of a server that ended this many sessions in a row under an utterance."""
    return ServerFaultError("ended", f"The WhisperLive server ended {times} sessions in a row. Its log has the cause.")


def closed_before_ready() -> ServerFaultError:
    """Fault of a server that said goodbye instead of SERVER_READY, which is all it does about bad options."""
    return ServerFaultError(
        "refused",
        "The WhisperLive server closed the connection before it was ready. Check MODEL and LANGUAGE, and its log.",
        settings=True,
    )


def gone_before_ready() -> ServerFaultError:
    """Fault of a connection that was lost before SERVER_READY: a server that died or was started again."""
    return ServerFaultError(
        "gone", "The connection to the WhisperLive server was lost before it was ready. It is tried again."
    )


def model_failed(message: str) -> ServerFaultError:
    """Fault of a server that said ERROR."""
    told = f' ("{message}")' if message else ""
    return ServerFaultError(
        "model", f"The WhisperLive server reports an error{told}. Check MODEL, and its log.", settings=True
    )


def never_ready(seconds: float) -> ServerFaultError:
    """Fault of a server that took the options and then nothing happened."""
    return ServerFaultError(
        "loading", f"The WhisperLive server did not load its model within {seconds:.0f} s. Its log has the cause."
    )


def full(wait_s: float) -> ServerFaultError:
    """Fault of a server whose places are taken."""
    return ServerFaultError(
        "full",
        f"All places of the WhisperLive server are taken, for another {max(wait_s, 1):.0f} s by its own estimate. "
        "Let it take more clients.",
        wait_s=wait_s,
    )


async def refuse_redirect(request: ClientRequest, handler: ClientHandlerType) -> ClientResponse:
    """Be a client middleware that follows no redirect."""
    response = await handler(request)
    if 300 <= response.status < 400:  # noqa: PLR2004 - the class of redirects
        response.close()
        raise RedirectedError
    return response


def connect_fault(error: Exception) -> ServerFaultError:  # noqa: PLR0911 - a table of cases
    """The fault behind an exception of `ws_connect`; never its own text, which may hold the address."""
    match error:
        case aiohttp.WSServerHandshakeError():
            return _answered(error.status)
        case RedirectedError():
            return ServerFaultError(
                "redirected",
                "WHISPERLIVE_URL redirects to another address, which is not followed. Enter the final address.",
                settings=True,
            )
        case aiohttp.InvalidURL():
            return bad_url()
        case aiohttp.ClientConnectorDNSError():
            return ServerFaultError(
                "dns_failed", "The host name in WHISPERLIVE_URL cannot be resolved. Check it, or use an IP address."
            )
        case aiohttp.ClientConnectorCertificateError():
            return ServerFaultError(
                "tls",
                "The TLS certificate of the WhisperLive server is not trusted. Give it one this machine trusts, "
                "or use ws:// within the house.",
                settings=True,
            )
        case aiohttp.ClientConnectorError():
            return _unreachable(error.os_error)
        case TimeoutError():
            return ServerFaultError(
                "timeout", "The WhisperLive server does not answer. Check that it runs and can be reached."
            )
        case ssl.SSLError():
            return _no_tls()
        case _:
            return not_whisperlive()


def _answered(status: int) -> ServerFaultError:
    match status:
        case 401 | 403:
            return ServerFaultError(
                "unauthorized", "The WhisperLive server refused the token. Check WHISPERLIVE_TOKEN.", settings=True
            )
        case 429:
            return ServerFaultError("rate_limited", "The WhisperLive server asks to connect less often (HTTP 429).")
        case _ if status >= 500:  # noqa: PLR2004 - the class of server errors
            return ServerFaultError(
                "bad_gateway", f"WhisperLive does not run behind WHISPERLIVE_URL (HTTP {status}). Start it."
            )
        case _:
            return not_whisperlive(status)


def _unreachable(error: OSError) -> ServerFaultError:
    if isinstance(error, ssl.SSLError):
        return _no_tls()
    if isinstance(error, ConnectionRefusedError) or error.errno == errno.ECONNREFUSED:
        return ServerFaultError(
            "connection_refused", "No WhisperLive server listens at WHISPERLIVE_URL. Start it, or check host and port."
        )
    return ServerFaultError("unreachable", "The host in WHISPERLIVE_URL cannot be reached. Check it and the network.")


def _no_tls() -> ServerFaultError:
    return ServerFaultError(
        "tls", "What answers at WHISPERLIVE_URL speaks no TLS. Use ws:// instead of wss://, or check the port."
    )

"""What went wrong with a download, in words for a person."""

import errno
import socket

from .find import ModelError

_FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
_NOT_WRITABLE = frozenset({errno.EACCES, errno.EPERM, errno.EROFS})
_NOT_OFFERED = frozenset({401, 403, 404, 410})


NOT_UNDERSTOOD = "the hub's answer cannot be understood", "Try again later; the log names the cause."


class FetchError(ModelError):
    """A model could not be fetched; `reason` is a few words, the text a sentence with them and what to do."""

    def __init__(self, name: str, reason: str, advice: str) -> None:
        """Name the model, the reason and what to do."""
        super().__init__("download_failed", f"{name} could not be fetched ({reason}). {advice}")
        self.name = name
        self.reason = reason
        self.advice = advice


def fetch_error(name: str, error: Exception) -> FetchError:
    """Turn whatever a download raised into words."""
    return FetchError(name, *_words(error))


def _words(error: Exception) -> tuple[str, str]:
    from httpx2 import TimeoutException, TransportError  # noqa: PLC0415 - only a fetch is worth its import
    from huggingface_hub.errors import HfHubHTTPError  # noqa: PLC0415 - the same

    words = NOT_UNDERSTOOD
    match error:
        case HfHubHTTPError() if error.response.status_code in _NOT_OFFERED:
            words = f"the hub does not offer it, it answered {error.response.status_code}", "Choose another model."
        case HfHubHTTPError():
            words = f"the hub answered {error.response.status_code}", "Try again later."
        case _ if any(isinstance(cause, socket.gaierror) for cause in _causes(error)):
            words = "the hub's name cannot be resolved", "Check the network connection and its name server."
        case TimeoutException():
            words = "the hub does not answer", "Check the network connection."
        case TransportError():
            words = "no connection to the hub", "Check the network connection."
        case OSError():
            words = _disk_words(error)
    return words


def _disk_words(error: OSError) -> tuple[str, str]:
    if error.errno in _FULL:
        return "the disk is full", "Free some space in the data folder."
    if error.errno in _NOT_WRITABLE:
        return "the data folder cannot be written", "Change the owner of the data folder, or set DATA_DIR."
    if error.errno is None:  # huggingface_hub's own, when fewer bytes came than were announced
        return "the connection broke off", "What has arrived is kept; try again."
    return f"{error.strerror}", "Check the disk of the data folder."


def _causes(error: BaseException | None) -> list[BaseException]:
    causes: list[BaseException] = []
    while error is not None and error not in causes:
        causes.append(error)
        error = error.__cause__ or error.__context__
    return causes

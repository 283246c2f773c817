"""What a person asks of the sidecar through an entity, with the error told in their language."""

from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus

from homeassistant.exceptions import HomeAssistantError, ServiceValidationError

from .const import DOMAIN
from .exceptions import RequestRefusedError, WallflowerConnectionError, WallflowerError


@contextmanager
def told_as(translation_key: str) -> Iterator[None]:
    """Raise what goes wrong within the block as this translated error; it holds nothing that was said."""
    try:
        yield
    except WallflowerConnectionError as error:
        raise _away() from error
    except WallflowerError as error:
        raise HomeAssistantError(
            translation_domain=DOMAIN,
            translation_key=translation_key,
            translation_placeholders={"error": _sentence(error)},
        ) from error


@contextmanager
def asked() -> Iterator[None]:
    """Raise what an action's request comes to: what was refused as a fault of the fields, the rest as a failure."""
    try:
        yield
    except RequestRefusedError as error:
        if not is_fault_of_fields(error):
            raise _failed(error) from error
        raise ServiceValidationError(
            translation_domain=DOMAIN,
            translation_key="request_refused",
            translation_placeholders={"detail": reasons_of(error)},
        ) from error
    except WallflowerConnectionError as error:
        raise _away() from error
    except WallflowerError as error:
        raise _failed(error) from error


def is_fault_of_fields(error: RequestRefusedError) -> bool:
    """Whether what was asked is refused, rather than whoever asks or the sidecar at fault."""
    return error.status < HTTPStatus.INTERNAL_SERVER_ERROR and error.status != HTTPStatus.UNAUTHORIZED


def reasons_of(error: RequestRefusedError) -> str:
    """Return the sidecar's sentences on what it refuses."""
    return "; ".join(each.message for each in error.faults) or error.detail


def _away() -> HomeAssistantError:
    return HomeAssistantError(translation_domain=DOMAIN, translation_key="sidecar_away")


def _failed(error: WallflowerError) -> HomeAssistantError:
    return HomeAssistantError(
        translation_domain=DOMAIN, translation_key="action_failed", translation_placeholders={"error": _sentence(error)}
    )


def _sentence(error: WallflowerError) -> str:
    return (isinstance(error, RequestRefusedError) and error.detail) or str(error)

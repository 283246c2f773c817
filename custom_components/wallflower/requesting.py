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
        if error.status >= HTTPStatus.INTERNAL_SERVER_ERROR or error.status == HTTPStatus.UNAUTHORIZED:
            raise _failed(error) from error
        raise ServiceValidationError(
            translation_domain=DOMAIN,
            translation_key="request_refused",
            translation_placeholders={"detail": "; ".join(each.message for each in error.faults) or error.detail},
        ) from error
    except WallflowerConnectionError as error:
        raise _away() from error
    except WallflowerError as error:
        raise _failed(error) from error


def _away() -> HomeAssistantError:
    return HomeAssistantError(translation_domain=DOMAIN, translation_key="sidecar_away")


def _failed(error: WallflowerError) -> HomeAssistantError:
    return HomeAssistantError(
        translation_domain=DOMAIN, translation_key="action_failed", translation_placeholders={"error": _sentence(error)}
    )


def _sentence(error: WallflowerError) -> str:
    return (isinstance(error, RequestRefusedError) and error.detail) or str(error)

"""What a person asks of the sidecar through an entity, with the error told in their language."""

from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus

from homeassistant.exceptions import HomeAssistantError, ServiceValidationError

from .const import DOMAIN
from .exceptions import RequestRefusedError, WallflowerError


@contextmanager
def told_as(translation_key: str) -> Iterator[None]:
    """Raise what goes wrong within the block as this translated error; it holds nothing that was said."""
    try:
        yield
    except WallflowerError as error:
        raise HomeAssistantError(
            translation_domain=DOMAIN,
            translation_key=translation_key,
            translation_placeholders={"error": str(error)},
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
            translation_placeholders={"detail": "; ".join((error.detail, *(each.message for each in error.faults)))},
        ) from error
    except WallflowerError as error:
        raise _failed(error) from error


def _failed(error: WallflowerError) -> HomeAssistantError:
    return HomeAssistantError(
        translation_domain=DOMAIN, translation_key="action_failed", translation_placeholders={"error": str(error)}
    )

"""What a person asks of the sidecar through an entity, with the error told in their language."""

from collections.abc import Iterator
from contextlib import contextmanager

from homeassistant.exceptions import HomeAssistantError

from .const import DOMAIN
from .exceptions import WallflowerError


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

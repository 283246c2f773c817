"""The settings in force, and what happens when they are read again."""

from collections.abc import Callable, Mapping
import logging
from typing import Any

from pydantic import SecretStr

from ..logs import set_level
from ..settings import Reload, Settings, reload_settings

LOGGER = logging.getLogger(__name__)

ENGINE_SETTINGS = frozenset(
    {"engine", "model", "language", "whisperlive_url", "whisperlive_token", "whisperlive_python"}
)
"""A change of one of these makes another transcriber."""

HIDDEN = "***"


class Configuration:
    """Holds the settings; a reload changes them and whatever depends on them, while everything goes on."""

    def __init__(
        self,
        settings: Settings,
        *,
        on_engine: Callable[[Settings], None],
        environ: Mapping[str, str] | None = None,
    ) -> None:
        """Begin with `settings`; `on_engine` is called with the new ones when they ask for another transcriber.

        `environ` stands in for the process's environment at a reload.
        """
        self.settings = settings
        self._environ = environ
        self._on_engine = on_engine

    def reload(self) -> Reload:
        """Read environment and file again and take up what can be; names what could not."""
        reload = reload_settings(self.settings, self._environ)
        self.settings = reload.settings
        if "log_level" in reload.changed:
            set_level(reload.settings.log_level)
        if ENGINE_SETTINGS.intersection(reload.changed):
            self._on_engine(reload.settings)
        LOGGER.info(
            "The settings were read again: %d changed, %d need a restart, %d were refused",
            len(reload.changed),
            len(reload.needs_restart),
            len(reload.refused),
        )
        return reload

    def document(self) -> dict[str, Any]:
        """Every setting by its name, ready for JSON; what is secret is hidden."""
        shown = self.settings.model_dump(mode="json")
        return {
            name: HIDDEN if isinstance(getattr(self.settings, name), SecretStr) else value
            for name, value in shown.items()
        }

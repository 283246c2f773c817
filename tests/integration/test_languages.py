"""Home Assistant itself reads every language, and shows none of it in English."""

import json
import logging
from pathlib import Path

from hass_frontend import where
from homeassistant.core import HomeAssistant
from homeassistant.generated.languages import LANGUAGES
from homeassistant.helpers.translation import async_get_translations, recursive_flatten
import pytest

from custom_components import wallflower
from custom_components.wallflower.const import DOMAIN

FILES = sorted((Path(wallflower.__file__).parent / "translations").glob("*.json"))


def test_home_assistant_offers_each_language() -> None:
    assert {each.stem for each in FILES} <= set(LANGUAGES)


async def test_home_assistant_shows_each_sentence(hass: HomeAssistant, caplog: pytest.LogCaptureFixture) -> None:
    for file in FILES:
        categories = json.loads(file.read_text())
        del categories["title"]
        for category, said in categories.items():
            shown = await async_get_translations(hass, file.stem, category, {DOMAIN})
            assert shown == recursive_flatten(f"component.{DOMAIN}.{category}.", said), f"{file.stem}: {category}"
    assert [each.getMessage() for each in caplog.records if each.levelno >= logging.ERROR] == []


@pytest.mark.parametrize("file", FILES, ids=[each.stem for each in FILES])
def test_buttons_are_called_what_they_are_called_there(file: Path) -> None:
    """Home Assistant's own *Reconfigure*, and ours that changes a camera."""
    said = recursive_flatten("", json.loads(file.read_text()))
    (frontend,) = (where() / "static/translations/config").glob(f"{file.stem}-{'[0-9a-f]' * 32}.json")
    theirs = json.loads(frontend.read_text())["ui.panel.config.integrations.config_entry.reconfigure"]
    ours = said["config_subentries.stream.initiate_flow.reconfigure"]

    assert theirs in said["exceptions.certificate_refused.message"]
    assert f"*{ours}*" in said["config_subentries.stream.step.adopt.description"]

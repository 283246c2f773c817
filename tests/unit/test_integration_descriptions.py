"""What people read of actions, triggers and conditions, in every language: whole, and about what is there."""

from collections.abc import Iterator
import json
from pathlib import Path
import re
from typing import Any

import pytest
import yaml

COMPONENT = Path(__file__).parents[2] / "custom_components" / "wallflower"
TRANSLATIONS = COMPONENT / "translations"
LANGUAGES = ("de", "es", "nl")


def document(language: str) -> dict[str, Any]:
    read: dict[str, Any] = json.loads((TRANSLATIONS / f"{language}.json").read_text())
    return read


ENGLISH = document("en")
ICONS = json.loads((COMPONENT / "icons.json").read_text())


def sentences(node: dict[str, Any], path: str = "") -> Iterator[tuple[str, str]]:
    for name, below in node.items():
        if isinstance(below, dict):
            yield from sentences(below, f"{path}{name}.")
        else:
            yield f"{path}{name}", below


def marks(sentence: str) -> tuple[list[str], int, int]:
    """What must be the same in every language: placeholders, code, links."""
    return sorted(re.findall(r"\{\w+\}", sentence)), sentence.count("`"), sentence.count("](")


def test_every_language_is_there() -> None:
    assert {each.stem for each in TRANSLATIONS.iterdir()} == {"en", *LANGUAGES}


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_language_says_all_that_english_says_and_nothing_else(language: str) -> None:
    english, other = dict(sentences(ENGLISH)), dict(sentences(document(language)))
    assert other.keys() == english.keys()
    assert {path for path in english if marks(english[path]) != marks(other[path])} == set()
    assert not [path for path, sentence in other.items() if not sentence.strip()]
    untranslated = [path for path, text in english.items() if len(text) > 30 and other[path] == text]
    assert untranslated == []


@pytest.mark.parametrize(
    ("file", "section"), [("services", "services"), ("triggers", "triggers"), ("conditions", "conditions")]
)
def test_what_can_be_chosen_is_described_field_by_field(file: str, section: str) -> None:
    described = yaml.safe_load((COMPONENT / f"{file}.yaml").read_text())
    assert described.keys() == ENGLISH[section].keys() == ICONS[section].keys()
    for name, choice in described.items():
        text = ENGLISH[section][name]
        assert text["name"], name
        assert text["description"], name
        assert (choice or {}).get("fields", {}).keys() == text.get("fields", {}).keys(), name
        assert all(each["name"] and each["description"] for each in text.get("fields", {}).values()), name

"""What people read in their own language: all that English says, marked up alike, and written as that language is."""

from collections import Counter, defaultdict
from collections.abc import Iterator
import json
from pathlib import Path
import re
from typing import Any

import pytest

TRANSLATIONS = Path(__file__).parents[2] / "custom_components" / "wallflower" / "translations"
LANGUAGES = sorted(each.stem for each in TRANSLATIONS.iterdir() if each.stem != "en")
PROMISED = {"de", "es", "fr", "it", "nl", "pl", "pt", "pt-BR"}

MARKS = re.compile(r"\{\w+\}|`[^`]*`|\*\*|\]\(|\n(?:- )?|https?://|rtsps?://")
"""What must be the same in every language: placeholders, code, emphasis, links, line breaks, list items, schemes."""

NO_LANGUAGES = {"{error}", "Sidecar", "Sidecars", "TCP", "UDP", "Wallflower"}
SPELT_ALIKE = {
    "de": {"Engine", "Format", "Name", "Segment", "Start", "Text"},
    "es": {"Error"},
    "fr": {"Format", "Minutes", "Segment", "Session", "Transcription", "Transport"},
    "it": {"File", "Password"},
    "nl": {"Camera", "Engine", "Model", "Segment", "Start", "Transcript", "Transport"},
    "pl": {"Format", "Model", "Segment", "Transport"},
}
"""What is right although English says the same; names of languages aside."""

ENGLISH_WORDS = re.compile(r"\b(?:the|and|with|this|your|cannot)\b", re.IGNORECASE)
"""Words that no other language here has."""

QUOTES = {"de": "„“", "es": "«»", "fr": "«»", "it": "“”", "nl": "“”", "pl": "„”", "pt": "«»", "pt-BR": "“”"}
LONGEST_NAME = 40
"""Characters of an entity's name that a card still shows."""


def document(language: str) -> dict[str, Any]:
    read: dict[str, Any] = json.loads((TRANSLATIONS / f"{language}.json").read_text())
    return read


def sentences(node: dict[str, Any], path: str = "") -> Iterator[tuple[str, str]]:
    for name, below in node.items():
        if isinstance(below, dict):
            yield from sentences(below, f"{path}{name}.")
        else:
            yield f"{path}{name}", below


ENGLISH = dict(sentences(document("en")))


@pytest.fixture(params=LANGUAGES)
def language(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    return name


@pytest.fixture
def said(language: str) -> dict[str, str]:
    return dict(sentences(document(language)))


def test_the_promised_languages_are_there() -> None:
    assert set(LANGUAGES) >= PROMISED


def test_a_language_says_all_that_english_says_and_nothing_else(said: dict[str, str]) -> None:
    assert said.keys() == ENGLISH.keys()


def test_placeholders_code_and_links_are_those_of_english(said: dict[str, str]) -> None:
    marks = {path: (Counter(MARKS.findall(ENGLISH[path])), Counter(MARKS.findall(text))) for path, text in said.items()}
    assert {path: each for path, each in marks.items() if each[0] != each[1]} == {}


def test_nothing_is_left_in_english(language: str, said: dict[str, str]) -> None:
    kept = {text for path, text in said.items() if text == ENGLISH[path] and ".select.language." not in path}
    assert kept <= NO_LANGUAGES | SPELT_ALIKE.get(language, set())
    words = {path: ENGLISH_WORDS.findall(MARKS.sub(" ", text)) for path, text in said.items()}
    assert {path: found for path, found in words.items() if found} == {}


def test_sentences_are_neatly_set(said: dict[str, str]) -> None:
    assert [text for text in said.values() if "  " in text] == []
    ends = {path: (ENGLISH[path][-1], text[-1]) for path, text in said.items()}
    assert {path: pair for path, pair in ends.items() if (pair[0] in ".?") != (pair[1] in ".?")} == {}


def test_quotes_are_those_of_the_language(language: str, said: dict[str, str]) -> None:
    of_all = re.compile(r"[\"„“”«»‹›]")
    found = [each for text in said.values() for each in of_all.findall(text)]
    opened, closed = tuple(QUOTES[language])
    assert set(found) <= {opened, closed}
    assert found[::2].count(opened) == found[1::2].count(closed) == len(found) / 2


def test_french_keeps_its_tall_marks_from_wrapping() -> None:
    """As Home Assistant's French: a no-break space before : ; ? ! and », and after «."""
    wrong = re.compile(r"(?<!\u00a0)[;?!»]|(?<!\u00a0):(?=\s|$)|«(?!\u00a0)| [:;?!»]")
    french = {path: MARKS.sub("x", text) for path, text in sentences(document("fr"))}
    assert [text for text in french.values() if wrong.search(text)] == []


def test_spanish_opens_its_questions() -> None:
    spanish = [text for _, text in sentences(document("es"))]
    assert [text for text in spanish if text.count("?") != text.count("¿") or text.count("!") != text.count("¡")] == []


def test_names_of_entities_fit_a_card(said: dict[str, str]) -> None:
    names = [text for path, text in said.items() if re.fullmatch(r"entity\.\w+\.\w+\.name", path)]
    assert [text for text in names if len(text) > LONGEST_NAME] == []


def test_what_english_tells_apart_side_by_side_is_told_apart(said: dict[str, str]) -> None:
    """Choices of one menu, fields of one form, attributes of one entity, entities of one platform."""
    meant = defaultdict[tuple[str, str], set[str]](set)
    for path, text in said.items():
        meant[re.sub(r"\.\w+(\.name)?$", "", path), text].add(ENGLISH[path])
    assert {place: several for place, several in meant.items() if len(several) > 1} == {}

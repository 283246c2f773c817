"""The pages name what a person can see and choose in Home Assistant, all of it and nothing else."""

import json
from pathlib import Path
import re
from typing import Any

from homeassistant.core import HomeAssistant
import pytest
import yaml

from custom_components.wallflower.lost_camera import DISABLED, NOT_PROVIDED, REMOVED
from custom_components.wallflower.websocket_api import async_setup_websocket
from wallflower_sidecar.domain.errors import CaptureCode

ROOT = Path(__file__).resolve().parents[2]
INTEGRATION = ROOT / "custom_components" / "wallflower"
TIMES = {"start_time", "end_time", "duration"}


def rows(page: str, heading: str) -> list[list[str]]:
    """Return the cells of the first table below a heading, without its head."""
    below = (ROOT / "docs" / page).read_text().split(heading, 1)[1]
    table = re.search(r"^\|.+(?:\n\|.+)+", below, re.MULTILINE)
    assert table is not None
    return [[cell.strip() for cell in line.strip("|").split(" | ")] for line in table.group().splitlines()[2:]]


def words(cell: str) -> set[str]:
    return set(re.findall(r"`([a-z_]+)`", cell))


def translated() -> dict[str, Any]:
    document: dict[str, Any] = json.loads((INTEGRATION / "translations" / "en.json").read_text())
    return document


def described(file: str) -> dict[str, Any]:
    document: dict[str, Any] = yaml.safe_load((INTEGRATION / file).read_text())
    return {name: set((about or {}).get("fields", ())) for name, about in document.items()}


def test_every_error_code_is_explained() -> None:
    named = set().union(*(words(row[0]) for row in rows("troubleshooting.md", "## By error code")))

    assert named == {*CaptureCode, *(lost.code for lost in (DISABLED, NOT_PROVIDED, REMOVED))}


def test_every_attribute_of_a_keyword_is_described() -> None:
    told = set().union(*(words(row[0]) for row in rows("entities.md", "## Keyword events")))

    assert told == translated()["entity"]["event"]["keyword"]["state_attributes"].keys()


def test_every_command_for_cards_is_described(hass: HomeAssistant) -> None:
    async_setup_websocket(hass)

    told = {row[0].strip("`") for row in rows("dashboards.md", "# Dashboards")}
    assert told == {name for name in hass.data["websocket_api"] if name.startswith("wallflower/")}


def test_every_action_and_field_is_described() -> None:
    told: dict[str, set[str]] = {}
    for action, what, *_ in rows("actions.md", "# Actions"):
        fields = words(what) | (TIMES if "times" in what else set())
        told |= dict.fromkeys(re.findall(r"`wallflower\.(\w+)`", action), fields)

    actions = described("services.yaml")
    assert told.keys() == actions.keys()
    for name, fields in actions.items():
        assert told[name] - TIMES == fields - TIMES, name
        assert told[name] >= fields, name


@pytest.mark.parametrize("file", ["triggers.yaml", "conditions.yaml"])
def test_every_trigger_condition_and_option_is_described(file: str) -> None:
    page = (ROOT / "docs" / "automations.md").read_text()
    for name, options in described(file).items():
        section = page.split(f"(`wallflower.{name}`)", 1)[1].split("\n##", 1)[0]
        assert options <= words(section), name

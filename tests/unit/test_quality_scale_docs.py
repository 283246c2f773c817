"""The pages keep what quality_scale.yaml claims of them: sections, what is needed, both ways to use it."""

import json
from pathlib import Path
import re
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
COMPONENT = ROOT / "custom_components" / "wallflower"
ENGLISH = json.loads((COMPONENT / "translations" / "en.json").read_text())

# Where the documentation keeps its promise: the page, and the heading under which something must stand.
SECTIONS = {
    "docs-high-level-description": ("README.md", "Wallflower"),
    "docs-installation-instructions": ("README.md", "Install it for real"),
    "docs-installation-parameters": ("docs/homeassistant.md", "Setting up"),
    "docs-configuration-parameters": ("docs/homeassistant.md", "Options"),
    "docs-removal-instructions": ("docs/homeassistant.md", "Removing it"),
    "docs-actions": ("docs/actions.md", "Actions"),
    "docs-triggers": ("docs/automations.md", "Triggers"),
    "docs-conditions": ("docs/automations.md", "Conditions"),
    "docs-examples": ("docs/automations.md", "Blueprints"),
    "docs-data-update": ("docs/homeassistant.md", "How fresh it is"),
    "docs-known-limitations": ("docs/homeassistant.md", "Known limits"),
    "docs-supported-devices": ("docs/homeassistant.md", "Which cameras"),
    "docs-supported-functions": ("docs/entities.md", "Each camera"),
    "docs-troubleshooting": ("docs/troubleshooting.md", "By error code"),
    "docs-use-cases": ("docs/homeassistant.md", "What it is good for"),
}


def section(page: str, heading: str) -> str:
    """What stands under a heading, up to the next chapter."""
    found = re.search(
        rf"^(#+) {re.escape(heading)}$(.*?)(?=^#{{1,2}} |\Z)", (ROOT / page).read_text(), re.MULTILINE | re.DOTALL
    )
    assert found, f"{page} has no heading {heading}"
    return found.group(2).strip()


def described(kind: str) -> dict[str, dict[str, Any]]:
    found = yaml.safe_load((COMPONENT / f"{kind}.yaml").read_text())
    return {name: (each or {}).get("fields") or {} for name, each in found.items()}


def test_each_page_that_a_rule_asks_for_is_there() -> None:
    claimed = yaml.safe_load((COMPONENT / "quality_scale.yaml").read_text())["rules"]
    assert SECTIONS.keys() == {rule for rule in claimed if rule.startswith("docs-")}
    for rule, (page, heading) in SECTIONS.items():
        assert len(section(page, heading)) > 100, rule


def test_fields_of_actions_that_are_needed_are_bold() -> None:
    rows = {row.split("`")[1]: row for row in section("docs/actions.md", "Actions").splitlines() if "| `wallf" in row}
    for name, fields in described("services").items():
        [row] = [each for each in rows.values() if f"`wallflower.{name}`" in each]
        for field, about in fields.items():
            assert (f"**`{field}`**" in row) is bool(about.get("required")), (name, field)


@pytest.mark.parametrize(("kind", "heading"), [("triggers", "Triggers"), ("conditions", "Conditions")])
def test_triggers_and_conditions_are_described_for_the_editor_and_for_yaml(kind: str, heading: str) -> None:
    text = section("docs/automations.md", heading)
    assert "**In the editor**" in text
    parts = {re.findall(r"`wallflower\.(\w+)`", each)[0]: each for each in text.split("\n### ")[1:]}
    assert parts.keys() == described(kind).keys()
    for name in described(kind):
        assert f"{kind.removesuffix('s')}: wallflower.{name}" in parts[name]
        assert ENGLISH[kind][name]["name"] in parts[name]


def test_blueprints_are_linked() -> None:
    linked = re.findall(r"\(\.\./(blueprints/[\w/]+\.yaml)\)", section("docs/automations.md", "Blueprints"))
    assert {ROOT / each for each in linked} == set((ROOT / "blueprints").rglob("*.yaml"))

"""What people read of actions, triggers and conditions: whole, and about what is there."""

import json
from pathlib import Path

import pytest
import yaml

COMPONENT = Path(__file__).parents[2] / "custom_components" / "wallflower"
ENGLISH = json.loads((COMPONENT / "translations" / "en.json").read_text())
ICONS = json.loads((COMPONENT / "icons.json").read_text())


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

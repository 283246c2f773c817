"""Each entity is what docs/entities.md says of it: name, class, category, unit, and whether it is there at first."""

from collections.abc import Iterator
import json
from pathlib import Path
import re

from homeassistant.const import EntityCategory
from homeassistant.core import HomeAssistant
from homeassistant.helpers import device_registry as dr, entity_registry as er
from pytest_homeassistant_custom_component.common import MockConfigEntry

ROOT = Path(__file__).resolve().parents[2]
COMPONENT = ROOT / "custom_components" / "wallflower"
ICONS = json.loads((COMPONENT / "icons.json").read_text())["entity"]
CLASSES = {
    **{each: each for each in ("connectivity", "problem", "sound", "timestamp", "restart")},
    "duration in s": "duration",
}
STATISTICS = {"measurement": "measurement", "total": "total_increasing"}

type Shown = tuple[str, str, str | None, str | None, str | None, bool]


def documented(heading: str) -> Iterator[Shown]:
    """What the page says under a heading: platform, name, device class, state class, category, there at first."""
    text = (ROOT / "docs" / "entities.md").read_text()
    [table] = re.findall(rf"(?ms)^## {heading}$(.*?)(?=^## |\Z)", text)
    for name, platform, about, first in re.findall(r"(?m)^\| (.+?) \(`(\w+)`\) \|.*\|([^|]*)\| (on|off) \|$", table):
        words = [each for each in about.strip().split(", ") if each]
        category = next((each for each in words if each in set(EntityCategory)), None)
        device_class = next((CLASSES[each] for each in words if each in CLASSES), None)
        statistics = next((STATISTICS[each] for each in words if each in STATISTICS), None)
        assert len(words) == sum(each is not None for each in (category, device_class, statistics)), words
        yield platform, name, device_class, statistics, category, first == "on"


def registered(entity: er.RegistryEntry) -> Shown:
    return (
        entity.domain,
        entity.original_name or "the camera",
        entity.original_device_class,
        (entity.capabilities or {}).get("state_class"),
        entity.entity_category,
        entity.disabled_by is None,
    )


async def test_each_entity_is_what_the_documentation_says(
    hass: HomeAssistant, entry: MockConfigEntry, entity_registry: er.EntityRegistry
) -> None:
    entities = er.async_entries_for_config_entry(entity_registry, entry.entry_id)
    hub = [registered(each) for each in entities if each.config_subentry_id is None]
    camera = [registered(each) for each in entities if each.config_subentry_id is not None]
    assert sorted(hub, key=str) == sorted(documented("The sidecar"), key=str)
    assert sorted(camera, key=str) == sorted(documented("Each camera"), key=str)


async def test_each_entity_has_a_name_an_icon_and_a_device_of_its_own(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    entity_registry: er.EntityRegistry,
    device_registry: dr.DeviceRegistry,
) -> None:
    entities = er.async_entries_for_config_entry(entity_registry, entry.entry_id)
    assert len({(each.domain, each.unique_id) for each in entities}) == len(entities)
    for entity in entities:
        assert entity.has_entity_name, entity.entity_id
        if entity.domain == "camera":
            assert entity.original_name is None, "it is the device's main feature"
        else:
            assert entity.translation_key in ICONS[entity.domain], entity.entity_id
            assert entity.original_icon is None, entity.entity_id
        assert device_registry.async_get(str(entity.device_id)), entity.entity_id

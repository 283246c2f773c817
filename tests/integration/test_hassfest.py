"""The integration's files pass what hassfest and the action of HACS check, as far as it can be checked without them."""

import ast
from collections.abc import Iterator
import json
from pathlib import Path
from typing import Any

from awesomeversion import AwesomeVersion
import homeassistant.components
from homeassistant.const import Platform
from homeassistant.requirements import DISCOVERY_INTEGRATIONS
from homeassistant.util.yaml import load_yaml_dict
import pytest
import voluptuous as vol

from custom_components.wallflower.camera_form import STORE_POLICIES, TRANSPORTS
from custom_components.wallflower.rule_form import MATCHES

from . import hassfest_rules as rules

ROOT = Path(__file__).resolve().parents[2]
COMPONENT = ROOT / "custom_components" / "wallflower"
CORE = Path(homeassistant.components.__file__).parent
LANGUAGES = sorted(each.stem for each in (COMPONENT / "translations").glob("*.json"))
DESCRIBED = {"services": rules.SERVICES, "triggers": rules.TRIGGERS, "conditions": rules.CONDITIONS}
# What may be imported without being named in the manifest.
EVERYWHERE = {*Platform, "frontend", "homeassistant", "media_source", "stream", "system_health", "websocket_api"}


@pytest.fixture(autouse=True)
def _custom_integrations() -> None:
    """Files are read; no Home Assistant is needed."""


def read(name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((COMPONENT / name).read_text())
    return found


MANIFEST, ENGLISH, ICONS = read("manifest.json"), read("translations/en.json"), read("icons.json")


def test_each_json_file_can_be_read_and_names_nothing_twice() -> None:
    def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        assert len({name for name, _ in pairs}) == len(pairs), [name for name, _ in pairs]
        return dict(pairs)

    for file in (*COMPONENT.rglob("*.json"), ROOT / "hacs.json"):
        json.loads(file.read_text(), object_pairs_hook=once)


def test_the_manifest_is_a_custom_integrations_and_in_order() -> None:
    rules.MANIFEST(MANIFEST)
    names = list(MANIFEST)
    assert names == ["domain", "name", *sorted(names[2:])]
    assert MANIFEST["domain"] == COMPONENT.name
    assert not (CORE / MANIFEST["domain"]).exists(), "Home Assistant has one of that name"


def test_what_is_depended_on_is_there_and_named_once() -> None:
    needed, before = MANIFEST["dependencies"], MANIFEST["after_dependencies"]
    assert set(needed).isdisjoint(before)
    assert all((CORE / each / "manifest.json").is_file() for each in (*needed, *before))


def imported() -> Iterator[tuple[str, str]]:
    """Each file and the component of Home Assistant that it imports, but for types alone."""

    def nodes(node: ast.AST) -> Iterator[ast.AST]:
        for child in ast.iter_child_nodes(node):
            if not (isinstance(child, ast.If) and ast.unparse(child.test) == "TYPE_CHECKING"):
                yield child
                yield from nodes(child)

    for file in COMPONENT.glob("*.py"):
        for node in nodes(ast.parse(file.read_text())):
            if isinstance(node, ast.ImportFrom) and node.module:
                names = [f"{node.module}.{alias.name}" for alias in node.names]
            elif isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            else:
                continue
            for name in names:
                parts = name.split(".")
                if parts[:2] == ["homeassistant", "components"]:
                    yield file.name, parts[2]


def test_what_is_imported_of_home_assistant_is_depended_on() -> None:
    discovered = {domain for domain, ways in DISCOVERY_INTEGRATIONS.items() if any(way in MANIFEST for way in ways)}
    allowed = EVERYWHERE | discovered | {*MANIFEST["dependencies"], *MANIFEST["after_dependencies"]}
    missing = {
        (file, component)
        for file, component in imported()
        if component not in allowed and not (COMPONENT / f"{component}.py").is_file()
    }
    assert missing == set()
    assert {component for _, component in imported()} >= {"http", "recorder"}


@pytest.mark.parametrize("language", LANGUAGES)
def test_each_language_keeps_to_the_schema(language: str) -> None:
    rules.TRANSLATIONS(read(f"translations/{language}.json"))


@pytest.mark.parametrize(
    "sentence",
    ["", " x", "<b>x</b>", "https://example.com/x", "[%key:common::x%]", "'{name}'", "{0}", "{a b}", "www.example.org"],
)
def test_a_sentence_that_hassfest_refuses_is_refused_here(sentence: str) -> None:
    with pytest.raises(vol.Invalid):
        rules.TRANSLATIONS({"exceptions": {"x": {"message": sentence}}})
    with pytest.raises(vol.Invalid):
        rules.TRANSLATIONS({"entity": {"sensor": {"x": {"state": {"on": f"{{name}} {sentence}"}}}}})


def test_icons_keep_to_the_schema_and_are_in_the_frontend() -> None:
    rules.ICONS(ICONS)
    for wrong in ({"default": "mdi:no-such-icon"}, {"default": "mdi:ear-hearing", "state": {"on": "mdi:ear-hearing"}}):
        with pytest.raises(vol.Invalid):
            rules.ICONS({"entity": {"sensor": {"x": wrong}}})


@pytest.mark.parametrize("kind", DESCRIBED)
def test_actions_triggers_and_conditions_keep_to_the_schema(kind: str) -> None:
    described = load_yaml_dict(str(COMPONENT / f"{kind}.yaml"))
    DESCRIBED[kind](described)
    for name, each in described.items():
        for field in ((each or {}).get("fields") or {}).values():
            select = field["selector"].get("select") or {}
            if choice := select.get("translation_key"):
                assert set(select["options"]) == set(ENGLISH["selector"][choice]["options"]), name


def test_choices_in_flows_are_named() -> None:
    for choice, options in (("store", STORE_POLICIES), ("transport", TRANSPORTS), ("match", MATCHES)):
        assert set(ENGLISH["selector"][choice]["options"]) == set(options), choice


def test_what_begins_and_finds_a_flow_is_where_hassfest_looks() -> None:
    begin = ast.parse((COMPONENT / "__init__.py").read_text())
    names = {ast.unparse(each.targets[0]) for each in begin.body if isinstance(each, ast.Assign)}
    functions = {each.name for each in begin.body if isinstance(each, ast.AsyncFunctionDef)}
    assert functions >= {"async_setup", "async_setup_entry", "async_unload_entry"}
    assert "CONFIG_SCHEMA" in names
    assert MANIFEST["config_flow"]
    assert "self.async_set_unique_id" in (COMPONENT / "config_flow.py").read_text()
    for platform, kind in (("trigger", "triggers"), ("condition", "conditions")):
        assert f"async_get_{kind}" in (COMPONENT / f"{platform}.py").read_text()


def test_hacs_finds_what_it_asks_for() -> None:
    hacs = json.loads((ROOT / "hacs.json").read_text())
    rules.HACS(hacs)
    assert hacs["name"] == MANIFEST["name"]
    assert hacs["homeassistant"] == "2026.10.0"
    assert AwesomeVersion(hacs["homeassistant"]) <= AwesomeVersion(homeassistant.const.__version__)
    assert "zip_release" not in hacs or "filename" in hacs
    assert [each.name for each in (ROOT / "custom_components").iterdir() if (each / "manifest.json").is_file()] == [
        MANIFEST["domain"]
    ], "HACS takes one integration"
    assert (COMPONENT / "brand" / "icon.png").is_file()
    assert (ROOT / "README.md").is_file()
    licence = (ROOT / "LICENSE").read_text()
    assert licence.startswith("MIT License")
    assert "Permission is hereby granted, free of charge" in licence

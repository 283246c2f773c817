"""The claims of quality_scale.yaml, as far as code can show them; those of entities are in tests/integration."""

import ast
from collections.abc import Iterator
from functools import cache
import json
from pathlib import Path
import re
import tomllib

import yaml

ROOT = Path(__file__).resolve().parents[2]
COMPONENT = ROOT / "custom_components" / "wallflower"
ENGLISH = json.loads((COMPONENT / "translations" / "en.json").read_text())
MANIFEST = json.loads((COMPONENT / "manifest.json").read_text())
QUALITY = yaml.safe_load((COMPONENT / "quality_scale.yaml").read_text())["rules"]
PLATFORMS = ("binary_sensor", "button", "camera", "event", "select", "sensor", "switch")

# Home Assistant's quality scale as of 2026.11, all tiers.
RULES = [
    "action-setup",
    "appropriate-polling",
    "brands",
    "common-modules",
    "config-flow",
    "config-flow-test-coverage",
    "dependency-transparency",
    "docs-actions",
    "docs-conditions",
    "docs-high-level-description",
    "docs-installation-instructions",
    "docs-removal-instructions",
    "docs-triggers",
    "entity-event-setup",
    "entity-unique-id",
    "has-entity-name",
    "runtime-data",
    "test-before-configure",
    "test-before-setup",
    "unique-config-entry",
    "action-exceptions",
    "config-entry-unloading",
    "docs-configuration-parameters",
    "docs-installation-parameters",
    "entity-unavailable",
    "integration-owner",
    "log-when-unavailable",
    "parallel-updates",
    "reauthentication-flow",
    "test-coverage",
    "devices",
    "diagnostics",
    "discovery",
    "discovery-update-info",
    "docs-data-update",
    "docs-examples",
    "docs-known-limitations",
    "docs-supported-devices",
    "docs-supported-functions",
    "docs-troubleshooting",
    "docs-use-cases",
    "dynamic-devices",
    "entity-category",
    "entity-device-class",
    "entity-disabled-by-default",
    "entity-translations",
    "exception-translations",
    "icon-translations",
    "reconfiguration-flow",
    "repair-issues",
    "stale-devices",
    "async-dependency",
    "inject-websession",
    "strict-typing",
]


# Errors that Home Assistant shows to a person.
TOLD_TO_A_PERSON = {
    "BrowseError",
    "ConfigEntryAuthFailed",
    "ConfigEntryError",
    "ConfigEntryNotReady",
    "HomeAssistantError",
    "ServiceValidationError",
    "Unresolvable",
    "UpdateFailed",
}


@cache
def modules() -> dict[str, ast.Module]:
    return {each.stem: ast.parse(each.read_text()) for each in COMPONENT.glob("*.py")}


def classes(base: str) -> Iterator[tuple[str, ast.ClassDef]]:
    """Each class that is directly made of one by that name, with its module."""
    for module, tree in modules().items():
        for node in ast.walk(tree):
            if isinstance(node, ast.ClassDef) and any(ast.unparse(each).startswith(base) for each in node.bases):
                yield module, node


def functions(name: str) -> Iterator[tuple[str, ast.AsyncFunctionDef]]:
    for module, tree in modules().items():
        for node in ast.walk(tree):
            if isinstance(node, ast.AsyncFunctionDef) and node.name == name:
                yield module, node


def calls(node: ast.AST) -> Iterator[str]:
    """What is called within, in order."""
    for each in ast.walk(node):
        if isinstance(each, ast.Call):
            yield ast.unparse(each.func)


def test_each_rule_is_kept_or_has_a_reason_why_it_does_not_apply() -> None:
    assert len(RULES) == 54
    assert list(QUALITY) == RULES
    for rule, answer in QUALITY.items():
        status = answer if isinstance(answer, str) else answer["status"]
        assert status in {"done", "exempt"}, rule
        assert isinstance(answer, str) or answer["comment"].endswith("."), rule


def test_coordinators_and_base_entities_are_where_they_are_looked_for() -> None:
    assert {module for module, _ in classes("DataUpdateCoordinator")} == {"coordinator"}
    assert {module for module, _ in classes("CoordinatorEntity")} == {"entity"}


def test_actions_are_there_whether_a_hub_is_loaded_or_not() -> None:
    [(module, begin)] = functions("async_setup")
    assert module == "__init__"
    assert {"async_setup_services", "async_setup_websocket"} <= set(calls(begin))
    for _, node in functions("async_setup_entry"):
        assert not [each for each in calls(node) if "register" in each and "device" not in each]


def test_a_hub_is_tried_before_it_is_set_up_and_kept_typed() -> None:
    [begin] = [node for module, node in functions("async_setup_entry") if module == "__init__"]
    order = [each.rpartition(".")[2] for each in calls(begin)]
    assert order.index("async_config_entry_first_refresh") < order.index("async_forward_entry_setups")
    assert any(module == "__init__" for module, _ in functions("async_unload_entry"))
    source = "".join(each.read_text() for each in COMPONENT.glob("*.py"))
    assert "entry.runtime_data = coordinator" in source
    assert not re.search(r"hass\.data\b", source)
    # One typed entry throughout, but where entries of anybody come by.
    for each in COMPONENT.glob("*.py"):
        if re.search(r"[\[,:] ?ConfigEntry\b", code := each.read_text()):
            assert "SIGNAL_CONFIG_ENTRY_CHANGED" in code, each.name


def test_platforms_say_how_much_they_do_at_once() -> None:
    values = {
        name: node.value.value
        for name in PLATFORMS
        for node in modules()[name].body
        if isinstance(node, ast.Assign)
        and ast.unparse(node.targets[0]) == "PARALLEL_UPDATES"
        and isinstance(node.value, ast.Constant)
    }
    # Of a camera too: one that Home Assistant records would hold up the others.
    reading = dict.fromkeys(("binary_sensor", "camera", "event", "sensor"), 0)
    assert values == reading | dict.fromkeys(("button", "select", "switch"), 1)


def test_entities_follow_what_happens_only_while_they_are_there() -> None:
    following = {"async_subscribe", "async_add_listener", "async_dispatcher_connect", "async_track_state_change_event"}
    entities = {name for name in modules() if name == "entity" or name.endswith(("_sensors", "_events", *PLATFORMS))}
    found = 0
    for module in entities:
        for node in ast.walk(modules()[module]):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                begun = [each for each in calls(node) if each.rpartition(".")[2] in following]
                assert not begun or node.name == "async_added_to_hass", (module, node.name)
                assert len(begun) <= list(calls(node)).count("self.async_on_remove"), (module, node.name)
                found += len(begun)
    assert found > 3


def test_what_a_person_is_told_can_be_translated() -> None:
    for module, tree in modules().items():
        for node in ast.walk(tree):
            if not isinstance(node, ast.Call) or ast.unparse(node.func) not in TOLD_TO_A_PERSON:
                continue
            given = {each.arg: each.value for each in node.keywords}
            assert ast.unparse(given["translation_domain"]) == "DOMAIN", module
            if isinstance(key := given["translation_key"], ast.Constant):
                assert key.value in ENGLISH["exceptions"], (module, key.value)


def test_the_flows_that_rules_ask_for_begin_where_they_are_looked_for() -> None:
    for step in ("user", "reauth", "reauth_confirm", "reconfigure", "zeroconf", "hassio"):
        assert list(functions(f"async_step_{step}")), step
    assert MANIFEST["zeroconf"]
    assert [module for module, _ in functions("async_get_config_entry_diagnostics")] == ["diagnostics"]


def test_each_fault_that_a_flow_can_name_is_provoked_by_a_test() -> None:
    camera = ENGLISH["config_subentries"]["stream"]
    tests = "".join(each.read_text() for each in (ROOT / "tests" / "integration").glob("test_*.py"))
    for flow in (ENGLISH["config"], camera, ENGLISH["options"]):
        for fault in (*flow["error"], *flow["abort"]):
            assert f'"{fault}"' in tests, fault


def test_the_session_is_home_assistants_and_types_are_strict() -> None:
    made = {each.rpartition(".")[2] for tree in modules().values() for each in calls(tree)}
    assert "async_get_clientsession" in made
    assert made.isdisjoint({"ClientSession", "async_create_clientsession"})
    assert (COMPONENT / "py.typed").is_file()
    mypy = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["mypy"]
    assert mypy["strict"]
    assert "custom_components" in mypy["files"]


def test_coverage_is_a_gate() -> None:
    assert "python -m tests.support.coverage_floor || STATUS=1" in (ROOT / "script" / "test").read_text()

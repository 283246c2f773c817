"""The integration's JSON, YAML and images agree with its code, with each other and with the project."""

import ast
from functools import cache
import json
from pathlib import Path
import re
import struct
import sys
import tomllib
from typing import Any

import pytest

from wallflower_sidecar.announcement import SERVICE_TYPE

ROOT = Path(__file__).resolve().parents[2]
COMPONENT = ROOT / "custom_components" / "wallflower"
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
MANIFEST = json.loads((COMPONENT / "manifest.json").read_text())
ENGLISH = json.loads((COMPONENT / "translations" / "en.json").read_text())
ICONS = json.loads((COMPONENT / "icons.json").read_text())

ASKING = (
    "camera_account.py",
    "camera_form.py",
    "config_flow.py",
    "discoveries.py",
    "hub_questions.py",
    "joining.py",
    "rule_form.py",
    "subentry_flow.py",
)


@cache
def sources() -> dict[str, ast.Module]:
    return {path.name: ast.parse(path.read_text()) for path in COMPONENT.glob("*.py")}


def strings(*names: str) -> set[str]:
    """All string constants in the given modules, in all without a name."""
    return {
        node.value
        for name, tree in sources().items()
        if name in names or not names
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }


def keyword_values(keyword: str) -> set[str]:
    """What is given for a keyword argument as a literal, anywhere."""
    return {
        node.value.value
        for tree in sources().values()
        for node in ast.walk(tree)
        if isinstance(node, ast.keyword) and node.arg == keyword and isinstance(node.value, ast.Constant)
    }


def sentences(node: Any, path: str = "") -> dict[str, str]:
    if isinstance(node, str):
        return {path: node}
    return {key: text for name, child in node.items() for key, text in sentences(child, f"{path}/{name}").items()}


def steps() -> dict[str, dict[str, Any]]:
    hub, camera = ENGLISH["config"]["step"], ENGLISH["config_subentries"]["stream"]["step"]
    options = ENGLISH["options"]["step"]
    found: dict[str, dict[str, Any]] = {}
    for name, step in (
        *hub.items(),
        *((f"camera {name}", step) for name, step in camera.items()),
        *((f"options {name}", step) for name, step in options.items()),
    ):
        found[name] = step
        for section, content in step.get("sections", {}).items():
            found[f"{name} {section}"] = content
    return found


def test_the_manifest_says_what_it_is() -> None:
    assert MANIFEST["codeowners"] == ["@seed-ff1aac1f"]
    assert MANIFEST["integration_type"] == "hub"
    assert MANIFEST["iot_class"] == "local_push"
    assert MANIFEST["requirements"] == []
    assert MANIFEST["zeroconf"] == [SERVICE_TYPE]


def test_address_and_version_are_the_projects() -> None:
    homepage = PROJECT["urls"]["Homepage"]

    assert MANIFEST["version"] == PROJECT["version"]
    assert MANIFEST["documentation"] == homepage
    assert MANIFEST["issue_tracker"] == f"{homepage}/issues"
    assert homepage in strings("hub_questions.py")


def fix_flows() -> list[dict[str, Any]]:
    return [issue["fix_flow"] for issue in ENGLISH["issues"].values() if "fix_flow" in issue]


def test_each_issue_has_a_sentence_or_a_way_to_mend_it() -> None:
    assert set(ENGLISH["issues"]) <= strings("issues.py", "models.py")
    assert all(
        issue["title"] and ("description" in issue) != ("fix_flow" in issue) for issue in ENGLISH["issues"].values()
    )


def test_each_error_that_a_flow_can_show_has_a_sentence_and_each_sentence_a_use() -> None:
    hub, camera = ENGLISH["config"], ENGLISH["config_subentries"]["stream"]
    in_flow = strings("config_flow.py", "discoveries.py", "hub_questions.py", "joining.py")
    in_rules = strings("rule_form.py", "rule_steps.py")
    in_camera = in_rules | strings("subentry_flow.py", "camera_account.py", "camera_form.py", "keyword_rules.py")
    from_core = {"already_configured"}

    assert set(hub["error"]) <= in_flow
    assert set(camera["error"]) <= in_camera
    assert set(ENGLISH["options"]["error"]) <= in_rules
    assert set(ENGLISH["options"]["abort"]) <= in_rules | strings("options_flow.py")
    assert set(hub["abort"]) | set(camera["abort"]) <= in_flow | in_camera | from_core
    raised = {
        argument.value
        for name in ASKING
        for node in ast.walk(sources()[name])
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in {"FormError", "_fault"}
        for argument in node.args[-1:]
        if isinstance(argument, ast.Constant)
    }
    assert raised <= set(hub["error"]) | set(camera["error"])
    assert in_rules & set(camera["error"]) <= set(ENGLISH["options"]["error"])
    mending = {name for flow in fix_flows() for name in flow.get("abort", {})}
    assert keyword_values("reason") <= set(hub["abort"]) | set(camera["abort"]) | mending
    assert mending <= strings("repairs.py")


def test_each_step_has_a_title_and_each_field_a_label_and_a_description() -> None:
    for name, step in steps().items():
        assert step.get("title") or step.get("name"), name
        assert step["description"], name
        assert set(step.get("data", {})) == set(step.get("data_description", {})), name


def test_each_step_is_translated() -> None:
    camera = ENGLISH["config_subentries"]["stream"]
    asked = {
        node.name.removeprefix("async_step_")
        for name in (*ASKING, "options_flow.py", "probe_steps.py", "rule_steps.py")
        for node in ast.walk(sources()[name])
        if isinstance(node, ast.AsyncFunctionDef) and node.name.startswith("async_step_")
    }

    # Choices of menus that lead on, and what Home Assistant begins a flow with.
    leading_on = {"back", "pin", "trust", "add_anyway", "add_rule", "camera", "house_rules", "save_rules"}
    asked -= leading_on | {"hassio", "probe", "reauth", "zeroconf"}
    assert asked == set(ENGLISH["config"]["step"]) | set(camera["step"]) | set(ENGLISH["options"]["step"])
    assert keyword_values("progress_action") == set(camera["progress"])


def test_each_exception_has_a_sentence_and_each_sentence_a_use() -> None:
    asked = {
        node.args[0].value
        for tree in sources().values()
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "told_as"
        if isinstance(node.args[0], ast.Constant)
    }
    used = keyword_values("translation_key") | asked

    assert set(ENGLISH["exceptions"]) <= strings()
    assert asked <= set(ENGLISH["exceptions"])
    assert {"access_refused", "cannot_connect", "wrong_server", "transcription_not_set"} <= used


def test_each_entity_has_a_name_and_an_icon() -> None:
    described = {platform: set(names) for platform, names in ENGLISH["entity"].items()}

    assert described == {platform: set(icons) for platform, icons in ICONS["entity"].items()}
    used = keyword_values("translation_key")
    assert {name for names in described.values() for name in names} <= used


def test_each_placeholder_is_filled_by_somebody() -> None:
    filled = strings() | {"url"}
    for path, text in sentences(ENGLISH).items():
        assert set(re.findall(r"\{(\w+)\}", text)) <= filled, path


@pytest.mark.parametrize("dark", ["", "dark_"])
@pytest.mark.parametrize(
    ("name", "width", "height"),
    [("icon", 256, 256), ("icon@2x", 512, 512), ("logo", None, 256), ("logo@2x", None, 512)],
)
def test_brand_images_have_the_sizes_that_home_assistant_asks_for(
    dark: str, name: str, width: int | None, height: int
) -> None:
    image = (COMPONENT / "brand" / f"{dark}{name}.png").read_bytes()

    assert image.startswith(b"\x89PNG\r\n\x1a\n")
    actual_width, actual_height = struct.unpack(">II", image[16:24])
    colour = image[25]
    assert actual_height == height
    assert actual_width == width if width else actual_width > actual_height
    assert colour in {4, 6}, "no transparency"


def test_platform_files_stay_tables() -> None:
    for name in ("binary_sensor", "button", "camera", "event", "select", "sensor", "switch"):
        assert len((COMPONENT / f"{name}.py").read_text().splitlines()) <= 110, name


def test_the_integration_brings_everything_it_imports() -> None:
    allowed = {"aiohttp", "homeassistant", "probatio", "voluptuous", "yarl"}
    for name, tree in sources().items():
        for node in ast.walk(tree):
            if isinstance(node, ast.Import):
                modules = {alias.name.partition(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.level == 0:
                modules = {str(node.module).partition(".")[0]}
            else:
                continue
            assert {each for each in modules if each not in sys.stdlib_module_names} <= allowed, name

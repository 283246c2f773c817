"""Where the project lives and who owns it: said once in pyproject.toml, and the same everywhere else."""

import json
from pathlib import Path
import re
import tomllib

import wallflower_sidecar

ROOT = Path(__file__).resolve().parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
REPOSITORY = PROJECT["urls"]["Homepage"]
OWNER = "@" + REPOSITORY.split("/")[3]
MANIFEST = json.loads((ROOT / "custom_components" / "wallflower" / "manifest.json").read_text())
FILES = [
    "README.md",
    "repository.yaml",
    "sidecar/config.yaml",
    "sidecar/Dockerfile",
    "sidecar/compose.yaml",
    "custom_components/wallflower/manifest.json",
    "custom_components/wallflower/hub_questions.py",
]


def test_every_address_of_the_repository_is_the_same() -> None:
    for name in FILES:
        addresses = re.findall(r"https://github\.com/[\w-]+/wallflower", (ROOT / name).read_text())
        assert addresses, name
        assert set(addresses) == {REPOSITORY}, name


def test_the_code_owner_is_the_repositorys() -> None:
    assert MANIFEST["codeowners"] == [OWNER]


def test_every_version_is_the_same() -> None:
    app = re.search(r'^version: "(.+)"$', (ROOT / "sidecar" / "config.yaml").read_text(), re.MULTILINE)

    assert app is not None
    assert {PROJECT["version"], MANIFEST["version"], wallflower_sidecar.__version__, app[1]} == {PROJECT["version"]}


def test_the_oldest_home_assistant_is_the_one_that_the_readme_names() -> None:
    oldest = json.loads((ROOT / "hacs.json").read_text())["homeassistant"]

    assert oldest.removesuffix(".0") in (ROOT / "README.md").read_text()


def test_every_picture_and_page_that_the_readme_links_to_is_there() -> None:
    links = re.findall(r"\]\(([^):]+)\)", (ROOT / "README.md").read_text())

    assert [link for link in links if not (ROOT / link).exists()] == []

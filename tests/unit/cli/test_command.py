"""Exit codes, errors in one sentence, --debug, --version."""

from pathlib import Path

import click
from click.testing import CliRunner
import pytest

from wallflower_sidecar import __version__
from wallflower_sidecar.cli.common import Commands, debug_option
from wallflower_sidecar.domain.errors import WallflowerError

from .conftest import Run


@click.group(cls=Commands)
@debug_option
def failing() -> None: ...


@failing.command()
@click.argument("kind")
@debug_option
def fail(kind: str) -> None:
    errors: dict[str, Exception] = {
        "expected": WallflowerError("The camera is asleep. Wake it."),
        "system": FileNotFoundError(2, "No such file or directory", "/nowhere"),
        "bug": KeyError("rtsp://user:s3cret@h/"),
        "usage": click.UsageError("Not like this."),
    }
    raise errors[kind]


@pytest.mark.parametrize(
    ("kind", "code", "said"),
    [
        ("expected", 1, "Error: The camera is asleep. Wake it.\n"),
        ("system", 1, "Error: /nowhere: No such file or directory.\n"),
        ("bug", 1, "Error: Something unexpected happened (KeyError). Run it again with --debug to see where.\n"),
    ],
)
def test_a_failure_is_one_sentence_and_exit_code_1(kind: str, code: int, said: str) -> None:
    result = CliRunner().invoke(failing, ["fail", kind])
    assert (result.exit_code, result.stderr, result.stdout) == (code, said, "")


@pytest.mark.parametrize("arguments", [["--debug", "fail", "bug"], ["fail", "bug", "--debug"]])
def test_with_debug_the_failure_itself_comes_through(arguments: list[str]) -> None:
    assert isinstance(CliRunner().invoke(failing, arguments).exception, KeyError)


@pytest.mark.parametrize(
    "arguments", [["fail", "usage"], ["fail"], ["nonsense"], ["fail", "x", "--nonsense"], ["fail", "x", "y"]]
)
def test_wrong_usage_is_exit_code_2(arguments: list[str]) -> None:
    assert CliRunner().invoke(failing, arguments).exit_code == 2


@pytest.mark.parametrize("command", ["user", "token"])
def test_commands_of_later_versions_are_unknown(run: Run, command: str) -> None:
    result = run(command)
    assert result.exit_code == 2
    assert "No such command" in result.stderr


def test_the_version(run: Run) -> None:
    result = run("--version")
    assert (result.exit_code, __version__ in result.stdout) == (0, True)


@pytest.mark.parametrize("command", ["serve", "pair", "probe", "transcribe", "models", "doctor"])
def test_every_command_helps(run: Run, command: str) -> None:
    result = run(command, "--help")
    assert result.exit_code == 0
    assert "--debug" in result.stdout


@pytest.mark.parametrize("command", [["serve"], ["pair"], ["transcribe", __file__]])
def test_all_faults_in_the_settings_are_named_at_once(run: Run, data_dir: Path, command: list[str]) -> None:
    data_dir.mkdir()
    (data_dir / "wallflower.toml").write_text('log_format = "xml"\n')
    result = run(*command, port="many", log_level="loud", engine="steam")
    assert result.exit_code == 1
    for name in ("WALLFLOWER_PORT", "WALLFLOWER_LOG_LEVEL", "WALLFLOWER_ENGINE", "log_format in wallflower.toml"):
        assert name in result.stderr
    assert not list(data_dir.glob("*.db"))


def test_unknown_settings_are_warned_about(run: Run) -> None:
    result = run("pair", colour="red")
    assert result.exit_code == 0
    assert "WALLFLOWER_COLOUR" in result.stderr

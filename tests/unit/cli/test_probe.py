"""`wallflower probe`: errors of usage, and a camera that is down."""

import json
import socket

import pytest

from .conftest import Run


@pytest.fixture
def closed_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


@pytest.mark.parametrize("url", ["", "http://h/", "rtsp://", "camera.local", "rtsp://user:s3cret@h:99999/"])
def test_an_address_that_is_none_is_wrong_usage(run: Run, url: str) -> None:
    result = run("probe", url)
    assert result.exit_code == 2
    assert "s3cret" not in result.stderr


def test_a_camera_that_is_down_is_one_sentence(run: Run, closed_port: int) -> None:
    result = run("probe", f"rtsp://user:s3cret@127.0.0.1:{closed_port}/live")
    assert result.exit_code == 1
    assert "refused the connection" in result.stderr
    assert "s3cret" not in result.stderr
    assert result.stdout == ""


def test_the_address_may_come_from_standard_input(run: Run, closed_port: int) -> None:
    result = run("probe", "-", "--json", stdin=f"rtsp://user:s3cret@127.0.0.1:{closed_port}/live\n")
    assert result.exit_code == 1
    assert "refused the connection" in result.stderr
    assert json.dumps(None) not in result.stdout

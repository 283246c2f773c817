"""The moving picture, of a real camera, over a real socket."""

from collections.abc import Callable, Generator
import socket
import time
from typing import Any

import numpy as np
import pytest

from tests.support.clips import Picture, camera_clip
from tests.support.rtsp_camera import FakeCamera
from wallflower_sidecar.api.events import Pace
from wallflower_sidecar.capture.pictures import viewers

from .api_client import LOOPBACK, Api, Background, is_served, running_api
from .picture_reader import PictureReader, watching

WIDTH, HEIGHT = 1280, 720


@pytest.fixture
def camera(background: Background) -> Generator[FakeCamera]:
    """A camera beside the server that all tests share."""
    yield from camera_beside(background)


def camera_beside(background: Background) -> Generator[FakeCamera]:
    """A camera on the loop of a server."""
    clip = camera_clip(None, Picture(width=WIDTH, height=HEIGHT))
    fake = FakeCamera({"porch": clip}, auth=("admin", "s3cret"))
    background.call(fake.__aenter__())
    try:
        yield fake
    finally:
        background.call(fake.__aexit__(None, None, None))


def until(true: Callable[[], object], timeout_s: float = 10.0) -> None:
    """Wait for something."""
    deadline = time.monotonic() + timeout_s
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def exhaust(reader: PictureReader) -> None:
    """Read to the end, which comes soon."""
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        reader.jpeg()


def viewers_of(background: Background) -> viewers.Viewers:
    """Who watches there."""
    return background.service.streams._capture.viewers


def test_pictures_come_as_they_are_made_and_are_kept_by_nobody(
    api: Api, background: Background, camera: FakeCamera, make_stream: Callable[..., str]
) -> None:
    stream = make_stream(url=camera.url("porch"), enabled=True)
    with watching(api, stream, "?width=320&fps=10") as reader:
        headers = reader.response.headers
        assert headers.get_content_type() == "multipart/x-mixed-replace"
        assert headers["Cache-Control"] == "no-store"
        assert headers["X-Content-Type-Options"] == "nosniff"
        images = [reader.image() for _ in range(6)]
        assert {image.shape for image in images} == {(180, 320, 3)}
        assert np.abs(images[0].astype(int) - images[-1]).mean() > 1, "it moves"
        with watching(api, stream) as whole:
            assert whole.image().shape == (HEIGHT, WIDTH, 3)
            assert len(viewers_of(background)) == 2
    until(lambda: len(viewers_of(background)) == 0)


def test_five_a_second_unless_asked_otherwise(api: Api, camera: FakeCamera, make_stream: Callable[..., str]) -> None:
    stream = make_stream(url=camera.url("porch"), enabled=True)
    with watching(api, stream, "?width=320") as reader:
        reader.jpeg()
        began = time.monotonic()
        for _ in range(10):
            reader.jpeg()
        assert 1.5 < time.monotonic() - began < 5


@pytest.mark.parametrize(
    ("query", "paths"),
    [
        ("width=15", ["width"]),
        ("width=7681", ["width"]),
        ("fps=0", ["fps"]),
        ("fps=31", ["fps"]),
        ("fps=-5", ["fps"]),
        ("fps=5.5", ["fps"]),
        ("fps=", ["fps"]),
        ("fps=fast&width=wide", ["width", "fps"]),
        ("fps=5&fps=6", ["fps"]),
        ("height=100", ["height"]),
    ],
)
def test_what_cannot_be_asked_for_is_named(
    api: Api, make_stream: Callable[..., str], query: str, paths: list[str]
) -> None:
    answer = api.ask("GET", f"/streams/{make_stream()}/live.mjpeg?{query}")
    assert (answer.status, sorted(answer.paths)) == (422, sorted(paths))


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_who_may_not_and_what_is_not_there(api: Api, make_stream: Callable[..., str], method: str) -> None:
    assert api.ask(method, "/streams/nobody/live.mjpeg").status == 404
    assert api.ask(method, "/streams/No-Body/live.mjpeg").status == 422
    stranger = api.as_holder_of(None).from_a_new_address()
    assert stranger.ask(method, f"/streams/{make_stream()}/live.mjpeg").status == 401


def test_a_stream_that_is_off_says_so_at_once(api: Api, make_stream: Callable[..., str]) -> None:
    began = time.monotonic()
    answer = api.ask("GET", f"/streams/{make_stream()}/live.mjpeg")
    assert (answer.status, answer.code) == (503, "unavailable")
    assert "switched off" in answer.document["detail"]
    assert time.monotonic() - began < 5


def test_a_camera_that_is_down_is_named_before_anything_is_sent(
    api: Api, camera: FakeCamera, make_stream: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(viewers, "FIRST_S", 2.0)
    stream = make_stream(url=camera.url("porch", password="wrong"), enabled=True)
    answer = api.ask("GET", f"/streams/{stream}/live.mjpeg")
    assert (answer.status, answer.code) == (503, "unavailable")
    assert "user name or password" in answer.document["detail"]
    assert "wrong" not in answer.raw.decode()


def test_head_answers_what_get_would_without_pictures(
    api: Api, background: Background, camera: FakeCamera, make_stream: Callable[..., str]
) -> None:
    stream = make_stream(url=camera.url("porch"), enabled=True)
    answer = api.ask("HEAD", f"/streams/{stream}/live.mjpeg")
    assert answer.status == 200
    assert answer.headers.get_content_type() == "multipart/x-mixed-replace"
    until(lambda: len(viewers_of(background)) == 0)
    assert api.ask("HEAD", f"/streams/{make_stream()}/live.mjpeg").status == 503


def test_a_viewer_too_many_is_refused(
    api: Api, camera: FakeCamera, make_stream: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(viewers, "MOST_VIEWERS", 1)
    stream = make_stream(url=camera.url("porch"), enabled=True)
    with watching(api, stream, "?width=320") as reader:
        refused = api.ask("GET", f"/streams/{stream}/live.mjpeg?width=320")
        assert (refused.status, refused.code) == (503, "unavailable")
        assert reader.jpeg()


def test_a_token_that_is_taken_back_ends_its_pictures(
    api: Api, camera: FakeCamera, make_stream: Callable[..., str]
) -> None:
    stream = make_stream(url=camera.url("porch"), enabled=True)
    token = api.ask("POST", "/tokens", {"name": "tablet", "role": "viewer"}).document
    with watching(api.as_holder_of(token["token"]), stream, "?width=320") as reader:
        assert reader.jpeg()
        assert api.ask("DELETE", f"/tokens/{token['id']}").status == 204
        with pytest.raises(EOFError):
            exhaust(reader)


def test_a_stream_that_is_removed_ends_its_pictures_in_good_order(
    api: Api, camera: FakeCamera, make_stream: Callable[..., str]
) -> None:
    stream = make_stream(url=camera.url("porch"), enabled=True)
    with watching(api, stream, "?width=320") as reader:
        assert reader.jpeg()
        assert api.ask("DELETE", f"/streams/{stream}").status == 204
        with pytest.raises(EOFError):
            exhaust(reader)


def test_who_takes_nothing_is_cut_off_and_delays_nobody(tmp_path: Any) -> None:
    with running_api(tmp_path, pace=Pace(stall_s=1.0)) as (api, background):
        for camera in camera_beside(background):
            api.ask("PUT", "/streams/porch", {"name": "Porch", "url": camera.url("porch")})
            with socket.socket() as sleeper:
                sleeper.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
                sleeper.connect((LOOPBACK, api.port))
                path = "/api/v1/streams/porch/live.mjpeg?fps=15"
                head = f"GET {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {api.token}\r\n\r\n"
                sleeper.sendall(head.encode())
                with watching(api, "porch", "?fps=15") as reader:
                    reader.jpeg()
                    until(lambda: len(viewers_of(background)) == 2)
                    deadline = time.monotonic() + 30
                    while is_served(sleeper):
                        assert time.monotonic() < deadline, "the sleeper was not cut off"
                        assert reader.jpeg()
                    until(lambda: len(viewers_of(background)) == 1)
                    assert reader.jpeg()


def test_who_is_slow_sees_fewer_pictures_and_stays(
    api: Api, background: Background, camera: FakeCamera, make_stream: Callable[..., str]
) -> None:
    stream = make_stream(url=camera.url("porch"), enabled=True)
    with watching(api, stream, "?fps=15", receive_bytes=4096) as reader:
        before = viewers_of(background).dropped
        deadline = time.monotonic() + 30
        while viewers_of(background).dropped < before + 10:
            assert time.monotonic() < deadline, "nothing was dropped"
            assert reader.jpeg()
            time.sleep(0.3)
        assert len(viewers_of(background)) == 1


def test_a_viewer_who_goes_while_the_camera_is_silent_is_noticed(
    api: Api, background: Background, camera: FakeCamera, make_stream: Callable[..., str]
) -> None:
    stream = make_stream(url=camera.url("porch"), enabled=True)
    with watching(api, stream, "?width=320") as reader:
        reader.jpeg()
        background.call(camera.freeze("porch"))
    until(lambda: len(viewers_of(background)) == 0, timeout_s=5)


def test_a_stop_ends_pictures_in_good_order_within_seconds(tmp_path: Any) -> None:
    with running_api(tmp_path) as (api, background):
        for camera in camera_beside(background):
            api.ask("PUT", "/streams/porch", {"name": "Porch", "url": camera.url("porch")})
            api.ask("PUT", "/streams/dark", {"name": "Dark", "url": "rtsp://camera.invalid/live"})
            with watching(api, "porch") as reader, socket.create_connection((LOOPBACK, api.port)) as waiting:
                head = f"GET /api/v1/streams/dark/live.mjpeg HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {api.token}"
                waiting.sendall(f"{head}\r\n\r\n".encode())
                reader.jpeg()
                until(lambda: len(viewers_of(background)) == 2)
                began = time.monotonic()
                background.stop()
                assert time.monotonic() - began < 9
                with pytest.raises(EOFError):
                    exhaust(reader)
                assert waiting.recv(65536).startswith(b"HTTP/1.1 503 ")

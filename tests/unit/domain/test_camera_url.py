"""Camera addresses: what is refused, what is shown, and what the mask stands for."""

import pytest

from wallflower_sidecar.domain.camera_url import CameraUrl, mask
from wallflower_sidecar.domain.errors import FieldError


@pytest.mark.parametrize(
    ("text", "host", "port"),
    [
        ("rtsp://cam/live", "cam", 554),
        ("rtsps://cam/live", "cam", 322),
        ("rtsp://10.0.0.4:8554/a?b=c", "10.0.0.4", 8554),
        ("rtsp://[fe80::1]:554/a", "fe80::1", 554),
        ("RTSP://Porch.lan/1", "porch.lan", 554),
    ],
)
def test_host_and_port_are_found(text: str, host: str, port: int) -> None:
    url = CameraUrl.parse(text)

    assert (url.host, url.port) == (host, port)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "cam/live",
        "http://cam/live",
        "file:///etc/passwd",
        "concat:rtsp://cam|rtsp://cam",
        "rtsp://",
        "rtsp:///path",
        "rtsp://cam:0/",
        "rtsp://cam:70000/",
        "rtsp://cam:abc/",
        "rtsp://cam/a b",
        "rtsp://cam/\n",
        "rtsp://cam/\x00",
        "rtsp://c\u2028am/",
        "rtsp://" + "a" * 3000,
        "rtsp://user:pa#ss@cam/",
    ],
)
def test_anything_else_is_refused_without_being_repeated(text: str) -> None:
    with pytest.raises(FieldError) as refused:
        CameraUrl.parse(text)

    assert refused.value.path == "url"
    assert "cam" not in str(refused.value).replace("camera", "")


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("rtsp://u:secret@cam/1", "rtsp://u:***@cam/1"),
        ("rtsp://u:se@cret@cam:5/1?x#y", "rtsp://u:***@cam:5/1?x#y"),
        ("rtsp://:secret@cam/", "rtsp://:***@cam/"),
        ("rtsp://u@cam/", "rtsp://u@cam/"),
        ("rtsp://cam/", "rtsp://cam/"),
        ("not an address secret", "***"),
    ],
)
def test_a_password_is_never_shown(text: str, shown: str) -> None:
    assert mask(text) == shown


def test_the_mask_stands_for_the_stored_password() -> None:
    stored = CameraUrl.parse("rtsp://u:secret@cam:8554/old")

    given = CameraUrl.parse("rtsp://u:***@cam:8554/new").unmasked(stored)

    assert given.text == "rtsp://u:secret@cam:8554/new"


@pytest.mark.parametrize("text", ["rtsp://v:***@cam/", "rtsp://u:***@other/", "rtsp://u:***@cam:555/"])
def test_the_mask_is_refused_once_user_host_or_port_changed(text: str) -> None:
    stored = CameraUrl.parse("rtsp://u:secret@cam/")

    with pytest.raises(FieldError, match="given again"):
        CameraUrl.parse(text).unmasked(stored)


def test_the_mask_is_refused_where_no_password_is_stored() -> None:
    with pytest.raises(FieldError, match="no stored password"):
        CameraUrl.parse("rtsp://u:***@cam/").unmasked(None)

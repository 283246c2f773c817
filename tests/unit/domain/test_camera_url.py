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
        ("rtsp://[::1]/a", "::1", 554),
        ("rtsp://[FE80:0::1%25eth0]/a", "fe80::1%eth0", 554),
        ("rtsp://[fe80::1%eth0]:8554/a", "fe80::1%eth0", 8554),
        ("rtsp://münchen.example/a", "xn--mnchen-3ya.example", 554),
        ("rtsp://cam_1.lan:65535", "cam_1.lan", 65535),
        ("rtsp://u:p@ss@cam/", "cam", 554),
        ("rtsp://u:p:a@ss:1@cam:8554/", "cam", 8554),
        ("rtsp://cam:554/@x", "cam", 554),
        ("rtsp://cam:554/live?user=a@b.c", "cam", 554),
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
        "rtsp://user:12/34@cam/live",
        "rtsp://user:12?34@cam/live",
        "rtsp://user:@pa/ss@cam",
        "rtsp://cam:65536/",
        "rtsp://cam:-1/",
        "rtsp://cam:/" + "a" * 10_000,
        "rtsp://:554/cam",
        "rtsp://user:pass@/cam",
        "rtsp://[cam]/",
        "rtsp://[v1.cam]/",
        "rtsp://[::1/cam",
        "rtsp://[::1]cam/",
        "rtsp://[::g]/cam",
        "rtsp://[fe80::1%]/cam",
        "rtsp://[fe80::1%25a%25cam]/",
        "rtsp://::1/cam",
        "rtsp://cam\\evil/",
        "rtsp://ca|m/",
        "rtsp://cam$(id)/",
        "rtsp://-i%20cam/",
        "rtsp://cam/x -i y",
        "rtsp://cam/x\t",
        "rtsp://cam/\r\nCSeq: 1",
        "rtsp://cam/%00",
        "rtsp://cam/%0d%0aX: y",
        "rtsp://u:p%0Aq@cam/",
        "rtsp://u%7f@cam/",
        "rtsp://us%3Aer:p@cam/",
        "rtsp://cam/\u202egpj",
        "rtsp://cam/\u200b",
        "rtsp://cam/\ufeff",
        "rtsp://cam/\u3000",
        "rtsp://cam/\ud800",
        "rtsp://ca\u2100m/",
        "rtsp://" + "ä" * 70 + ".cam/",
        "rtsp://u:" + "p" * 126 + "@cam/",
        "rtsp://u:" + "ä" * 21 + "@cam/",
        "rtsp:/cam/",
        "rtsp:cam",
        "//cam/",
        "rtspu://cam/",
        "rtmp://cam/",
        "tcp://cam/",
        "ffrtsp://cam/",
        "concat:file:///etc/passwd|rtsp://cam",
        "subfile,,start,0,end,0,,:/etc/cam",
        "data:text/plain,cam",
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


@pytest.mark.parametrize(
    ("text", "login"),
    [
        ("rtsp://cam/", ""),
        ("rtsp://u@cam/", "u:"),
        ("rtsp://u:p@ss@cam/", "u:p%40ss"),
        ("rtsp://u:p%40ss@cam/", "u:p%40ss"),
        ("rtsp://u:p:a&b=c;d@cam/", "u:p%3Aa%26b%3Dc%3Bd"),
        ("rtsp://u:p%2Fw%23d%3F@cam/", "u:p%2Fw%23d%3F"),
        ("rtsp://u:100%@cam/", "u:100%25"),
        ("rtsp://u:pä@cam/", "u:p%C3%A4"),
        ("rtsp://u:p%ff@cam/", "u:p%FF"),
        ("rtsp://u:p\\w@cam/", "u:p%5Cw"),
        ("rtsp://:p@cam/", ":p"),
        ("rtsp://other\\@cam/", "other%5C:"),
        ("rtsp://u:" + "p" * 125 + "@cam/", "u:" + "p" * 125),
    ],
)
def test_credentials_are_encoded_where_they_might_mean_something_else(text: str, login: str) -> None:
    assert CameraUrl.parse(text).login == login


@pytest.mark.parametrize(
    ("text", "request_"),
    [
        ("rtsp://cam", ""),
        ("rtsp://cam/cam/realmonitor?channel=1&subtype=0#x", "/cam/realmonitor?channel=1&subtype=0#x"),
        ("rtsp://cam/a%20b/ü", "/a%20b/%C3%BC"),
        ('rtsp://cam/"x"\\y|z', "/%22x%22%5Cy%7Cz"),
        ("rtsp://cam/user=a_password=b_c.sdp", "/user=a_password=b_c.sdp"),
    ],
)
def test_the_camera_is_asked_for_what_was_given(text: str, request_: str) -> None:
    assert CameraUrl.parse(text).request == request_

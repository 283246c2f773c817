"""The sidecar's address as people write it."""

import pytest

from custom_components.wallflower.server_address import normalise


@pytest.mark.parametrize(
    ("typed", "url"),
    [
        ("sidecar.test", "http://sidecar.test:8953"),
        (" 192.168.1.5 ", "http://192.168.1.5:8953"),
        ("sidecar.test:9000", "http://sidecar.test:9000"),
        ("http://sidecar.test", "http://sidecar.test:8953"),
        ("http://sidecar.test:80/", "http://sidecar.test:80"),
        ("https://sidecar.test", "https://sidecar.test"),
        ("https://proxy.test/wallflower/", "https://proxy.test/wallflower"),
        ("http://sidecar.test:8953/api/v1", "http://sidecar.test:8953"),
        ("::1", "http://[::1]:8953"),
        ("[::1]:9000", "http://[::1]:9000"),
        ("HTTP://Sidecar.Test", "http://sidecar.test:8953"),
    ],
)
def test_addresses_as_people_write_them(typed: str, url: str) -> None:
    assert normalise(typed) == url
    assert normalise(url) == url


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "   ",
        "http://",
        "ftp://sidecar.test",
        "rtsp://camera.test",
        "user:secret@sidecar.test",
        "http://sidecar.test?x=1",
        "http://sidecar.test#x",
        "side car",
        "sidecar.test:0",
        "sidecar.test:99999",
        "sidecar.test:port",
        "http://[::1",
    ],
)
def test_what_is_no_address(typed: str) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        normalise(typed)

"""Credentials in paths and queries: found, masked, and put back."""

import pytest

from wallflower_sidecar.domain.camera_secrets import is_masked, masked, unmasked
from wallflower_sidecar.domain.camera_url import CameraUrl, mask
from wallflower_sidecar.domain.errors import FieldError
from wallflower_sidecar.domain.random_text import looks_random


@pytest.mark.parametrize(
    ("location", "shown"),
    [
        ("/live?user=admin&password=s3cret", "/live?user=admin&password=***"),
        ("/live?user=admin&Password=s3c/r?et&channel=1", "/live?user=admin&Password=***&channel=1"),
        (
            "/user=admin_password=tlJwpbo6_channel=1_stream=0.sdp?real_stream",
            "/user=admin_password=***_channel=1_stream=0.sdp?real_stream",
        ),
        ("/user=admin&password=s_3&channel=1&stream=0.sdp?", "/user=admin&password=***&channel=1&stream=0.sdp?"),
        ("/live?token=eyJ0.e/y_x=1-z==&x=1", "/live?token=***&x=1"),
        ("/live?access_token=abc;auth=YWRtaW46cHc=", "/live?access_token=***;auth=***"),
        ("/live?a=1&auth=YWRtaW46cHc=", "/live?a=1&auth=***"),
        ("/cam?loginuse=admin&loginpas=x&pwd=y&pw=z", "/cam?loginuse=admin&loginpas=***&pwd=***&pw=***"),
        ("/cam?apikey=1&api_key=2&key=3&monkey=4", "/cam?apikey=***&api_key=***&key=***&monkey=4"),
        ("/token=abc/live", "/token=***/live"),
        ("/Streaming/Channels/101?transportmode=unicast", "/Streaming/Channels/101?transportmode=unicast"),
        ("/cam/realmonitor?channel=1&subtype=0&authbasic=64", "/cam/realmonitor?channel=1&subtype=0&authbasic=***"),
        ("/passage/password", "/passage/password"),
        ("/live?password=", "/live?password="),
        ("", ""),
        (
            "/live?authkey=a&streamkey=b&secretkey=c&accesskey=d",
            "/live?authkey=***&streamkey=***&secretkey=***&accesskey=***",
        ),
        ("/live?passcode=a&pin=1&pinCode=2&jwt=b.c.d&otp=3", "/live?passcode=***&pin=***&pinCode=***&jwt=***&otp=***"),
        ("/live?sig=a&signature=b&sign=c&hash=d&digest=e", "/live?sig=***&signature=***&sign=***&hash=***&digest=***"),
        ("/live?session=a&sessionId=b&sid=c&credentials=d", "/live?session=***&sessionId=***&sid=***&credentials=***"),
        (
            "/live?spin=1&ping=2&aside=3&codec=4&design=5&compact=6",
            "/live?spin=1&ping=2&aside=3&codec=4&design=5&compact=6",
        ),
        ("/5nPr7RCmueGTKMP7?enableSrtp", "/***?enableSrtp"),
        ("/live/550e8400-e29b-41d4-a716-446655440000/1", "/live/***/1"),
        ("/d41d8cd98f00b204e9800998ecf8427e#x;y/z", "/***#x;y/z"),
        ("/live?d41d8cd98f00b204e9800998ecf8427e", "/live?***"),
        ("/live?id=5nPr7RCmueGTKMP7&channel=1", "/live?id=***&channel=1"),
    ],
)
def test_what_a_secret_is_called_shows_where_it_is(location: str, shown: str) -> None:
    assert masked(location) == shown
    assert is_masked(shown) == ("***" in shown)


def test_masks_are_filled_by_name_and_order() -> None:
    stored = "/old?password=one&token=two&password=three"
    assert (
        unmasked("/new?token=***&password=***&x=1&password=4", stored) == "/new?token=two&password=one&x=1&password=4"
    )
    assert unmasked("/new?password=***&password=***", stored) == "/new?password=one&password=three"
    assert unmasked("/new?pwd=***", stored) is None
    assert unmasked("/new?password=***&password=***&password=***", stored) is None


def test_keys_without_a_name_are_filled_by_their_order() -> None:
    stored = "/5nPr7RCmueGTKMP7/live/d41d8cd98f00b204e9800998ecf8427e?id=aB3dE5gH7jK9mN1p"
    assert masked(stored) == "/***/live/***?id=***"
    assert unmasked(masked(stored), stored) == stored
    assert unmasked("/new/***?id=***", stored) == "/new/5nPr7RCmueGTKMP7?id=aB3dE5gH7jK9mN1p"
    assert unmasked("/***/***/***", stored) is None
    assert unmasked("/live?token=***", stored) is None


@pytest.mark.parametrize(
    "name",
    [
        "h264Preview_01_main",
        "h265Preview_01_autotrack",
        "main_stream_1080p",
        "videoSub_h264_1080p25fps",
        "front_door_camera_2",
        "livechannel1stream0",
        "profile1channel2stream3",
        "user-stream-2024-01-02",
        "MediaInputH264Stream1",
        "Streaming_Channels_101",
        "living-room-camera-2-hd",
        "1234567890123456",
        "20261122T070000Z",
        "VideoEncoderConfiguration1",
    ],
)
def test_names_that_people_and_makers_give_are_shown(name: str) -> None:
    assert not looks_random(name)


@pytest.mark.parametrize(
    "key",
    [
        "5nPr7RCmueGTKMP7",
        "aB3dE5gH7jK9mN1p",
        "0123456789abcdef",
        "q7Zk-2mVb9XtR4nLs8Wd",
        "k3v9x2m7q1z8w4t6",
        "SGVsbG8xMjM0NTY3OA==",
    ],
)
def test_keys_that_machines_make_are_not(key: str) -> None:
    assert looks_random(key)


def test_a_long_hostile_address_is_masked_in_no_time() -> None:
    for part in ("password_", "a1", "_a=", "aB1-", "/"):
        text = "rtsp://h/" + part * (2000 // len(part))
        assert mask(text) in (text, "rtsp://h/***")


STORED = CameraUrl.parse("rtsp://u:secret@cam:8554/live?password=inner&channel=1")


def test_an_address_masks_and_takes_back_both_kinds() -> None:
    assert STORED.masked == "rtsp://u:***@cam:8554/live?password=***&channel=1"
    assert CameraUrl.parse(STORED.masked).unmasked(STORED) == STORED
    changed = CameraUrl.parse("rtsp://u:new@cam:8554/live?password=***&channel=2").unmasked(STORED)
    assert changed.text == "rtsp://u:new@cam:8554/live?password=inner&channel=2"


@pytest.mark.parametrize(
    "text",
    [
        "rtsp://u:x@other:8554/live?password=***",
        "rtsp://u:x@cam/live?password=***",
        "rtsp://v:x@cam:8554/live?password=***",
        "rtsp://u:x@cam:8554/live?token=***",
        "rtsp://u:x@cam:8554/live?password=***&password=***",
    ],
)
def test_a_mask_is_refused_where_it_would_tell_somebody_else(text: str) -> None:
    with pytest.raises(FieldError) as refused:
        CameraUrl.parse(text).unmasked(STORED)
    assert "inner" not in str(refused.value)


def test_a_mask_is_refused_where_nothing_is_stored() -> None:
    with pytest.raises(FieldError, match="no stored"):
        CameraUrl.parse("rtsp://cam/?pwd=***").unmasked(None)

"""Cameras that are down, wrong, silent or half there, on loopback: each fault has its name and its way back."""

import asyncio
import socket
import time

import cv2
import numpy as np
import pytest

from tests.faults.tls_front import tls_front
from tests.support.clips import Picture, camera_clip
from tests.support.ports import LOOPBACK, free_port
from tests.support.rtsp_camera import FakeCamera
from tests.support.waiting import eventually
from wallflower_sidecar.capture.pictures import snapshots
from wallflower_sidecar.domain.errors import CaptureError, FieldError, NotFoundError, UnavailableError
from wallflower_sidecar.domain.streams import StreamState, Transport

pytestmark = pytest.mark.faults


async def test_a_healthy_camera_streams_and_says_what_it_has(rig, camera):
    rig.add("porch", camera.url("porch"))
    await rig.streaming("porch")
    status = await eventually(lambda: rig.status("porch") if rig.status("porch").audio.level_dbfs is not None else None)
    assert rig.record.states("porch") == [StreamState.RESOLVING, StreamState.CONNECTING, StreamState.STREAMING]
    assert (status.video.codec, status.video.width, status.video.height, status.video.fps) == ("h264", 320, 180, 15.0)
    assert (status.audio.codec, status.audio.sample_rate) == ("aac", 16_000)
    assert -100 <= status.audio.level_dbfs <= 0
    assert status.error is None
    assert camera.counters("porch").plays_now == 1, "one session for picture and sound"


@pytest.mark.parametrize(
    ("fault", "code", "state"),
    [
        ("refused", "connection_refused", StreamState.BACKOFF),
        ("wrong password", "auth_failed", StreamState.AUTH_FAILED),
        ("no password", "auth_failed", StreamState.AUTH_FAILED),
        ("forbidden", "auth_failed", StreamState.AUTH_FAILED),
        ("unknown path", "not_found", StreamState.BACKOFF),
        ("web server", "not_rtsp", StreamState.BACKOFF),
        ("unknown name", "dns_failed", StreamState.BACKOFF),
        ("silent peer", "connect_timeout", StreamState.BACKOFF),
        ("busy", "connection_refused", StreamState.BACKOFF),
    ],
)
async def test_what_keeps_a_camera_from_opening_has_its_name(rig, camera, fault, code, state, caplog):
    url = camera.url("porch")
    match fault:
        case "refused":
            url = f"rtsp://admin:s3cr3t-pass@{LOOPBACK}:{free_port()}/porch"
        case "wrong password":
            url = camera.url("porch", password="wr0ng-pass")
        case "no password":
            url = camera.url("porch", user="")
        case "forbidden":
            await camera.status("porch", 403)
        case "unknown path":
            url = camera.url("nowhere")
        case "web server":
            await camera.html("porch")
        case "unknown name":
            url = "rtsp://admin:s3cr3t-pass@does-not-exist.invalid/porch"
        case "silent peer":
            await camera.silent("porch")
        case "busy":
            await camera.status("porch", 503)
    rig.add("porch", url)
    error = await rig.until_error("porch", code)
    status = rig.status("porch")
    assert status.state in (state, StreamState.RESOLVING, StreamState.CONNECTING)
    told = next(entry for _, entry in rig.record.changes if entry.state is state)
    assert told.next_retry_at is not None
    assert told.error == error
    assert "pass" not in caplog.text
    assert "-pass" not in repr(rig.record.changes)


async def test_a_host_without_any_listener_that_swallows_packets_times_out_within_its_deadline(rig):
    with socket.create_server((LOOPBACK, 0), backlog=0) as full:
        fillers = [socket.socket() for _ in range(3)]
        for filler in fillers:
            filler.setblocking(False)
            filler.connect_ex(full.getsockname())
        rig.add("porch", f"rtsp://{LOOPBACK}:{full.getsockname()[1]}/")
        await rig.until_error("porch", "connect_timeout", timeout_s=25)
        for filler in fillers:
            filler.close()


async def test_a_camera_that_is_back_is_found_again(rig, camera):
    rig.add("porch", camera.url("porch"))
    await rig.streaming("porch")
    await camera.refuse()
    await rig.until_error("porch", "eof")
    await rig.until_error("porch", "connection_refused")
    await camera.listen()
    rig.capture.restart("porch")
    await rig.streaming("porch")
    assert rig.status("porch").error is None
    assert rig.record.recovered == ["porch"]


async def test_a_dropped_connection_is_an_eof_and_back_by_itself(rig, camera):
    rig.add("porch", camera.url("porch"))
    await rig.streaming("porch")
    await camera.drop("porch")
    await rig.until_error("porch", "eof", timeout_s=2)
    await rig.streaming("porch")
    assert rig.status("porch").reconnects == 1


async def test_a_frozen_camera_is_stalled_after_five_seconds_and_back_once_it_thaws(rig, camera):
    rig.add("porch", camera.url("porch"))
    await rig.streaming("porch")
    frozen = time.monotonic()
    await camera.freeze("porch")
    await rig.until_error("porch", "stalled", timeout_s=7)
    assert time.monotonic() - frozen > 4
    assert StreamState.STALLED in rig.record.states("porch")
    await camera.heal("porch")
    await rig.streaming("porch", timeout_s=15)
    assert rig.status("porch").reconnects == 1


async def test_a_frozen_camera_does_not_hold_up_a_restart_or_a_removal(rig, camera):
    rig.add("porch", camera.url("porch"))
    await rig.streaming("porch")
    await camera.freeze("porch")
    began = time.monotonic()
    rig.capture.restart("porch")
    await rig.until("porch", StreamState.CONNECTING, timeout_s=3)
    await rig.capture.remove_stream("porch")
    assert time.monotonic() - began < 6
    with pytest.raises(NotFoundError):
        rig.status("porch")


@pytest.mark.parametrize(("source", "code"), [("mute", "no_audio"), ("blind", "no_video")])
async def test_half_a_camera_is_degraded_and_stays(rig, camera, source, code):
    rig.add(source, camera.url(source))
    status = await rig.until(source, StreamState.DEGRADED)
    assert status.error.code == code
    assert (status.audio is None, status.video is None) == (source == "mute", source == "blind")
    if source == "blind":
        await eventually(lambda: rig.record.utterances, timeout_s=15)
        with pytest.raises(UnavailableError):
            await rig.capture.snapshot(source)
    else:
        assert (await rig.capture.snapshot(source)).startswith(b"\xff\xd8")
    assert rig.record.states(source).count(StreamState.DEGRADED) == 1


async def test_garbage_is_a_corrupt_stream_and_forgotten_once_it_ends(rig, camera):
    rig.add("porch", camera.url("porch"))
    await rig.streaming("porch")
    await camera.garbage("porch")
    await rig.until_error("porch", "corrupt_stream")
    await camera.heal("porch")
    rig.capture.restart("porch")
    await rig.streaming("porch")


@pytest.mark.parametrize(("before", "after"), [("h264", "h265"), ("h265", "h264")])
async def test_another_codec_in_mid_session_starts_a_new_session(rig, talk, before, after):
    first, second = (camera_clip(talk, Picture(codec=codec, width=320, height=180)) for codec in (before, after))
    async with FakeCamera({"porch": first}) as camera:
        rig.add("porch", camera.url("porch"))
        await rig.streaming("porch")
        await camera.swap("porch", second)
        await rig.until_error("porch", "codec_changed")
        expected = {"h264": "h264", "h265": "hevc"}[after]
        await eventually(lambda: rig.status("porch").video.codec == expected, timeout_s=10)


@pytest.mark.parametrize(("only", "transport"), [("tcp", Transport.TCP), ("udp", Transport.UDP)])
async def test_a_camera_with_one_transport_is_found_by_auto(rig, clip, only, transport):
    async with FakeCamera({"porch": clip}, lower_transports=(only,)) as camera:
        assert (await rig.capture.probe(camera.url("porch"))).transport is transport
        rig.add("porch", camera.url("porch"))
        await rig.streaming("porch")
        before = camera.counters("porch").describes
        rig.capture.restart("porch")
        await rig.until("porch", StreamState.CONNECTING)
        await rig.streaming("porch")
        assert camera.counters("porch").describes == before + 1, "what worked is tried first"


async def test_basic_credentials_work_too(rig, clip):
    async with FakeCamera({"porch": clip}, auth=("admin", "p@ss/w:rd"), scheme="basic") as camera:
        rig.add("porch", camera.url("porch"))
        await rig.streaming("porch")


async def test_a_camera_behind_tls_is_opened_although_it_signed_its_certificate_itself(rig, camera, tmp_path):
    async with tls_front(camera.port, tmp_path) as port:
        rig.add("porch", camera.url("porch").replace("rtsp://", "rtsps://").replace(str(camera.port), str(port)))
        await rig.streaming("porch")
        await rig.capture.remove_stream("porch")


async def test_disabling_leaves_the_camera_and_enabling_returns(rig, camera):
    rig.add("porch", camera.url("porch"))
    await rig.streaming("porch")
    rig.add("porch", camera.url("porch"), enabled=False)
    await rig.until("porch", StreamState.IDLE)
    assert camera.counters("porch").plays_now == 0
    rig.add("porch", camera.url("porch"))
    await rig.streaming("porch")
    assert rig.status("porch").reconnects == 0


async def test_a_snapshot_is_a_jpeg_of_the_asked_width_and_shared_by_those_who_ask_together(rig, camera):
    rig.add("porch", camera.url("porch"))
    pictures = await asyncio.gather(*(rig.capture.snapshot("porch", 160) for _ in range(5)))
    assert all(picture is pictures[0] for picture in pictures)
    image = cv2.imdecode(np.frombuffer(pictures[0], np.uint8), cv2.IMREAD_COLOR)
    assert image.shape == (90, 160, 3)
    with pytest.raises(NotFoundError):
        await rig.capture.snapshot("nowhere")


async def test_a_snapshot_of_a_camera_that_is_down_is_unavailable_after_its_deadline(rig, monkeypatch):
    monkeypatch.setattr(snapshots, "TIMEOUT_S", 1.0)
    rig.add("porch", f"rtsp://{LOOPBACK}:{free_port()}/")
    with pytest.raises(UnavailableError, match="refused the connection"):
        await rig.capture.snapshot("porch")


async def test_stills_that_were_given_up_take_no_room_from_other_cameras(rig, camera, monkeypatch):
    monkeypatch.setattr(snapshots, "TIMEOUT_S", 3.0)
    await camera.withhold("porch", "video")
    rig.add("porch", camera.url("porch"))
    await rig.streaming("porch")
    given_up = await asyncio.gather(
        *(rig.capture.snapshot("porch", 100 + number) for number in range(70)), return_exceptions=True
    )
    assert {type(answer) for answer in given_up} == {UnavailableError}
    monkeypatch.setattr(snapshots, "TIMEOUT_S", 10.0)
    rig.add("mute", camera.url("mute"))
    assert (await rig.capture.snapshot("mute")).startswith(b"\xff\xd8")


async def test_probe_says_what_a_camera_offers_or_why_not(rig, camera):
    found = await rig.capture.probe(camera.url("porch"))
    assert (found.video.codec, found.audio.codec, found.transport) == ("h264", "aac", Transport.TCP)
    assert -100 <= found.audio.level_dbfs <= 0
    assert (await rig.capture.probe(camera.url("mute"))).audio is None
    for url, code in ((camera.url("porch", password="wr0ng"), "auth_failed"), (camera.url("nowhere"), "not_found")):
        with pytest.raises(CaptureError) as caught:
            await rig.capture.probe(url)
        assert caught.value.code.value == code
    with pytest.raises(FieldError):
        await rig.capture.probe("http://camera/")
    assert camera.counters("porch").plays_now == 0


async def test_a_cancelled_probe_ends_at_once_and_leaves_the_camera(rig, camera):
    await camera.slow("porch", 1.0)
    task = asyncio.create_task(rig.capture.probe(camera.url("porch")))
    await eventually(lambda: camera.counters("porch").describes)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await eventually(lambda: camera.counters("porch").plays_now == 0, timeout_s=10)

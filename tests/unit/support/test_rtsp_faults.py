"""The camera's faults, packet by packet."""

import asyncio
from pathlib import Path

import pytest

from tests.support.rtsp_camera import FakeCamera

from .rtsp_client import RtspClient

pytestmark = pytest.mark.usefixtures("leak_check")

VIDEO, AUDIO = 0, 2


async def test_freeze_stops_the_packets_but_not_the_answers_and_thaw_starts_them(clip: Path) -> None:
    async with FakeCamera({"porch": clip}) as camera, RtspClient(camera.url("porch")) as client:
        await client.play(0, 1)
        before = (await client.listen(3, AUDIO))[-1]
        await camera.freeze("porch")
        while (await client.ask("GET_PARAMETER")).status == 200 and client.packets[-1] != before:
            before = client.packets[-1]
        await asyncio.sleep(0.5)
        answered = await client.ask("OPTIONS")
        held = client.packets[-1]
        await camera.thaw("porch")
        first = (await client.listen(1, AUDIO))[0]

    assert answered.status == 200
    assert held == before
    lost = [packet for packet in client.packets if packet.channel == AUDIO][-2]
    assert (first.sequence - lost.sequence) % 65536 > 4


async def test_garbage_keeps_the_headers_and_nothing_else(pcm_clip: Path) -> None:
    async with FakeCamera({"porch": pcm_clip}) as camera, RtspClient(camera.url("porch")) as client:
        real = {payload for burst in camera._sources["porch"].stream.clip.bursts for _, payload in burst.packets}
        await client.play(1)
        good = await client.listen(5, AUDIO)
        await camera.garbage("porch")
        bad = await client.listen(8, AUDIO)
        await camera.garbage("porch", on=False)
        again = await client.listen(8, AUDIO)

    assert all(packet.payload in real for packet in good)
    assert bad[-1].payload not in real
    assert {packet.payload_type for packet in bad} == {0}
    assert again[-1].payload in real


@pytest.mark.parametrize("code", [401, 404, 453, 503])
async def test_a_status_is_answered_until_it_is_taken_back(code: int, clip: Path) -> None:
    async with FakeCamera({"porch": clip}) as camera, RtspClient(camera.url("porch")) as client:
        await camera.status("porch", code)
        faulty = await client.ask("DESCRIBE")
        await camera.status("porch", None)
        right = await client.ask("DESCRIBE")

    assert (faulty.status, "www-authenticate" in faulty.headers) == (code, code == 401)
    assert right.status == 200
    assert "m=audio" in right.body


async def test_a_silent_peer_takes_the_request_and_never_answers(clip: Path) -> None:
    async with FakeCamera({"porch": clip}) as camera, RtspClient(camera.url("porch")) as client:
        await camera.silent("porch")
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.4):
                await client.ask("OPTIONS")


async def test_a_slow_camera_answers_late(clip: Path) -> None:
    async with FakeCamera({"porch": clip}) as camera, RtspClient(camera.url("porch")) as client:
        await camera.slow("porch", 0.4)
        asked = asyncio.get_running_loop().time()
        await client.ask("OPTIONS")

    assert asyncio.get_running_loop().time() - asked >= 0.4


async def test_faults_of_one_source_leave_the_other_alone_and_heal_takes_them_back(clip: Path) -> None:
    async with FakeCamera({"porch": clip, "pool": clip}) as camera:
        await camera.status("porch", 503)
        await camera.silent("porch")
        async with RtspClient(camera.url("pool")) as client:
            other = await client.ask("DESCRIBE")
        await camera.heal("porch")
        async with RtspClient(camera.url("porch")) as client:
            healed = await client.ask("DESCRIBE")

    assert (other.status, healed.status) == (200, 200)


async def test_refusing_resets_those_who_play(clip: Path) -> None:
    async with FakeCamera({"porch": clip}) as camera, RtspClient(camera.url("porch")) as client:
        await client.play(1)
        await camera.refuse()
        with pytest.raises((ConnectionError, EOFError)):
            await client.listen(1000, AUDIO)


async def test_a_limited_camera_refuses_the_second_session(clip: Path) -> None:
    async with FakeCamera({"porch": clip}) as camera:
        await camera.limit("porch", 1)
        async with RtspClient(camera.url("porch")) as first, RtspClient(camera.url("porch")) as second:
            await first.play(0, 1)
            refused = await second.ask("SETUP", "/trackID=0", Transport="RTP/AVP/TCP;interleaved=0-1")

    assert refused.status == 453


async def test_a_camera_without_audio_only_refuses_to_play_the_sound_alone(clip: Path) -> None:
    async with FakeCamera({"porch": clip}) as camera:
        await camera.whole_only("porch")
        async with RtspClient(camera.url("porch")) as client:
            alone = await client.play(1)
        async with RtspClient(camera.url("porch")) as client:
            whole = await client.play(0, 1)

    assert (alone.status, whole.status) == (455, 200)


async def test_a_transport_that_the_camera_has_not_is_refused(clip: Path) -> None:
    async with (
        FakeCamera({"porch": clip}, lower_transports=("udp",)) as camera,
        RtspClient(camera.url("porch")) as client,
    ):
        tcp = await client.ask("SETUP", "/trackID=0", Transport="RTP/AVP/TCP;unicast;interleaved=0-1")
        udp = await client.ask("SETUP", "/trackID=0", Transport="RTP/AVP;unicast;client_port=50000-50001")

    assert (tcp.status, udp.status) == (461, 200)


async def test_what_is_no_request_ends_the_connection_and_not_the_camera(clip: Path) -> None:
    async with FakeCamera({"porch": clip}) as camera:
        reader, writer = await asyncio.open_connection("127.0.0.1", camera.port)
        writer.write(b"\x16\x03\x01 rubbish\r\n\r\n")
        ended = await asyncio.wait_for(reader.read(), 2)
        writer.close()
        async with RtspClient(camera.url("porch")) as client:
            answered = await client.ask("DESCRIBE")

    assert ended == b""
    assert answered.status == 200

"""What a WhisperLive URL can lead to: each wrong end has one sentence, and heals when what is wrong is put right."""

import asyncio
from dataclasses import replace
import logging

from aiohttp import web
import pytest

from tests.faults.tls_front import tls_front
from tests.support.ports import LOOPBACK, free_port
from tests.support.waiting import eventually
from tests.support.whisperlive_client import ENGLISH, QUICK, become, client, persist
from tests.support.whisperlive_script import TEXTS, Behaviour, ScriptedWhisperLive, spoken
from wallflower_sidecar.domain.errors import TranscriberUnavailableError

pytestmark = pytest.mark.faults

SECRET = "t0k3n-nobody-may-read"


async def fails(url, **options):
    """The sentence of a client that cannot begin, and the code of what it answers."""
    async with client(url, **options) as transcriber:
        await become(transcriber, "failed")
        with pytest.raises(TranscriberUnavailableError) as caught:
            await transcriber.transcribe(spoken(2), ENGLISH)
        assert str(caught.value) == transcriber.info.detail
        assert transcriber.info.detail.endswith(".")
        return caught.value.code, transcriber.info.detail


@pytest.mark.parametrize("url", ["porch", "http//x", "ws://", "ftp://127.0.0.1:1", "ws://host:port", "ws://[::1", ""])
async def test_an_address_that_is_none(url):
    code, sentence = await fails(url)
    assert code == "bad_url"
    assert "ws://192.168.1.5:9090" in sentence


async def test_nothing_listens():
    code, sentence = await fails(f"ws://{LOOPBACK}:{free_port()}")
    assert code == "connection_refused"
    assert "Start it, or check host and port" in sentence


async def test_a_host_name_that_does_not_exist():
    code, sentence = await fails("ws://nobody.invalid:9090")
    assert code == "dns_failed"
    assert "host name in WHISPERLIVE_URL" in sentence


@pytest.mark.parametrize(
    ("status", "expected", "hint"),
    [
        (200, "not_whisperlive", "no WhisperLive server (HTTP 200)"),
        (404, "not_whisperlive", "host, port and path"),
        (403, "unauthorized", "WHISPERLIVE_TOKEN"),
        (429, "rate_limited", "less often"),
        (502, "bad_gateway", "Start it"),
    ],
)
async def test_something_else_answers(status, expected, hint):
    async with ScriptedWhisperLive() as server:
        page = "<html><title>Welcome</title></html>"
        server.answer = lambda request: web.Response(status=status, text=page, content_type="text/html")
        code, sentence = await fails(server.url)
        assert code == expected
        assert hint in sentence
        assert "Welcome" not in sentence


async def test_a_redirect_is_not_followed_and_no_token_goes_there():
    async with ScriptedWhisperLive() as elsewhere, ScriptedWhisperLive() as server:
        server.answer = lambda request: web.Response(status=302, headers={"Location": elsewhere.url + "/x"})
        code, sentence = await fails(server.url, token=SECRET)
        assert code == "redirected"
        assert "final address" in sentence
        assert elsewhere.handshakes == 0


async def test_a_port_that_speaks_something_else():
    async with ScriptedWhisperLive() as server:

        async def greet(reader, writer):
            writer.write(b"220 mail ready\r\n")
            await writer.drain()
            writer.close()

        listener = await asyncio.start_server(greet, LOOPBACK, 0)
        try:
            port = listener.sockets[0].getsockname()[1]
            assert (await fails(f"ws://{LOOPBACK}:{port}"))[0] == "not_whisperlive"
            assert (await fails(f"wss://{LOOPBACK}:{port}"))[0] == "tls"
        finally:
            listener.close()
        assert (await fails(f"wss://{LOOPBACK}:{server.port}"))[0] == "tls"


async def test_a_certificate_that_nobody_trusts(tmp_path):
    async with ScriptedWhisperLive() as server, tls_front(server.port, tmp_path) as port:
        code, sentence = await fails(f"wss://{LOOPBACK}:{port}")
        assert code == "tls"
        assert "certificate" in sentence
        assert server.connections == []


async def test_a_wrong_token_is_named_never_shown_and_tried_again(caplog):
    caplog.set_level(logging.DEBUG)
    async with (
        ScriptedWhisperLive(token="another") as server,
        client(f"{server.url}/?key={SECRET}", token=SECRET) as transcriber,
    ):
        await become(transcriber, "failed")
        assert transcriber.info.detail == "The WhisperLive server refused the token. Check WHISPERLIVE_TOKEN."
        with pytest.raises(TranscriberUnavailableError) as caught:
            await transcriber.transcribe(spoken(2), ENGLISH)
        assert caught.value.code == "unauthorized"
        server.token = SECRET
        await become(transcriber, "ready")
        assert (await transcriber.transcribe(spoken(2), ENGLISH)).text == TEXTS[2]
    assert SECRET not in caplog.text
    assert TEXTS[2] not in caplog.text


async def test_a_token_stands_for_user_and_password_in_the_address(caplog):
    async with ScriptedWhisperLive(token=SECRET) as server:
        address = server.url.replace("ws://", "ws://porch:s3cret-pass@")
        async with client(address, token=SECRET) as transcriber:
            await become(transcriber, "ready")
    assert "s3cret-pass" not in caplog.text


async def test_a_server_that_never_answers_the_handshake():
    async def say_nothing(reader, writer):
        await reader.read()
        writer.close()

    listener = await asyncio.start_server(say_nothing, LOOPBACK, 0)
    try:
        port = listener.sockets[0].getsockname()[1]
        code, sentence = await fails(f"ws://{LOOPBACK}:{port}", limits=replace(QUICK, connect_s=0.3))
        assert code == "timeout"
        assert "does not answer" in sentence
    finally:
        listener.close()


async def test_a_goodbye_before_ready_means_settings():
    async with ScriptedWhisperLive(Behaviour(instead_of_ready=[])) as server, client(server.url) as transcriber:
        await become(transcriber, "failed")
        assert "before it was ready. Check MODEL and LANGUAGE" in transcriber.info.detail
        await become(transcriber, "ready")


async def test_a_server_that_dies_before_ready_is_tried_again_at_once():
    dies = Behaviour(drop_before_ready=True)
    async with ScriptedWhisperLive(dies) as server, client(server.url) as transcriber:
        told = []
        transcriber.subscribe(lambda info: told.append(info.detail or ""))
        await become(transcriber, "ready")
        assert not any("MODEL" in detail for detail in told)
        assert len(server.connections) == 2


async def test_a_model_that_cannot_be_loaded_is_told_in_the_servers_words():
    failed = Behaviour(instead_of_ready=[{"status": "ERROR", "message": "Failed to load model: tinny\x1b[31ml"}])
    async with ScriptedWhisperLive(failed) as server, client(server.url) as transcriber:
        await become(transcriber, "failed")
        assert 'reports an error ("Failed to load model: tinny [31ml"). Check MODEL' in transcriber.info.detail
        assert (await persist(transcriber, spoken(2))).text == TEXTS[2]


async def test_a_model_that_loads_slowly_is_waited_for_and_said():
    limits = replace(QUICK, slow_load_s=0.05)
    async with ScriptedWhisperLive(Behaviour(load_s=1.0)) as server, client(server.url, limits=limits) as transcriber:
        await eventually(lambda: transcriber.info.detail, interval_s=0.005)
        assert (transcriber.info.state, transcriber.info.detail) == (
            "starting",
            "The WhisperLive server is loading its model.",
        )
        await become(transcriber, "ready")
        assert transcriber.info.detail is None
        assert server.handshakes == 1


async def test_a_model_that_never_loads_is_named():
    limits = replace(QUICK, ready_s=0.3)
    async with ScriptedWhisperLive(Behaviour(load_s=60)) as server, client(server.url, limits=limits) as transcriber:
        await become(transcriber, "failed")
        assert "did not load its model within 0 s" in transcriber.info.detail
        await become(transcriber, "ready")


async def test_a_warning_is_logged_and_the_session_used(caplog):
    warned = '{"status": "WARNING", "message": "OpenVINO not supported on Server yet."}'
    async with ScriptedWhisperLive(Behaviour(before_ready=[warned])) as server, client(server.url) as transcriber:
        await become(transcriber, "ready")
        assert server.handshakes == 1
    assert "OpenVINO not supported" in caplog.text


async def test_a_server_of_another_kind_is_told_from_its_first_frames():
    other = Behaviour(before_ready=["hello", "[]", "1", b"\x00\x01", "{", '{"uid": "somebody"}'], load_s=60)
    async with ScriptedWhisperLive(other) as server, client(server.url) as transcriber:
        await become(transcriber, "failed")
        assert transcriber.info.detail.startswith("What answers at WHISPERLIVE_URL is no WhisperLive server.")
        await become(transcriber, "ready")


async def test_the_options_of_a_session_are_those_that_every_server_takes():
    async with ScriptedWhisperLive(token=SECRET) as server:
        async with client(server.url, token=SECRET, model="base", language="xx") as transcriber:
            await become(transcriber, "ready")
            await transcriber.transcribe(spoken(2), ENGLISH)
        first, second = (connection.options for connection in server.connections)
        assert (first["language"], second["language"]) == (None, "en")
        assert first["model"] == "base"
        assert first["use_vad"] is first["word_timestamps"] is True
        assert "hotwords" not in first
        assert SECRET not in str(first)

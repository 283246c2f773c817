"""Secrets planted in every part of an address, and every way in which a camera can fail: nothing tells them."""

import asyncio
import json
import os
import signal

import aiohttp
import psutil
import pytest

from tests.support.clips import Picture, camera_clip
from tests.support.ports import LOOPBACK, free_port
from tests.support.rtsp_camera import FakeCamera
from tests.support.sidecar import TOKEN, Sidecar, sidecar as run_sidecar
from tests.support.waiting import eventually

pytestmark = pytest.mark.faults

MARK = "xyzzy"
USER = f"user-{MARK}"
PASSWORD = f"pass-{MARK}"
CODES = (
    "dns_failed",
    "connection_refused",
    "connect_timeout",
    "auth_failed",
    "not_found",
    "not_rtsp",
    "no_video",
    "no_audio",
    "stalled",
    "eof",
    "codec_changed",
    "corrupt_stream",
    "worker_died",
)
AT_THE_CAMERA = ("connect_timeout", "not_rtsp", "stalled", "eof", "codec_changed", "corrupt_stream", "worker_died")


def key_of(code: str) -> str:
    """What stands in the path of the camera that fails so: random to look at."""
    return f"4kQ{MARK}7Zt2m{CODES.index(code):02}Lw9"


def url_of(code: str, camera: FakeCamera) -> str:
    place = {"dns_failed": "nowhere.invalid", "connection_refused": f"{LOOPBACK}:{free_port()}"}.get(
        code, f"{LOOPBACK}:{camera.port}"
    )
    login = f"{USER}:{'wrong-' if code == 'auth_failed' else ''}{PASSWORD}"
    return f"rtsp://{login}@{place}/{key_of(code)}?token={MARK}&pin={MARK}&x=1"


async def ask(sidecar: Sidecar, method: str, path: str, body: object = None) -> str:
    async with (
        aiohttp.ClientSession(headers={"Authorization": f"Bearer {TOKEN}"}) as session,
        session.request(method, f"{sidecar.url}{path}", json=body) as answer,
    ):
        return await answer.text()


async def test_no_error_of_a_camera_tells_a_secret(clip, talk, tmp_path):
    mute, blind = camera_clip(None, Picture(width=320, height=180)), camera_clip(talk, None)
    other = camera_clip(talk, Picture(codec="h265", width=320, height=180))
    sources = {key_of(code): clip for code in ("auth_failed", *AT_THE_CAMERA)}
    sources |= {key_of("no_audio"): mute, key_of("no_video"): blind}
    log: list[str] = []
    env = {"WALLFLOWER_LOG_LEVEL": "debug"}
    async with (
        FakeCamera(sources, auth=(USER, PASSWORD)) as camera,
        run_sidecar(tmp_path, free_port(), env=env, echo=log.append) as sidecar,
    ):
        urls = {code: url_of(code, camera) for code in CODES}
        await camera.silent(key_of("connect_timeout"))
        await camera.html(key_of("not_rtsp"))
        answers = await asyncio.gather(*(ask(sidecar, "POST", "/api/v1/probe", {"url": url}) for url in urls.values()))
        for code, url in urls.items():
            answers.append(await ask(sidecar, "PUT", f"/api/v1/streams/{code}", {"name": code, "url": url}))

        async def state_of(code):
            return (await sidecar.request("GET", f"/streams/{code}"))["status"]["state"]

        for code in ("stalled", "eof", "codec_changed", "corrupt_stream", "worker_died"):
            await eventually(lambda code=code: is_streaming(state_of, code), timeout_s=20)
        await camera.freeze(key_of("stalled"))
        await camera.drop(key_of("eof"))
        await camera.swap(key_of("codec_changed"), other)
        await camera.garbage(key_of("corrupt_stream"))
        processes = [psutil.Process(sidecar.process.pid), *psutil.Process(sidecar.process.pid).children(recursive=True)]
        titles = [" ".join(process.cmdline()) + repr(process.environ()) for process in processes]

        async def told(code):
            errors = json.loads(await ask(sidecar, "GET", f"/api/v1/streams/{code}/errors"))["items"]
            return code in {error["code"] for error in errors}

        for code in CODES[:-1]:
            await eventually(lambda code=code: told(code), timeout_s=30)
        (worker,) = (process for process in processes if "capture.worker" in " ".join(process.cmdline()))
        os.kill(worker.pid, signal.SIGKILL)
        await eventually(lambda: told("worker_died"), timeout_s=10)

        for url in (f"rtsp://{USER}:{PASSWORD}@h:99999/{MARK}", f"http://h/{MARK}", f"rtsp://h/?pin={MARK}&x= {MARK}"):
            answers.append(await ask(sidecar, "PUT", "/api/v1/streams/bad", {"name": "bad", "url": url}))
            answers.append(await ask(sidecar, "POST", "/api/v1/probe", {"url": url}))
        for path in ("streams", "health", "config", "diagnostics", "openapi.json", "models", "keywords/hits"):
            answers.append(await ask(sidecar, "GET", f"/api/v1/{path}"))
        answers.append(await ask(sidecar, "GET", "/metrics"))
        for code in CODES:
            answers.append(await ask(sidecar, "GET", f"/api/v1/streams/{code}/errors"))
            shown = json.loads(await ask(sidecar, "GET", f"/api/v1/streams/{code}"))["url"]
            assert shown.endswith("/***?token=***&pin=***&x=1")
            answers.append(await ask(sidecar, "PUT", f"/api/v1/streams/{code}", {"name": "as shown", "url": shown}))
        await eventually(lambda: told("worker_died"))
        events = [repr(event) async for event in some_events(sidecar)]
        assert {json.loads(text)["code"] for text in answers[: len(CODES)] if '"code"' in text} >= {"auth_failed"}

    assert sum("started as process" in line for line in log) > 1, "it did log at this level"
    assert MARK not in "".join(log).lower()
    assert MARK not in "".join(titles).lower()
    for text in (*answers, *events):
        assert MARK not in text.lower().replace(USER, ""), text


async def is_streaming(state_of, code):
    return await state_of(code) in {"streaming", "degraded"}


async def some_events(sidecar):
    newest = 0
    async with asyncio.timeout(20):
        async for event in sidecar.events(after=0):
            yield event
            if event.type == "stream.changed" and event.data["name"] == "as shown":
                newest += 1
            if newest >= len(CODES):
                return

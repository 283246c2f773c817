"""Actions that cannot do what was asked: each says why, in a sentence that Home Assistant can translate."""

import asyncio
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from aiohttp import web
from homeassistant.core import Context, HomeAssistant
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
from homeassistant.helpers import entity_registry as er
from homeassistant.setup import async_setup_component
import homeassistant.util.dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry, MockUser

from custom_components.wallflower.const import DOMAIN
from custom_components.wallflower.hub_actions import MAX_FILE_BYTES

from .fake_sidecar import FILM, FakeSidecar, segment
from .hub_steps import refuse

PORCH = "camera.porch"
TIMES = {"start_time": "2026-11-22T07:00:00+00:00", "end_time": "2026-11-22T07:01:00+00:00"}


async def act(hass: HomeAssistant, name: str, context: Context | None = None, **data: Any) -> Any:
    return await hass.services.async_call(DOMAIN, name, data, blocking=True, return_response=True, context=context)


async def fault(hass: HomeAssistant, name: str, **data: Any) -> tuple[type[Exception], str | None]:
    """Return the kind of error and the key of its sentence."""
    with pytest.raises(HomeAssistantError) as raised:
        await act(hass, name, **data)
    assert raised.value.translation_domain == DOMAIN
    return raised.type, raised.value.translation_key


@pytest.fixture
def media(hass: HomeAssistant, tmp_path: Path) -> Path:
    """Home Assistant's media folder."""
    hass.config.media_dirs = {"local": str(tmp_path)}
    return tmp_path


@pytest.mark.parametrize(
    ("status", "kind", "key"),
    [
        (422, ServiceValidationError, "request_refused"),
        (403, ServiceValidationError, "request_refused"),
        (401, HomeAssistantError, "action_failed"),
        (503, HomeAssistantError, "action_failed"),
    ],
)
async def test_what_was_asked_wrongly_differs_from_what_the_sidecar_cannot_do(
    hass: HomeAssistant, sidecar: FakeSidecar, entry: MockConfigEntry, status: int, kind: type[Exception], key: str
) -> None:
    refuse(sidecar, "POST", "keywords/replay", status)
    assert await fault(hass, "replay_rule", phrases=["x"]) == (kind, key)


async def test_an_answer_that_nobody_understands_is_a_failure(
    hass: HomeAssistant, sidecar: FakeSidecar, entry: MockConfigEntry
) -> None:
    async def nonsense(_: web.Request) -> web.Response:
        return web.Response(text="<html>a proxy</html>")

    sidecar.overrides["POST", "keywords/replay"] = nonsense
    assert await fault(hass, "replay_rule", phrases=["x"]) == (HomeAssistantError, "action_failed")


async def test_a_sidecar_that_goes_while_something_is_switched_is_named(
    hass: HomeAssistant, sidecar: FakeSidecar, entry: MockConfigEntry
) -> None:
    async def go(request: web.Request) -> web.Response:
        request.transport.abort()
        return web.Response()

    sidecar.overrides["PATCH", "streams/porch"] = go
    with pytest.raises(HomeAssistantError) as raised:
        await hass.services.async_call("switch", "turn_off", {"entity_id": "switch.porch_recording"}, blocking=True)
    assert raised.value.translation_key == "sidecar_away"


async def test_a_start_alone_means_until_now(hass: HomeAssistant, sidecar: FakeSidecar, entry: MockConfigEntry) -> None:
    spans: list[float] = []

    async def note(request: web.Request) -> web.Response:
        begin, end = (datetime.fromisoformat(request.query[name]) for name in ("from", "to"))
        spans.append((end - begin) / timedelta(days=1))
        return web.json_response({"items": [], "next": None})

    sidecar.overrides["GET", "transcripts"] = note
    two_days_ago = dt_util.utcnow() - timedelta(days=2)
    await act(hass, "get_transcript", entity_id=PORCH, format="json", start_time=two_days_ago.isoformat())
    assert spans == [pytest.approx(2, abs=0.01)]
    tomorrow = (dt_util.utcnow() + timedelta(days=1)).isoformat()
    assert await fault(hass, "get_transcript", entity_id=PORCH, start_time=tomorrow) == (
        ServiceValidationError,
        "reversed_times",
    )


async def test_a_long_transcript_is_read_to_its_end(
    hass: HomeAssistant, sidecar: FakeSidecar, entry: MockConfigEntry
) -> None:
    said = [segment("porch", f"sentence {number}") for number in range(5)]

    async def by_twos(request: web.Request) -> web.Response:
        first = int(request.query.get("cursor", 0))
        following = str(first + 2) if first + 2 < len(said) else None
        return web.json_response({"items": said[first : first + 2], "next": following})

    sidecar.overrides["GET", "transcripts"] = by_twos
    answer = (await act(hass, "get_transcript", entity_id=PORCH, format="json"))[PORCH]
    assert [each["text"] for each in answer["segments"]] == [each["text"] for each in reversed(said)]
    assert answer["truncated"] is False


async def test_a_clip_that_breaks_off_leaves_nothing_behind(
    hass: HomeAssistant, sidecar: FakeSidecar, entry: MockConfigEntry, media: Path
) -> None:
    async def break_off(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Length": str(2 * len(FILM))})
        await response.prepare(request)
        await response.write(FILM)
        request.transport.close()
        return response

    sidecar.overrides["GET", "clips"] = break_off
    assert await fault(hass, "save_clip", entity_id=PORCH, **TIMES) == (HomeAssistantError, "sidecar_away")
    assert list((media / "wallflower" / "porch").iterdir()) == []
    sidecar.overrides.clear()
    assert (await act(hass, "save_clip", entity_id=PORCH, **TIMES))[PORCH]["bytes"] == len(FILM)


async def test_a_clip_that_is_saved_twice_at_once_is_whole_and_there_once(
    hass: HomeAssistant, sidecar: FakeSidecar, entry: MockConfigEntry, media: Path
) -> None:
    both = asyncio.Barrier(2)

    async def in_turns(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        for at in range(0, len(FILM), len(FILM) // 4):
            await both.wait()
            await response.write(FILM[at : at + len(FILM) // 4])
        return response

    sidecar.overrides["GET", "clips"] = in_turns
    saving = [act(hass, "save_clip", entity_id=PORCH, **TIMES) for _ in range(2)]
    saved = await asyncio.gather(*saving, return_exceptions=True)

    refused = [each.translation_key for each in saved if isinstance(each, ServiceValidationError)]
    assert refused == ["file_exists"]
    [clip] = (media / "wallflower" / "porch").iterdir()
    assert clip.read_bytes() == FILM


async def test_only_a_file_that_lies_here_and_is_not_too_large_is_transcribed(
    hass: HomeAssistant, sidecar: FakeSidecar, entry: MockConfigEntry, media: Path
) -> None:
    heard: list[bytes] = []

    async def transcribe(request: web.Request) -> web.Response:
        heard.append(await request.read())
        return web.json_response({"items": [segment("", "the door is open")]})

    assert await async_setup_component(hass, "media_source", {})
    sidecar.overrides["POST", "transcribe"] = transcribe
    (media / "small.wav").write_bytes(b"sound")
    with (media / "large.wav").open("wb") as large:
        large.truncate(MAX_FILE_BYTES + 1)
    local = "media-source://media_source/local"
    recorded = f"media-source://wallflower/{entry.entry_id}/{next(iter(entry.subentries))}/1-2"

    for file, key in ((f"{local}/large.wav", "file_too_large"), (recorded, "not_a_local_file")):
        assert await fault(hass, "transcribe_file", media=file) == (ServiceValidationError, key)
    assert (await act(hass, "transcribe_file", media=f"{local}/small.wav"))["text"] == "the door is open"
    assert heard == [b"sound"]
    await hass.config_entries.async_unload(entry.entry_id)
    assert await fault(hass, "transcribe_file", media=f"{local}/small.wav") == (ServiceValidationError, "no_hub")


async def test_a_camera_without_an_entity_is_for_administrators(
    hass: HomeAssistant, sidecar: FakeSidecar, entry: MockConfigEntry, hass_read_only_user: MockUser
) -> None:
    sidecar.segments.append(segment("porch", "help"))
    er.async_get(hass).async_remove(PORCH)

    assert len((await act(hass, "search_transcripts", query="help"))["segments"]) == 1
    reader = Context(user_id=hass_read_only_user.id)
    with pytest.raises(ServiceValidationError) as refused:
        await act(hass, "search_transcripts", reader, query="help")
    assert refused.value.translation_key == "no_such_camera"

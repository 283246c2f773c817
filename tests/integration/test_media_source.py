"""What was recorded, in the media browser: folders, films, words, and who may see them."""

from collections.abc import Callable
from datetime import datetime
from http import HTTPStatus
from typing import Any
from urllib.parse import urlsplit
import uuid

from homeassistant.components.media_source.error import Unresolvable
from homeassistant.components.media_source.helper import async_browse_media, async_resolve_media
from homeassistant.core import HomeAssistant
from homeassistant.setup import async_setup_component
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry, MockUser

from custom_components.wallflower.films import Film

from .conftest import GATE, PORCH, SetUp, camera
from .fake_sidecar import FILM, FakeSidecar, problem, recording, segment

FILE, LATER, CLIP = (str(uuid.UUID(int=number)) for number in (1, 2, 3))
ROOT = "media-source://wallflower"


@pytest.fixture
async def hub(hass: HomeAssistant, sidecar: FakeSidecar, set_up: SetUp) -> MockConfigEntry:
    """Two cameras; the porch has two files and a clip of one morning, and three sentences, one not recorded."""
    await hass.config.async_set_time_zone("Europe/Berlin")
    sidecar.recordings += [
        recording("porch", FILE, start="2026-11-22T06:59:30.000Z", end="2026-11-22T07:00:30.000Z"),
        recording("porch", LATER, start="2026-11-22T07:00:30.000Z", end="2026-11-22T07:01:00.000Z"),
        recording("porch", CLIP, start="2026-11-20T10:00:00.000Z", end="2026-11-20T10:00:05.000Z", kind="clip"),
        recording("gate", "g", start="2026-11-21T22:59:59.000Z", end="2026-11-21T23:00:01.000Z"),
    ]
    sidecar.segments += [
        segment("porch", "long after", start="2026-11-22T09:00:00.000Z", end="2026-11-22T09:00:02.000Z"),
        segment("porch", "open the door", start="2026-11-22T07:00:20.000Z", end="2026-11-22T07:00:22.500Z"),
        segment("porch", "hello", start="2026-11-22T07:00:00.000Z", end="2026-11-22T07:00:01.000Z"),
    ]
    assert await async_setup_component(hass, "media_source", {})
    return await set_up(camera(), camera(GATE, "gate", "Gate"))


async def titles(hass: HomeAssistant, *parts: str) -> list[tuple[str, str]]:
    folder = await async_browse_media(hass, "/".join((ROOT, *parts)))
    return [(child.title, str(child.identifier).removeprefix("/".join(parts))) for child in folder.children]


async def asked(client: Any, kind: str, place: str = ROOT, **fields: str) -> dict[str, Any]:
    await client.send_json_auto_id({"type": f"media_source/{kind}", "media_content_id": place, **fields})
    answer: dict[str, Any] = await client.receive_json()
    return answer


async def test_a_camera_shows_its_days_and_a_day_what_was_said_and_kept(
    hass: HomeAssistant, hub: MockConfigEntry
) -> None:
    here = hub.entry_id
    assert await titles(hass) == [("Porch", f"{here}/{PORCH}"), ("Gate", f"{here}/{GATE}")]
    assert [title for title, _ in await titles(hass, here, PORCH)] == ["2026-11-22", "2026-11-20"]
    assert [title for title, _ in await titles(hass, here, GATE)] == ["2026-11-22", "2026-11-21"], "around midnight"
    said, begin = "2026-11-22T07:00:15+00:00", "2026-11-22T06:59:30+00:00"
    assert await titles(hass, here, PORCH, "2026-11-22") == [
        ("07:00", "/7"),
        ("08:00", "/8"),
        ("08:00:00 hello", f"{here}/{PORCH}/{ms('2026-11-22T06:59:55+00:00')}-{ms('2026-11-22T07:00:06+00:00')}"),
        ("08:00:20 open the door", f"{here}/{PORCH}/{ms(said)}-{ms('2026-11-22T07:00:27.500+00:00')}"),
    ]
    assert await titles(hass, here, PORCH, "2026-11-22", "7") == [
        ("07:59:30 – 08:00:30", f"{here}/{PORCH}/{ms(begin)}.{FILE}")
    ]
    assert [title for title, _ in await titles(hass, here, PORCH, "2026-11-20")] == ["11:00:00 – 11:00:05"]


def ms(moment: str) -> int:
    return int(datetime.fromisoformat(moment).timestamp() * 1000)


async def test_a_day_on_which_the_clock_is_set_has_each_of_its_hours(
    hass: HomeAssistant, sidecar: FakeSidecar, hub: MockConfigEntry
) -> None:
    here = (hub.entry_id, PORCH)
    sidecar.recordings = [
        recording("porch", "before", start="2026-10-25T00:30:00.000Z", end="2026-10-25T00:31:00.000Z"),
        recording("porch", "after", start="2026-10-25T01:30:00.000Z", end="2026-10-25T01:31:00.000Z"),
        recording("porch", "late", start="2026-10-25T22:59:00.000Z", end="2026-10-25T23:00:00.000Z"),
        recording("porch", "winter", start="2026-03-29T00:59:30.000Z", end="2026-03-29T01:00:30.000Z"),
        recording("porch", "summer", start="2026-03-29T01:00:30.000Z", end="2026-03-29T01:01:00.000Z"),
    ]

    assert [title for title, _ in await titles(hass, *here)] == ["2026-10-25", "2026-03-29"]
    assert [title for title, _ in await titles(hass, *here, "2026-10-25")] == ["02:00", "23:00"]
    twice = [title for title, _ in await titles(hass, *here, "2026-10-25", "2")]
    assert twice == ["02:30:00 – 02:31:00", "02:30:00 – 02:31:00"]
    assert [title for title, _ in await titles(hass, *here, "2026-10-25", "23")] == ["23:59:00 – 00:00:00"]
    assert [title for title, _ in await titles(hass, *here, "2026-03-29")] == ["01:00", "03:00"]
    assert [title for title, _ in await titles(hass, *here, "2026-03-29", "1")] == ["01:59:30 – 03:00:30"]


async def test_a_film_is_played_in_parts(
    hass: HomeAssistant, hub: MockConfigEntry, sidecar: FakeSidecar, hass_client: Callable, hass_ws_client: Callable
) -> None:
    player = await hass_client()
    for film in (Film(at("07:00:15"), at("07:00:27")), Film(at("06:59:30"), id=FILE)):
        resolved = await asked(await hass_ws_client(), "resolve_media", f"{ROOT}/{hub.entry_id}/{PORCH}/{film}")
        assert resolved["result"]["mime_type"] == "video/mp4"
        url = resolved["result"]["url"]
        whole = await player.get(url)
        assert (whole.status, whole.content_type, await whole.read()) == (HTTPStatus.OK, "video/mp4", FILM)
        part = await player.get(url, headers={"Range": "bytes=100-199"})
        assert (part.status, await part.read()) == (HTTPStatus.PARTIAL_CONTENT, FILM[100:200])
        assert part.headers["Content-Range"] == f"bytes 100-199/{len(FILM)}"
        assert (await player.get(url, headers={"Range": f"bytes={len(FILM)}-"})).status == 416
    assert ("GET", "clips", None) in sidecar.requests
    assert ("GET", f"recordings/{FILE}", None) in sidecar.requests


def at(time: str) -> datetime:
    return datetime.fromisoformat(f"2026-11-22T{time}+00:00")


async def test_a_film_of_another_camera_is_not_there(
    hass: HomeAssistant, hub: MockConfigEntry, sidecar: FakeSidecar, hass_client: Callable
) -> None:
    player = await hass_client()
    here = f"/api/wallflower/film/{hub.entry_id}"
    kept = Film(at("06:59:30"), id=FILE)
    for path in (
        f"{here}/{GATE}/{kept}",
        f"{here}/{PORCH}/1-x",
        f"{here}/nobody/{kept}",
        f"/api/wallflower/film/nobody/{PORCH}/{kept}",
    ):
        assert (await player.get(path)).status == HTTPStatus.NOT_FOUND, path
    assert not [path for _, path, _ in sidecar.requests if path.startswith("recordings/")]


async def test_a_sidecar_that_is_away_is_said(
    hass: HomeAssistant, hub: MockConfigEntry, sidecar: FakeSidecar, hass_client: Callable, hass_ws_client: Callable
) -> None:
    async def gone(_: Any) -> Any:
        return problem(404, "not_found", "Nothing was recorded then.")

    player, client = await hass_client(), await hass_ws_client()
    film = f"/api/wallflower/film/{hub.entry_id}/{PORCH}/1-2"
    sidecar.overrides["GET", "clips"] = gone
    assert (await player.get(film)).status == HTTPStatus.NOT_FOUND
    await sidecar.stop()
    assert (await player.get(film)).status == HTTPStatus.BAD_GATEWAY
    for kind, fields in (("browse_media", {}), ("search_media", {"search_query": "door"})):
        answer = await asked(client, kind, f"{ROOT}/{hub.entry_id}/{PORCH}", **fields)
        assert answer["error"]["message"] == "The sidecar does not answer"
    await hass.config_entries.async_unload(hub.entry_id)
    assert (await player.get(film)).status == HTTPStatus.NOT_FOUND
    assert await titles(hass) == []


async def test_words_find_what_can_be_played(
    hub: MockConfigEntry, sidecar: FakeSidecar, hass_ws_client: Callable
) -> None:
    client = await hass_ws_client()
    # More is said, and better found, where nothing is recorded.
    sidecar.recordings = [each for each in sidecar.recordings if each["stream"] == "porch"]
    sidecar.segments = [segment("gate", f"no {number}") for number in range(60)] + sidecar.segments
    for place in (ROOT, f"{ROOT}/{hub.entry_id}/{PORCH}", f"{ROOT}/{hub.entry_id}/{PORCH}/2026-11-22/8"):
        found = await asked(client, "search_media", place, search_query="o")
        assert [each["title"] for each in found["result"]["result"]] == ["08:00:20 open the door", "08:00:00 hello"]
    found = await asked(client, "search_media", f"{ROOT}/{hub.entry_id}/{PORCH}/2026-11-20", search_query="o")
    assert found["result"]["result"] == []


async def test_an_hour_shows_more_files_than_one_answer_holds(
    hass: HomeAssistant, hub: MockConfigEntry, sidecar: FakeSidecar
) -> None:
    for second in range(10, 15):
        begin, end = (f"2026-11-19T07:00:{each}.000Z" for each in (second, second + 1))
        sidecar.recordings.append(recording("porch", str(uuid.UUID(int=second)), start=begin, end=end))
    films = await titles(hass, hub.entry_id, PORCH, "2026-11-19", "8")
    assert [title for title, _ in films] == [f"08:00:{second} – 08:00:{second + 1}" for second in range(10, 15)]


@pytest.mark.parametrize("place", ["x", "x/y", "x/y/2026-13-01", "x/y/2026-11-22/24", "x/y/2026-11-22/7/8"])
async def test_what_is_not_there_is_a_sentence(
    hass: HomeAssistant, hub: MockConfigEntry, hass_ws_client: Callable, place: str
) -> None:
    client = await hass_ws_client()
    for kind, fields in (("browse_media", {}), ("search_media", {"search_query": "o"})):
        answer = await asked(client, kind, f"{ROOT}/{place}", **fields)
        assert answer["error"]["message"] == "There is no such folder, or you may not see it"
    for film in (f"{place}/1-2", f"{hub.entry_id}/{PORCH}/x", "1-2"):
        with pytest.raises(Unresolvable):
            await async_resolve_media(hass, f"{ROOT}/{film}", None)


async def test_who_may_not_see_a_camera_sees_no_film_of_it(
    hass: HomeAssistant,
    hub: MockConfigEntry,
    hass_admin_user: MockUser,
    hass_client: Callable,
    hass_ws_client: Callable,
) -> None:
    hass_admin_user.groups = []
    hass_admin_user.mock_policy({"entities": {"entity_ids": {"camera.gate": {"read": True}}}})
    client, player = await hass_ws_client(), await hass_client()
    shown = await asked(client, "browse_media")
    assert [each["title"] for each in shown["result"]["children"]] == ["Gate"]
    assert "error" in await asked(client, "browse_media", f"{ROOT}/{hub.entry_id}/{PORCH}")
    found = await asked(client, "search_media", search_query="o")
    assert found["result"]["result"] == []
    gate = (await asked(client, "resolve_media", f"{ROOT}/{hub.entry_id}/{GATE}/1-2"))["result"]["url"]
    assert (await player.get(gate)).status == HTTPStatus.OK
    assert (await player.get(urlsplit(gate).path.replace(GATE, PORCH))).status == HTTPStatus.NOT_FOUND

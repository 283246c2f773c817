"""What a dashboard asks: for an admin, for somebody who may only look, and for somebody who may less."""

import asyncio
from collections.abc import Callable
import logging
from typing import Any

from aiohttp import web
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import entity_registry as er
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry, MockUser

from tests.support.waiting import eventually

from .conftest import GATE, PORCH, SHED
from .dashboard import answer_of, ask, restrict
from .fake_sidecar import FakeSidecar, Handler, hit, moment, problem, segment

PLANTED = "xylophone"


@pytest.mark.usefixtures("both")
async def test_cameras_are_listed_paused_and_tried_again(
    hass: HomeAssistant, sidecar: FakeSidecar, hass_ws_client: Callable
) -> None:
    client = await hass_ws_client()
    error = {"code": "eof", "message": "The camera ended the session.", "at": moment()}
    sidecar.set_state("gate", "backoff", error=error)
    await eventually(lambda: hass.states.get("binary_sensor.gate_connection").state == "off")

    porch, gate = await ask(client, "streams")
    assert (porch["camera"], porch["stream"], porch["name"], porch["entity_id"]) == (
        PORCH, "porch", "Porch", "camera.porch",
    )  # fmt: skip
    assert (porch["hub_state"], porch["connected"], porch["listening"]) == ("loaded", True, True)
    assert (porch["state"], porch["error"], porch["paused"]) == ("streaming", None, False)
    assert (gate["state"], gate["error"]["code"], gate["listening"]) == ("backoff", "eof", False)

    paused = await ask(client, "pause", camera=PORCH, paused=True)
    assert (paused["paused"], paused["listening"]) == (True, False)
    assert sidecar.requested("PATCH", "streams/porch")[-1][1] == {"transcribe": False}
    assert (await ask(client, "pause", camera=PORCH, paused=False))["paused"] is False
    assert await ask(client, "retry", camera=GATE) is None
    assert sidecar.requested("POST", "streams/gate/restart")
    assert await ask(client, "retry", camera="nobody") == "not_found"


@pytest.mark.usefixtures("both")
async def test_words_are_found_a_page_at_a_time_in_a_time(sidecar: FakeSidecar, hass_ws_client: Callable) -> None:
    client = await hass_ws_client()
    sidecar.segments += [
        segment("gate", "open the door", highlight="open the <mark>door</mark>"),
        segment("porch", "the door", age_s=3600, speaker={"id": "s", "name": "Ann"}),
        segment("attic", "door"),
    ]
    first = await ask(client, "transcript/search", query="door", limit=1)
    assert (first["segments"][0]["camera"], first["segments"][0]["stream"]) == (GATE, "gate")
    assert first["segments"][0]["highlight"] == "open the <mark>door</mark>"
    second = await ask(client, "transcript/search", query="door", limit=1, cursor=first["next"])
    assert [(each["text"], each["speaker"]) for each in second["segments"]] == [("the door", "Ann")]
    assert (second["next"], second["missing"]) == (None, [])
    assert (await ask(client, "transcript/search", camera=PORCH))["segments"] == second["segments"]

    recent = await ask(client, "transcript/search", query="door", start_time=moment(60))
    assert [each["text"] for each in recent["segments"]] == ["open the door"]
    assert (await ask(client, "transcript/search", end_time=moment(7200)))["segments"] == []
    reversed_times = await answer_of(client, "transcript/search", start_time=moment(), end_time=moment(60))
    assert (reversed_times["error"]["code"], reversed_times["error"]["translation_key"]) == (
        "invalid_format", "reversed_times",
    )  # fmt: skip
    for cursor in ("?", "W10=", "eyJhIjoxfQ=="):
        assert await ask(client, "transcript/search", cursor=cursor) == "invalid_format"


@pytest.mark.usefixtures("both", "second_hub")
async def test_hubs_take_turns_among_the_best_and_mix_by_time(
    sidecar: FakeSidecar, other_sidecar: FakeSidecar, hass_ws_client: Callable
) -> None:
    client = await hass_ws_client()
    sidecar.segments += [segment("porch", "door 1", age_s=1), segment("porch", "door 3", age_s=3)]
    other_sidecar.segments += [segment("shed", "door 2", age_s=2)]
    for query in ({"query": "door"}, {}):
        found = await ask(client, "transcript/search", limit=1, **query)
        assert [each["text"] for each in found["segments"]] == ["door 1", "door 2"]
        more = await ask(client, "transcript/search", limit=1, cursor=found["next"], **query)
        assert [(each["camera"], each["text"]) for each in more["segments"]] == [(PORCH, "door 3")]
        assert more["next"] is None


@pytest.mark.usefixtures("both")
async def test_rules_are_tried_and_what_they_found_is_listed(sidecar: FakeSidecar, hass_ws_client: Callable) -> None:
    client = await hass_ws_client()
    for number, stream in enumerate(("porch", "gate", "attic")):
        sidecar.publish("keyword.detected", hit(stream, "help", f"hit-{number}", age_s=60 - number))
    listed = await ask(client, "keywords/list", limit=5)
    assert [(each["camera"], each["hit"], each["state"]) for each in listed["hits"]] == [
        (GATE, "hit-1", "confirmed"), (PORCH, "hit-0", "confirmed"),
    ]  # fmt: skip
    assert listed["hits"][0]["segment"] == "segment-1"

    async def fire(request: web.Request) -> web.Response:
        stream = (await request.json())["stream"]
        return web.json_response({"count": 2, "items": [hit(stream, "replay", stream)], "next": None})

    sidecar.overrides["POST", "keywords/replay"] = fire
    tried = await ask(client, "rules/replay", phrases="help", match="fuzzy", threshold=70, start_time=moment(60))
    assert tried["count"] == 4
    assert [(each["camera"], each["keyword"]) for each in tried["hits"]] == [(PORCH, "replay"), (GATE, "replay")]
    body = sidecar.requested("POST", "keywords/replay")[-1][1]
    assert body["rule"] == {"id": "replay", "phrases": ["help"], "match": "fuzzy", "threshold": 70, "not": []}
    assert set(body) == {"rule", "stream", "from"}
    del sidecar.overrides["POST", "keywords/replay"]
    refused = await answer_of(client, "rules/replay", phrases=["("], match="regex")
    assert refused["error"] == {"code": "refused", "message": "This is not a regular expression."}


@pytest.mark.usefixtures("both")
async def test_what_was_said_is_forgotten_and_deleted(sidecar: FakeSidecar, hass_ws_client: Callable) -> None:
    client = await hass_ws_client()
    sidecar.segments += [segment("porch", "a"), segment("gate", "b"), segment("gate", "c", age_s=7200)]
    assert await ask(client, "forget", camera=PORCH, minutes=5) == {"deleted": 1, "recordings": 1}
    assert sidecar.requested("POST", "forget")[-1][1] == {"minutes": 5, "stream": "porch"}
    assert await ask(client, "purge", camera=GATE, end_time=moment(3600)) == {"deleted": 1, "missing": []}
    assert await ask(client, "purge") == {"deleted": 1, "missing": []}
    assert sidecar.segments == []


@pytest.mark.usefixtures("both")
async def test_a_sidecar_that_is_away_or_refuses_us_is_a_code(sidecar: FakeSidecar, hass_ws_client: Callable) -> None:
    client = await hass_ws_client()

    async def unavailable(_: web.Request) -> web.Response:
        return problem(503, "unavailable")

    sidecar.overrides["POST", "forget"] = unavailable
    assert await ask(client, "forget", camera=PORCH, minutes=5) == "sidecar_failed"
    sidecar.token = "another"
    assert await ask(client, "transcript/search", query="door") == "sidecar_failed"
    await sidecar.stop()
    assert await ask(client, "transcript/search", query="door") == "sidecar_failed"


@pytest.mark.usefixtures("both")
async def test_who_may_see_one_camera_reaches_that_one(
    hass: HomeAssistant, sidecar: FakeSidecar, hass_admin_user: MockUser, hass_ws_client: Callable
) -> None:
    sidecar.segments += [segment("gate", "the door"), segment("porch", "the door")]
    er.async_get(hass).async_update_entity("camera.gate", disabled_by=er.RegistryEntryDisabler.USER)
    restrict(hass_admin_user, gate=True)
    client = await hass_ws_client()

    assert [each["name"] for each in await ask(client, "streams")] == ["Gate"]
    assert [each["camera"] for each in (await ask(client, "transcript/search", query="door"))["segments"]] == [GATE]
    for command in ("transcript/search", "keywords/list", "transcript/subscribe"):
        assert await ask(client, command, camera=PORCH) == "not_found"
    assert await ask(client, "rules/replay", phrases=["x"], camera=PORCH) == "not_found"
    await ask(client, "rules/replay", phrases=["x"])
    assert [body["stream"] for _, body in sidecar.requested("POST", "keywords/replay")] == ["gate"]
    for command, fields in (("pause", {"paused": True}), ("retry", {}), ("forget", {"minutes": 5})):
        assert await ask(client, command, camera=GATE, **fields) == "unauthorized"
        assert await ask(client, command, camera=PORCH, **fields) == "not_found"
    restrict(hass_admin_user, gate={"read": True, "control": True})
    assert await ask(client, "forget", camera=GATE, minutes=5) == {"deleted": 1, "recordings": 1}
    assert await ask(client, "purge", camera=GATE) == "unauthorized"
    assert not sidecar.requested("DELETE")


@pytest.mark.usefixtures("both")
async def test_who_may_only_read_changes_nothing(
    sidecar: FakeSidecar, hass_read_only_access_token: str, hass_ws_client: Callable
) -> None:
    sidecar.segments.append(segment("gate", "the door"))
    client = await hass_ws_client(access_token=hass_read_only_access_token)
    asked = len(sidecar.requests)
    for command, fields in (("pause", {"paused": True}), ("retry", {}), ("forget", {"minutes": 5}), ("purge", {})):
        assert await ask(client, command, camera=GATE, **fields) == "unauthorized"
    assert len(sidecar.requests) == asked
    assert len((await ask(client, "transcript/search"))["segments"]) == 1


@pytest.mark.usefixtures("second_hub")
async def test_a_camera_whose_hub_is_not_loaded_is_told_apart(
    hass: HomeAssistant, other_sidecar: FakeSidecar, both: MockConfigEntry, hass_ws_client: Callable
) -> None:
    client = await hass_ws_client()
    other_sidecar.segments.append(segment("shed", "door"))
    await hass.config_entries.async_unload(both.entry_id)

    states = {each["camera"]: (each["hub_state"], each["connected"]) for each in await ask(client, "streams")}
    assert states == {PORCH: ("not_loaded", False), GATE: ("not_loaded", False), SHED: ("loaded", True)}
    found = await ask(client, "transcript/search", query="door")
    assert ([each["camera"] for each in found["segments"]], found["missing"]) == ([SHED], [PORCH, GATE])
    for command, fields in (
        ("transcript/search", {}), ("keywords/list", {}), ("rules/replay", {"phrases": ["x"]}), ("purge", {}),
        ("pause", {"paused": True}), ("retry", {}), ("forget", {"minutes": 5}),
    ):  # fmt: skip
        assert await ask(client, command, camera=PORCH, **fields) == "not_loaded", command


@pytest.mark.usefixtures("second_hub")
async def test_a_hub_that_cannot_be_reached_spoils_no_answer_of_the_others(
    hass: HomeAssistant, sidecar: FakeSidecar, other_sidecar: FakeSidecar, both: MockConfigEntry,
    hass_ws_client: Callable,
) -> None:  # fmt: skip
    client = await hass_ws_client()
    other_sidecar.segments.append(segment("shed", "door"))
    await sidecar.stop()
    await eventually(lambda: not both.runtime_data.last_update_success)

    async def act(action: str, **fields: Any) -> Any:
        return await hass.services.async_call("wallflower", action, fields, blocking=True, return_response=True)

    found = await ask(client, "transcript/search", query="door")
    assert ([each["camera"] for each in found["segments"]], found["missing"]) == ([SHED], [PORCH, GATE])
    assert (await ask(client, "keywords/list"))["missing"] == [PORCH, GATE]
    assert (await ask(client, "rules/replay", phrases=["door"]))["missing"] == [PORCH, GATE]
    assert await ask(client, "transcript/search", camera=PORCH) == "sidecar_failed"
    found = await act("search_transcripts", query="door")
    assert [each["camera"] for each in found["segments"]] == ["Shed"]
    away = [{"camera": "Porch", "entity_id": "camera.porch"}, {"camera": "Gate", "entity_id": "camera.gate"}]
    assert found["missing"] == (await act("replay_rule", phrases=["door"]))["missing"] == away
    with pytest.raises(HomeAssistantError) as refused:
        await act("purge_transcripts")
    assert refused.value.translation_key == "sidecar_away"

    await other_sidecar.stop()
    assert await ask(client, "transcript/search", query="door") == "sidecar_failed"


@pytest.mark.parametrize(
    ("command", "fields", "asked", "comes_back"),
    [
        ("transcript/search", {}, ("GET", "transcripts"), True),
        ("transcript/search", {"camera": PORCH}, ("GET", "transcripts"), False),
        ("pause", {"camera": PORCH, "paused": True}, ("PATCH", "streams/porch"), True),
        ("forget", {"camera": PORCH, "minutes": 5}, ("POST", "forget"), True),
    ],
)
async def test_a_hub_that_is_unloaded_meanwhile_still_answers(
    hass: HomeAssistant, sidecar: FakeSidecar, both: MockConfigEntry, hass_ws_client: Callable,
    command: str, fields: dict[str, Any], asked: tuple[str, str], comes_back: bool,
) -> None:  # fmt: skip
    client = await hass_ws_client()
    held, go_on = asyncio.Event(), asyncio.Event()

    async def hold(request: web.Request) -> web.StreamResponse:
        del sidecar.overrides[asked]
        held.set()
        await go_on.wait()
        match asked[0]:
            case "PATCH":
                return web.json_response(sidecar.streams["porch"])
            case "POST":
                return web.json_response({"deleted": 0, "recordings": 0})
        return web.json_response({"items": [], "next": None})

    sidecar.overrides[asked] = hold
    await client.send_json_auto_id({"type": f"wallflower/{command}", **fields})
    await held.wait()
    await hass.config_entries.async_unload(both.entry_id)
    if comes_back:
        await hass.config_entries.async_setup(both.entry_id)
    go_on.set()
    assert (await client.receive_json())["success"]


@pytest.mark.usefixtures("both")
async def test_a_camera_that_the_sidecar_does_not_have_has_heard_nothing(
    sidecar: FakeSidecar, hass_ws_client: Callable
) -> None:
    client = await hass_ws_client()
    sidecar.segments += [segment("gate", "the door"), segment("porch", "the door")]
    sidecar.publish("keyword.detected", hit("gate", "help", "h"))
    sidecar.publish("stream.removed", {"stream": "porch"})

    async def removed() -> bool:
        return (await ask(client, "streams"))[0]["state"] is None

    await eventually(removed)
    assert len((await ask(client, "transcript/search"))["segments"]) == 2, "its text is kept and found"
    for method, path, answer in (
        ("GET", "transcripts", sidecar._transcripts),
        ("GET", "keywords/hits", sidecar._list_hits),
        ("DELETE", "transcripts", sidecar._purge),
    ):
        sidecar.overrides[method, path] = never_had("porch", answer)
    assert [each["camera"] for each in (await ask(client, "transcript/search"))["segments"]] == [GATE]
    assert (await ask(client, "transcript/search", camera=PORCH))["segments"] == []
    assert [each["hit"] for each in (await ask(client, "keywords/list"))["hits"]] == ["h"]
    assert (await ask(client, "purge"))["deleted"] == 1


def never_had(stream: str, answer: Handler) -> Handler:
    async def run(request: web.Request) -> web.StreamResponse:
        return problem(404, "not_found") if stream in request.query.getall("stream") else await answer(request)

    return run


BAD: dict[str, list[dict[str, Any]]] = {
    "streams": [{}],
    "transcript/subscribe": [{"camera": [PLANTED]}],
    "transcript/search": [
        {"query": ""}, {"query": [PLANTED]}, {"query": PLANTED * 2000}, {"query": {PLANTED: PLANTED}},
        {"limit": 0}, {"limit": 1001}, {"limit": PLANTED}, {"cursor": 5}, {"cursor": PLANTED}, {"camera": 5},
        {"start_time": PLANTED}, {"end_time": [PLANTED]},
    ],
    "keywords/list": [{"limit": PLANTED}, {"start_time": PLANTED}, {"camera": [PLANTED]}],
    "rules/replay": [
        {}, {"phrases": []}, {"phrases": [""]}, {"phrases": [PLANTED, [PLANTED]]}, {"phrases": PLANTED * 2000},
        {"phrases": ["x"], "match": PLANTED}, {"phrases": ["x"], "threshold": 101},
        {"phrases": ["x"], "threshold": PLANTED}, {"phrases": ["x"], "not": [[PLANTED]]},
    ],
    "forget": [
        {"camera": PORCH}, {"minutes": 5}, {"camera": PORCH, "minutes": 0}, {"camera": PORCH, "minutes": 10_081},
        {"camera": PORCH, "minutes": PLANTED},
    ],
    "purge": [{"camera": [PLANTED]}, {"start_time": PLANTED}, {"end_time": PLANTED}],
    "pause": [{"camera": PORCH}, {"camera": PORCH, "paused": PLANTED}, {"paused": True}],
    "retry": [{}, {"camera": [PLANTED]}],
}  # fmt: skip


@pytest.mark.usefixtures("both")
async def test_what_is_wrong_is_named_without_a_word_of_it(
    sidecar: FakeSidecar, hass_ws_client: Callable, caplog: pytest.LogCaptureFixture
) -> None:
    client = await hass_ws_client()
    asked = len(sidecar.requests)
    caplog.set_level(logging.INFO)
    for command, each in BAD.items():
        for fields in ([] if command == "streams" else each) + [{**each[0], PLANTED: PLANTED, "text": PLANTED}]:
            answer = await answer_of(client, command, **fields)
            assert answer["error"]["code"] == "invalid_format", (command, fields)
            assert PLANTED not in str(answer), (command, fields)
    named = await answer_of(client, "transcript/search", limit=0, query="", words=5)
    assert (
        named["error"]["message"] == "Wrong or missing: limit, query. There are fields that the command does not know."
    )
    assert PLANTED not in caplog.text
    assert len(sidecar.requests) == asked

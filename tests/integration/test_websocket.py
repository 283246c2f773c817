"""What a dashboard asks and is told, for an admin, for somebody who may only look, and for somebody who may less."""

from collections.abc import Callable
from typing import Any

from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry, MockUser

from tests.support.waiting import eventually

from .conftest import GATE, PORCH, SetUp, camera
from .fake_sidecar import FakeSidecar, moment, problem, segment
from .happenings import listening


@pytest.fixture
async def hub(sidecar: FakeSidecar, set_up: SetUp) -> MockConfigEntry:
    entry = await set_up(camera(), camera(GATE, "gate", "Gate"))
    await listening(sidecar)
    return entry


async def ask(client: Any, command: str, **fields: Any) -> Any:
    """Return a command's result, or the code of its error."""
    await client.send_json_auto_id({"type": f"wallflower/{command}", **fields})
    answer = await client.receive_json()
    return answer["result"] if answer["success"] else answer["error"]["code"]


@pytest.mark.usefixtures("hub")
async def test_cameras_are_listed_paused_and_tried_again(
    hass: HomeAssistant, sidecar: FakeSidecar, hass_ws_client: Callable
) -> None:
    client = await hass_ws_client()
    error = {"code": "eof", "message": "The camera ended the session.", "at": moment()}
    sidecar.set_state("gate", "backoff", error=error)
    await eventually(lambda: hass.states.get("binary_sensor.gate_connection").state == "off")

    porch, gate = await ask(client, "streams")
    assert (porch["camera"], porch["name"], porch["entity_id"]) == (PORCH, "Porch", "camera.porch")
    assert (porch["state"], porch["error"], porch["paused"]) == ("streaming", None, False)
    assert (gate["state"], gate["error"]["code"]) == ("backoff", "eof")

    assert (await ask(client, "pause", camera=PORCH, paused=True))["paused"] is True
    assert sidecar.requested("PATCH", "streams/porch")[-1][1] == {"transcribe": False}
    assert (await ask(client, "pause", camera=PORCH, paused=False))["paused"] is False
    assert await ask(client, "retry", camera=GATE) is None
    assert sidecar.requested("POST", "streams/gate/restart")
    assert await ask(client, "retry", camera="nobody") == "not_found"
    assert await ask(client, "retry") == "invalid_format"


async def test_what_is_said_is_told_as_it_is_said(
    hass: HomeAssistant,
    sidecar: FakeSidecar,
    hub: MockConfigEntry,
    hass_admin_user: MockUser,
    hass_ws_client: Callable,
) -> None:
    client = await hass_ws_client()
    await client.send_json_auto_id({"type": "wallflower/transcript/subscribe"})
    begun = await client.receive_json()
    assert begun["success"]

    async def told(text: str, *, stream: str = "porch") -> dict[str, Any]:
        partial = {"stream": stream, "utterance": "u", "start": moment(), "text": f"{text} …"}
        await eventually(lambda: len(sidecar.readers) == 3, timeout_s=10)
        sidecar.publish("transcript.partial", partial, stored=False)
        early: dict[str, Any] = (await client.receive_json())["event"]
        assert (early["final"], early["text"]) == (False, f"{text} …")
        sidecar.publish("transcript.final", segment(stream, text))
        final: dict[str, Any] = (await client.receive_json())["event"]
        assert (final["final"], final["text"]) == (True, text)
        assert early["camera"] == final["camera"]
        return final

    assert (await told("Good morning"))["camera"] == PORCH
    assert (await told("Hello", stream="gate"))["camera"] == GATE
    await hass.config_entries.async_reload(hub.entry_id)
    await told("Again")
    sidecar.publish("transcript.forgotten", {"stream": "porch", "from": None, "to": None})
    assert (await client.receive_json())["event"] == {"camera": PORCH, "forgotten": True}

    # Who may not see a camera any more is told nothing more of it.
    hass_admin_user.groups = []
    hass_admin_user.mock_policy({"entities": {"entity_ids": {"camera.gate": {"read": True}}}})
    for stream in ("porch", "gate"):
        partial = {"stream": stream, "utterance": "u", "start": moment(), "text": f"at the {stream}"}
        sidecar.publish("transcript.partial", partial, stored=False)
        sidecar.publish("transcript.final", segment(stream, f"at the {stream}."))
    assert {(await client.receive_json())["event"]["text"] for _ in range(2)} == {"at the gate", "at the gate."}

    await client.send_json_auto_id({"type": "unsubscribe_events", "subscription": begun["id"]})
    assert (await client.receive_json())["success"]
    await eventually(lambda: len(sidecar.readers) == 1)


@pytest.mark.usefixtures("hub")
async def test_words_are_found_and_a_rule_is_tried(sidecar: FakeSidecar, hass_ws_client: Callable) -> None:
    client = await hass_ws_client()
    sidecar.segments += [segment("gate", "open the door"), segment("porch", "the door"), segment("attic", "door")]
    found = await ask(client, "transcript/search", query="door")
    assert [(each["camera"], each["text"]) for each in found["segments"]] == [
        (GATE, "open the door"),
        (PORCH, "the door"),
    ]
    assert (await ask(client, "transcript/search", query="door", camera=PORCH))["segments"][0]["text"] == "the door"
    assert (await ask(client, "transcript/search", query="door", limit=1))["truncated"] is True
    assert await ask(client, "transcript/search", query="") == "invalid_format"

    async def refuse(_: Any) -> Any:
        return problem(422, "invalid", "", [{"path": "rule.phrases[0]", "message": "This expression cannot be read."}])

    sidecar.overrides["POST", "keywords/replay"] = refuse
    assert await ask(client, "rules/replay", phrases=["("], match="regex") == "refused"
    sidecar.overrides.clear()
    sidecar.token = "another"
    assert await ask(client, "transcript/search", query="door") == "sidecar_failed"
    await sidecar.stop()
    assert await ask(client, "transcript/search", query="door") == "sidecar_failed"


@pytest.mark.usefixtures("hub")
async def test_each_user_reaches_what_the_camera_entity_allows(
    hass: HomeAssistant, sidecar: FakeSidecar, hass_admin_user: MockUser, hass_ws_client: Callable
) -> None:
    sidecar.segments += [segment("gate", "the door"), segment("porch", "the door")]
    er.async_get(hass).async_update_entity("camera.gate", disabled_by=er.RegistryEntryDisabler.USER)
    hass_admin_user.groups = []
    hass_admin_user.mock_policy({"entities": {"entity_ids": {"camera.gate": {"read": True}}}})
    client = await hass_ws_client()

    assert [each["name"] for each in await ask(client, "streams")] == ["Gate"]
    assert [each["camera"] for each in (await ask(client, "transcript/search", query="door"))["segments"]] == [GATE]
    assert await ask(client, "transcript/search", query="door", camera=PORCH) == "not_found"
    assert await ask(client, "transcript/subscribe", camera=PORCH) == "not_found"
    for command, fields in (("pause", {"paused": True}), ("retry", {}), ("forget", {"minutes": 5})):
        assert await ask(client, command, camera=GATE, **fields) == "unauthorized"
        assert await ask(client, command, camera=PORCH, **fields) == "not_found"
    assert not sidecar.requested("POST", "forget")

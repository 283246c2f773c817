"""What a person does in the newest Home Assistant, by what its pages ask: REST flows, WebSocket commands, actions."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from contextlib import aclosing
from datetime import UTC, datetime, timedelta
import json
from typing import Any

import pytest
import pytest_asyncio

from tests.support import flows
from tests.support.home_assistant import NEWEST
from tests.support.leaks import no_leaks
from tests.support.sidecar import TOKEN
from tests.support.waiting import eventually
from wallflower_sidecar.announcement import main_address

from .newest_house import CAMERA, KEYWORD, PASSWORD, SPOKEN, TRANSCRIPT, USER, NewestHouse, newest_house

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.timeout(240),
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.skipif(not NEWEST.exists(), reason="script/setup --newest-home-assistant makes it"),
]

NEW_PASSWORD = "changed it"
EXPECTED = (
    "a custom integration wallflower which has not been tested by Home Assistant",
    # What Home Assistant says of a hub whose token was revoked.
    "Error requesting Wallflower data: The sidecar closed the event stream",
    "could not authenticate: The sidecar does not accept this Home Assistant any more",
)


@pytest.fixture(autouse=True, scope="module")
def nothing_left() -> Iterator[None]:
    """Home Assistant is started anew meanwhile; nothing is left in the end."""
    with no_leaks():
        yield


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def house(nothing_left: None, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[NewestHouse]:
    async with newest_house(tmp_path_factory.mktemp("house")) as house:
        yield house


async def first(events: AsyncGenerator[Any]) -> Any:
    """Return the first event of a subscription, and end it."""
    async with aclosing(events) as subscription:
        return await anext(subscription)


async def next_sentence(house: NewestHouse) -> dict[str, Any]:
    """Follow what is said as a card does, until a sentence ends."""
    async with (
        asyncio.timeout(60),
        aclosing(house.instance.events({"type": "wallflower/transcript/subscribe"})) as told,
    ):
        async for message in told:
            if message["type"] == "final":
                return message
    raise AssertionError("the subscription ended")


async def heard(house: NewestHouse) -> dict[str, Any]:
    """Wait for the state that a sentence from the camera's own microphone becomes."""

    async def spoken() -> dict[str, Any] | None:
        state = await house.instance.state(TRANSCRIPT)
        return state if state["attributes"].get("source") == "speech" and state["state"] in SPOKEN else None

    return await eventually(spoken, timeout_s=60, interval_s=0.2)


async def test_a_sidecar_found_in_the_network_is_paired_and_its_first_camera_probed_and_added(house):
    version = (await house.instance.request("GET", "/api/config"))["version"]
    [hub] = await house.instance.command({"type": "config_entries/get", "domain": "wallflower"})
    [camera] = await house.instance.command({"type": "config_entries/subentries/list", "entry_id": house.entry_id})
    await eventually(lambda: house.instance.state(TRANSCRIPT), timeout_s=20, interval_s=0.2)
    devices = await house.instance.command({"type": "config/device_registry/list"})
    ours = {each["name"]: each for each in devices if each["config_entry_id"] == house.entry_id}
    registry = await house.instance.command({"type": "config/entity_registry/list"})
    entities = [each for each in registry if each["platform"] == "wallflower"]

    assert version == "2026.11.0"
    assert hub["source"] == ("user" if main_address() is None else "zeroconf")
    assert house.added["type"] == "create_entry"
    assert (camera["title"], camera["unique_id"]) == ("Porch", "porch")
    assert ours["Porch"]["config_subentry_id"] == camera["subentry_id"]
    assert ours["Porch"]["via_device_id"] == ours["Wallflower"]["id"]
    assert sum(each["config_subentry_id"] == camera["subentry_id"] for each in entities) >= 15
    assert {each["entity_id"] for each in entities} >= {TRANSCRIPT, KEYWORD, CAMERA["entity_id"]}
    again = await flows.walk(house.instance, flows.HUB, "wallflower", {"user": {"host": house.server.url, "code": "1"}})
    assert again["reason"] == "already_configured"


async def test_what_is_said_becomes_state_event_history_logbook_and_picture(house):
    state = await heard(house)
    await eventually(lambda: house.attributes(KEYWORD), timeout_s=5)

    async def rang() -> bool:
        return (await house.attributes(KEYWORD)).get("source") == "speech"

    await eventually(rang, timeout_s=60, interval_s=0.2)
    since = (datetime.now(UTC) - timedelta(minutes=10)).isoformat()
    asked = {"start_time": since, "entity_ids": [TRANSCRIPT, KEYWORD]}

    async def recorded() -> bool:
        past = await house.instance.command({"type": "history/history_during_period", **asked})
        log = await house.instance.command({"type": "logbook/get_events", **asked})
        rung = [each["attributes"]["event_type"] for each in log if each["entity_id"] == KEYWORD]
        return state["state"] in {each["s"] for each in past[TRANSCRIPT]} and "help" in rung

    await eventually(recorded, timeout_s=10, interval_s=0.2)
    assert (await house.attributes(KEYWORD))["event_type"] == "help"
    assert (await house.instance.image(f"/api/camera_proxy/{CAMERA['entity_id']}")).startswith(b"\xff\xd8")
    stream = await house.instance.command({"type": "camera/stream", **CAMERA})
    assert stream["url"].endswith(".m3u8")


async def test_the_automation_editor_offers_its_triggers_and_conditions_and_they_work(house):
    triggers = await first(house.instance.events({"type": "trigger_platforms/subscribe"}))
    conditions = await first(house.instance.events({"type": "condition_platforms/subscribe"}))
    assert triggers.keys() >= {"wallflower.keyword_spoken", "wallflower.utterance"}
    assert conditions.keys() >= {"wallflower.is_speaking", "wallflower.keyword_spoken_recently"}
    target = {"entity_id": [CAMERA["entity_id"]]}
    offered = await house.instance.command({"type": "get_triggers_for_target", "target": target})
    assert "wallflower.keyword_spoken" in offered
    options = {"keywords": ["help"]}
    automation = {
        "alias": "Called",
        "triggers": [{"trigger": "wallflower.keyword_spoken", "target": CAMERA, "options": options}],
        "conditions": [
            {
                "condition": "wallflower.keyword_spoken_recently",
                "target": CAMERA,
                "options": {"within": {"minutes": 1}, **options},
            }
        ],
        "actions": [
            {
                "action": "persistent_notification.create",
                "data": {"notification_id": "called", "message": "{{ trigger.keyword }}: {{ trigger.text }}"},
            }
        ],
    }
    await house.instance.request("POST", "/api/config/automation/config/called", automation)

    said = await house.instance.answer("wallflower.simulate_speech", CAMERA, text="Could you help me up?")

    async def notified() -> bool:
        shown = await house.instance.command({"type": "persistent_notification/get"})
        return "help: Could you help me up?" in {each["message"] for each in shown}

    assert said == {"camera.porch": {"keywords": ["help"]}}
    await eventually(notified, timeout_s=10, interval_s=0.1)
    traces = await house.instance.command({"type": "trace/list", "domain": "automation", "item_id": "called"})
    assert "keyword spoken on Porch" in {each["trigger"] for each in traces}


async def test_actions_answer_and_say_in_plain_words_what_is_wrong(house):
    await heard(house)
    await house.instance.answer("wallflower.simulate_speech", CAMERA, text="The parcel is at the door")

    found = await house.instance.answer("wallflower.search_transcripts", {}, query="parcel")
    replayed = await house.instance.answer("wallflower.replay_rule", {}, phrases=["parcel"])
    captions = await house.instance.answer("wallflower.get_transcript", CAMERA, duration={"hours": 1}, format="srt")
    offered = await house.instance.command(
        {"type": "get_services_for_target", "target": {"entity_id": ["camera.porch"]}}
    )

    assert {each["text"] for each in found["segments"]} == {"The parcel is at the door"}
    assert replayed["count"] == len(found["segments"])
    assert "-->" in captions["camera.porch"]["text"]
    assert {"wallflower.get_transcript", "wallflower.save_clip"} <= set(offered)
    times = {"start_time": "2026-11-28 12:00:00", "end_time": "2026-11-28 11:00:00"}
    with pytest.raises(AssertionError, match=r"The end must be after the start.*reversed_times"):
        await house.instance.answer("wallflower.get_transcript", CAMERA, **times)


async def test_cards_follow_and_search_what_is_said(house):
    [camera] = await house.instance.command({"type": "wallflower/streams"})
    assert (camera["name"], camera["entity_id"], camera["paused"]) == ("Porch", CAMERA["entity_id"], False)
    final = await next_sentence(house)
    assert final["camera"] == camera["camera"]
    found = await house.instance.command({"type": "wallflower/transcript/search", "query": final["text"]})
    assert final["segment"] in {each["segment"] for each in found["segments"]}
    languages = {}
    for language in ("en", "de"):
        wanted = {"language": language, "category": "config_subentries", "integration": ["wallflower"]}
        shown = await house.instance.command({"type": "frontend/get_translations", **wanted})
        languages[language] = shown["resources"]["component.wallflower.config_subentries.stream.entry_type"]
    assert languages == {"en": "Camera", "de": "Kamera"}


async def test_what_is_recorded_is_browsed_found_and_played(house):
    await house.instance.act("wallflower.start_recording", CAMERA)
    await next_sentence(house)
    await house.instance.act("wallflower.stop_recording", CAMERA)

    async def browsed(media_id: str) -> list[dict[str, Any]]:
        asked = {"type": "media_source/browse_media", "media_content_id": media_id}
        return list((await house.instance.command(asked))["children"])

    async def film() -> str | None:
        inside, playable = await browsed("media-source://wallflower"), []
        while inside and not playable:
            inside = await browsed(inside[0]["media_content_id"])
            playable = [each["media_content_id"] for each in inside if each["can_play"]]
        return playable[0] if playable else None

    recorded = await eventually(film, timeout_s=20, interval_s=0.5)
    saved = (await house.instance.answer("wallflower.save_clip", CAMERA, duration={"minutes": 1}))["camera.porch"]
    for media_id in (recorded, saved["media_content_id"]):
        asked = {"type": "media_source/resolve_media", "media_content_id": media_id}
        resolved = await house.instance.command(asked)
        assert resolved["mime_type"] == "video/mp4"
        assert b"ftyp" in (await house.instance.image(resolved["url"]))[:12]


async def test_assistants_may_look_it_up_once_that_is_allowed_and_the_camera_exposed(house):
    instance, said = house.instance, "The kettle is on the stove"
    await instance.answer("wallflower.simulate_speech", CAMERA, text=said)
    await flows.walk(instance, flows.HUB, "mcp_server", {"user": {}})

    async def ask(method: str, **params: Any) -> Any:
        message = {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}
        return (await instance.request("POST", "/api/mcp/assist", message))["result"]

    async def tools() -> set[str]:
        return {each["name"] for each in (await ask("tools/list"))["tools"] if "wallflower" in each["name"]}

    assert await tools() == set()
    choice = {"init": {"next_step_id": "assist"}, "assist": {"assist": True}}
    assert (await flows.walk(instance, flows.OPTIONS, house.entry_id, choice))["type"] == "create_entry"
    exposed = {"assistants": ["conversation"], "entity_ids": [CAMERA["entity_id"]], "should_expose": True}
    await instance.command({"type": "homeassistant/expose_entity", **exposed})
    await eventually(tools, timeout_s=10, interval_s=0.2)
    answer = await ask("tools/call", name="wallflower__search_transcripts", arguments={"words": "kettle"})
    assert said in answer["content"][0]["text"]


async def test_a_password_that_changed_is_shown_under_repairs_which_lead_to_the_form_that_mends_it(house):
    instance = house.instance
    await house.camera.stop()
    house.camera.auth = (USER, NEW_PASSWORD)
    await house.camera.start()

    async def issues() -> list[dict[str, Any]]:
        return list((await instance.command({"type": "repairs/list_issues"}))["issues"])

    [issue] = await eventually(issues, timeout_s=30, interval_s=0.2)
    assert (issue["domain"], issue["translation_key"], issue["is_fixable"]) == ("wallflower", "auth_failed", True)
    begun = {"handler": "wallflower", "issue_id": issue["issue_id"]}
    mending = await instance.request("POST", flows.REPAIR, begun)
    typed = {"reconfigure": {"next_step_id": "camera"}, "details": house.described(NEW_PASSWORD), "found": {}}
    assert (await flows.walk_on(instance, mending, typed))["reason"] == "reconfigure_successful"

    async def mended() -> bool:
        return not await issues()

    await eventually(mended, timeout_s=30, interval_s=0.2)


async def test_a_revoked_token_asks_for_a_new_pairing_and_the_address_can_be_changed(house):
    instance = house.instance

    async def connected() -> bool:
        return await house.loaded() and (await instance.state("binary_sensor.wallflower_sidecar"))["state"] == "on"

    [token] = (await house.server.request("GET", "/tokens"))["items"]
    await house.server.request("DELETE", f"/tokens/{token['id']}")

    async def asked() -> dict[str, Any] | None:
        progress = await instance.command({"type": "config_entries/flow/progress"})
        return next((each for each in progress if each["context"]["source"] == "reauth"), None)

    flow = await eventually(asked, timeout_s=30, interval_s=0.2)
    begun = await instance.request("GET", f"{flows.HUB}/{flow['flow_id']}")
    code = {"reauth_confirm": {"code": await house.server.pairing_code()}}
    assert (await flows.follow(instance, flows.HUB, begun, code))["reason"] == "reauth_successful"
    await eventually(connected, timeout_s=20, interval_s=0.2)
    moved = {"reconfigure": {"host": house.server.url.replace("127.0.0.1", "localhost")}}
    changed = await flows.walk(instance, flows.HUB, "wallflower", moved, entry_id=house.entry_id)
    assert changed["reason"] == "reconfigure_successful"
    await eventually(connected, timeout_s=20, interval_s=0.2)


async def test_diagnostics_and_system_health_tell_how_it_is_and_nothing_private(house):
    state = await heard(house)
    told = await house.instance.request("GET", f"/api/diagnostics/config_entry/{house.entry_id}")
    assert told["data"]["sidecar"]["connected"] is True
    assert [each["sidecar"]["state"] for each in told["data"]["cameras"]] == ["streaming"]
    printed = json.dumps(told["data"])
    assert not [
        secret for secret in (PASSWORD, NEW_PASSWORD, "Porch", "porch", state["state"], TOKEN) if secret in printed
    ]
    shown: dict[str, Any] = {}
    async with aclosing(house.instance.events({"type": "system_health/info"})) as health:
        async for event in health:
            if event["type"] == "initial":
                shown = event["data"]["wallflower"]["info"]
            elif event["type"] == "update" and event["domain"] == "wallflower":
                shown[event["key"]] = event["data"]
            elif event["type"] == "finish":
                break
    assert (shown["sidecars"], shown["connected"], shown["can_reach_sidecar"]) == (1, 1, "ok")


async def test_a_reload_a_pause_by_the_person_and_a_restart_keep_all_of_it(house):
    before = set(await house.instance.states())
    await house.instance.request("POST", f"/api/config/config_entries/entry/{house.entry_id}/reload")
    await eventually(house.loaded, timeout_s=20, interval_s=0.2)
    for reason in ("user", None):
        disabling = {"type": "config_entries/disable", "entry_id": house.entry_id, "disabled_by": reason}
        assert (await house.instance.command(disabling))["require_restart"] is False
    await eventually(house.loaded, timeout_s=20, interval_s=0.2)

    await house.stop()
    said = await house.server.request("POST", "/streams/porch/simulate", {"text": "Help was called while you slept"})
    await house.start()

    await eventually(house.loaded, timeout_s=20, interval_s=0.2)
    assert before <= set(await house.instance.states())
    await heard(house)
    since = (datetime.now(UTC) - timedelta(minutes=10)).isoformat()
    missed = [hit["id"] for hit in said["hits"]]

    async def caught_up() -> bool:
        asked = {"type": "history/history_during_period", "start_time": since, "entity_ids": [KEYWORD]}
        past = (await house.instance.command(asked))[KEYWORD]
        fired = {each["lu"]: each["a"].get("hit_id") for each in past if each["s"] != "unavailable"}
        return missed == [hit for hit in fired.values() if hit in missed]

    await eventually(caught_up, timeout_s=20, interval_s=0.5)


async def test_removing_the_hub_leaves_nothing_and_it_can_be_added_again_by_hand_with_a_token(house):
    instance = house.instance
    await instance.request("DELETE", f"/api/config/config_entries/entry/{house.entry_id}")
    assert (await house.server.request("GET", "/streams"))["items"] == []
    assert not [each for each in await instance.states() if "porch" in each or "wallflower" in each]
    if main_address() is not None:
        await eventually(house.discovered, timeout_s=20, interval_s=0.2)
    added = await flows.walk(instance, flows.HUB, "wallflower", {"user": {"host": house.server.url, "token": TOKEN}})
    assert (added["type"], added["result"]["state"]) == ("create_entry", "loaded")
    assert await house.discovered() is None


async def test_home_assistant_has_nothing_to_complain_of_in_all_that(house):
    words = ("custom_components.wallflower", "deprecated", "Detected ", "Wallflower", "wallflower")
    complaints = [
        line for line in house.log if (" WARNING " in line or " ERROR " in line) and any(word in line for word in words)
    ]
    assert [each for each in complaints if not any(word in each for word in EXPECTED)] == []

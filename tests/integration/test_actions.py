"""Actions against a real sidecar, whose cameras are down."""

from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from homeassistant.core import Context, HomeAssistant
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError, Unauthorized
from homeassistant.helpers import device_registry as dr
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry, MockUser
import voluptuous as vol

from custom_components.wallflower.const import DOMAIN
from tests.support.clips import Picture, camera_clip
from tests.support.footage import film
from tests.support.ports import free_port
from tests.support.sidecar import TOKEN, Sidecar, sidecar as running_sidecar
from tests.support.speech import compose
from tests.support.waiting import eventually
from tests.support.watching import watch
from wallflower_sidecar.domain.recordings import MARKER

from .conftest import GATE, PORCH, camera

type Act = Callable[..., Awaitable[Any]]

PORCH_CAMERA, GATE_CAMERA = "camera.porch", "camera.gate"
FILMED = datetime(2026, 11, 22, 7, 0, tzinfo=UTC)


@pytest.fixture
def filmed(tmp_path: Path) -> datetime:
    """What was recorded at the porch before the sidecar starts; returns its end."""
    root = tmp_path / "sidecar" / "recordings"
    root.mkdir(parents=True)
    (root / MARKER).touch()
    clip = camera_clip(compose(("The front door is open.",)), Picture(width=320, height=180))
    return film(root, clip, stream="porch", start=FILMED)[-1].end


@pytest.fixture
async def real(hass: HomeAssistant, tmp_path: Path, filmed: datetime) -> AsyncIterator[Sidecar]:
    """A real sidecar with two cameras that nobody can reach."""
    hass.config.media_dirs = {"local": str(tmp_path / "media")}
    async with running_sidecar(tmp_path / "sidecar", free_port()) as server:
        info = await server.request("GET", "/info")
        cameras = (camera(), camera(GATE, "gate", "Gate"))
        entry = MockConfigEntry(
            domain=DOMAIN,
            title="Wallflower",
            unique_id=info["server_id"],
            data={"url": server.url, "token": TOKEN},
            subentries_data=cameras,
        )
        entry.add_to_hass(hass)
        assert await hass.config_entries.async_setup(entry.entry_id)
        await hass.async_block_till_done()
        yield server
        await hass.config_entries.async_unload(entry.entry_id)


@pytest.fixture
def act(hass: HomeAssistant, real: Sidecar) -> Act:
    async def call(name: str, *, context: Context | None = None, answered: bool = True, **data: Any) -> Any:
        return await hass.services.async_call(
            DOMAIN, name, data, blocking=True, return_response=answered, context=context
        )

    return call


async def say(act: Act, text: str, entity_id: str = PORCH_CAMERA, **fields: Any) -> list[str]:
    answer = await act("simulate_speech", entity_id=entity_id, text=text, **fields)
    keywords: list[str] = answer[entity_id]["keywords"]
    return keywords


def device(hass: HomeAssistant, subentry_id: str) -> str:
    [entry] = hass.config_entries.async_entries(DOMAIN)
    found = dr.async_get(hass).async_get_device_by_identifier((DOMAIN, subentry_id), entry.entry_id)
    assert found
    return found.id


async def test_what_is_simulated_is_found_tried_read_and_deleted(hass: HomeAssistant, act: Act) -> None:
    assert await say(act, "Please help me") == ["help"]
    assert await say(act, "Nothing here", GATE_CAMERA, confidence=0.5) == []
    assert await say(act, "Not kept, help", store=False) == ["help"]
    gate = device(hass, GATE)

    found = await act("search_transcripts", query="help")
    assert [(each["entity_id"], each["text"], each["source"]) for each in found["segments"]] == [
        (PORCH_CAMERA, "Please help me", "simulated")
    ]
    assert found["truncated"] is False
    assert (await act("search_transcripts", query="help", device_id=gate))["segments"] == []
    assert (await act("search_transcripts", query="help", end_time="2020-01-01 00:00:00"))["segments"] == []
    await say(act, "More help")
    assert (await act("search_transcripts", query="help", limit=1))["truncated"] is True

    tried = await act("replay_rule", phrases=["helb me", "nothing"], match="fuzzy", threshold=70)
    assert tried["count"] == len(tried["hits"]) == 2
    assert {(each["camera"], each["entity_id"]) for each in tried["hits"]} == {
        ("Porch", PORCH_CAMERA),
        ("Gate", GATE_CAMERA),
    }

    read = await act("get_transcript", entity_id=[PORCH_CAMERA, GATE_CAMERA], format="json")
    assert [each["text"] for each in read[PORCH_CAMERA]["segments"]] == ["Please help me", "More help"]
    assert read[GATE_CAMERA]["segments"][0]["confidence"] == 0.5
    for form, sign in (("text", "Please help me"), ("srt", "-->"), ("vtt", "WEBVTT")):
        text = (await act("get_transcript", device_id=device(hass, PORCH), format=form))[PORCH_CAMERA]["text"]
        assert sign in text

    assert await act("purge_transcripts", device_id=gate) == {"deleted": 1}
    assert await act("forget", minutes=5) == {"deleted": 2, "recordings": 0}
    assert (await act("get_transcript", entity_id=PORCH_CAMERA, format="json"))[PORCH_CAMERA]["segments"] == []


async def test_keywords_are_set_for_good(hass: HomeAssistant, act: Act, real: Sidecar) -> None:
    assert await act("set_keywords", entity_id=PORCH_CAMERA, keywords=["Fire", "help"]) == {
        PORCH_CAMERA: {"keywords": ["Fire", "help"]}
    }
    # The hub is being loaded anew.
    assert await say(act, "There is a fire") == ["Fire"]
    assert len((await act("search_transcripts", query="fire"))["segments"]) == 1
    await hass.async_block_till_done()

    [entry] = hass.config_entries.async_entries(DOMAIN)
    assert [rule["name"] for rule in entry.subentries[PORCH].data["keywords"]] == ["Fire", "help"]
    stream = await real.request("GET", "/streams/porch")
    assert [rule["name"] for rule in stream["keywords"]] == ["Fire", "help"]
    await eventually(lambda: "Fire" in hass.states.get("event.porch_keyword").attributes["event_types"])
    with pytest.raises(ServiceValidationError):
        await act("set_keywords", entity_id=PORCH_CAMERA, keywords=["?!"])


async def test_a_clip_is_saved_where_media_are_looked_for(
    hass: HomeAssistant, act: Act, tmp_path: Path, filmed: datetime
) -> None:
    times = {"start_time": FILMED.isoformat(), "end_time": filmed.isoformat()}
    saved = (await act("save_clip", entity_id=PORCH_CAMERA, **times))[PORCH_CAMERA]

    path = Path(saved["path"])
    assert path.is_relative_to(tmp_path / "media" / "wallflower" / "porch")
    assert saved["bytes"] == path.stat().st_size
    assert watch(path).duration_s == pytest.approx((filmed - FILMED).total_seconds(), abs=0.5)
    assert saved["media_content_id"] == f"media-source://media_source/local/wallflower/porch/{path.name}"
    for wrong, key in (
        (times, "file_exists"),
        ({**times, "filename": "../x.mp4"}, "wrong_filename"),
        ({**times, "filename": "/x.mp4"}, "wrong_filename"),
        ({**times, "filename": "x.exe"}, "wrong_filename"),
        ({**times, "filename": f"{'x' * 300}.mp4"}, "file_not_written"),
        ({**times, "duration": {"seconds": 1}}, "too_many_times"),
        ({"start_time": times["end_time"], "end_time": times["start_time"]}, "reversed_times"),
        ({"start_time": "2020-01-01 00:00:00", "duration": {"minutes": 1}}, "request_refused"),
    ):
        with pytest.raises(ServiceValidationError) as refused:
            await act("save_clip", entity_id=PORCH_CAMERA, **wrong)
        assert refused.value.translation_key == key, wrong
    assert [each.name for each in path.parent.iterdir()] == [path.name], "no part of a file is left"
    hass.config.media_dirs = {}
    with pytest.raises(ServiceValidationError):
        await act("save_clip", entity_id=PORCH_CAMERA, **times)


async def test_a_file_is_written_down(hass: HomeAssistant, act: Act, tmp_path: Path) -> None:
    clip = camera_clip(compose(("The front door is open.",)), None)
    with pytest.raises(ServiceValidationError):
        await act("transcribe_file", media=str(clip))
    hass.config.allowlist_external_dirs = {str(clip.parent)}

    heard = await act("transcribe_file", media={"media_content_id": str(clip)}, language="en")

    assert "front door" in heard["text"].lower()
    [said] = heard["segments"]
    assert said["text"] in heard["text"]
    assert 0 <= said["start"] < said["end"] < 5
    with pytest.raises(ServiceValidationError):
        await act("transcribe_file", media=str(clip.parent / "nothing.mp4"))
    with pytest.raises(ServiceValidationError):
        await act("transcribe_file", media="media-source://nobody/x")


async def test_a_camera_is_recorded_by_hand_and_tried_again(hass: HomeAssistant, act: Act, real: Sidecar) -> None:
    for name in ("start_recording", "stop_recording", "restart_stream"):
        await act(name, entity_id=PORCH_CAMERA, answered=False)
    with pytest.raises(ServiceValidationError) as refused:
        await act("restart_stream", entity_id="light.porch", answered=False)
    assert refused.value.translation_key == "no_such_camera"


async def test_who_may_not_see_or_control_a_camera_is_refused(
    hass: HomeAssistant, act: Act, hass_read_only_user: MockUser
) -> None:
    await say(act, "help")
    reader = Context(user_id=hass_read_only_user.id)
    assert len((await act("search_transcripts", query="help", context=reader))["segments"]) == 1
    for name, data in (
        ("simulate_speech", {"entity_id": PORCH_CAMERA, "text": "help"}),
        ("forget", {"minutes": 1}),
        ("purge_transcripts", {}),
    ):
        with pytest.raises(Unauthorized):
            await act(name, context=reader, **data)
    hass_read_only_user.groups = []
    hass_read_only_user.mock_policy({"entities": {"entity_ids": {GATE_CAMERA: {"read": True}}}})
    assert (await act("search_transcripts", query="help", context=reader))["segments"] == []
    with pytest.raises(ServiceValidationError):
        await act("search_transcripts", query="help", device_id=device(hass, PORCH), context=reader)
    with pytest.raises(HomeAssistantError):
        await act("search_transcripts", query="help", context=Context(user_id="nobody"))


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("search_transcripts", {}),
        ("search_transcripts", {"query": "x", "limit": 0}),
        ("search_transcripts", {"query": "x", "start_time": "soon"}),
        ("replay_rule", {"phrases": []}),
        ("replay_rule", {"phrases": ["x"], "match": "magic"}),
        ("forget", {"minutes": 0}),
        ("forget", {"minutes": 1, "device_id": []}),
        ("purge_transcripts", {"device_id": []}),
        ("get_transcript", {"entity_id": PORCH_CAMERA, "format": "pdf"}),
        ("simulate_speech", {"entity_id": PORCH_CAMERA, "text": ""}),
        ("simulate_speech", {"text": "nowhere"}),
    ],
)
async def test_wrong_fields_are_refused(act: Act, name: str, data: dict[str, Any]) -> None:
    with pytest.raises(vol.Invalid):
        await act(name, **data)


async def test_what_the_sidecar_refuses_is_told_once(act: Act) -> None:
    with pytest.raises(ServiceValidationError) as refused:
        await act("replay_rule", phrases=["h(lp"], match="regex")
    told = refused.value.translation_placeholders["detail"]
    assert told.startswith("The regular expression is not valid")
    assert told.count("regular expression") == 1


async def test_a_sidecar_that_is_away_is_a_sentence(act: Act, real: Sidecar) -> None:
    await real.process.stop()
    with pytest.raises(HomeAssistantError) as failed:
        await act("search_transcripts", query="x")
    assert failed.value.translation_key == "sidecar_away"

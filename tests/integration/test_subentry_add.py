"""Adding a camera: it is tried first, then told of, then added."""

from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType, InvalidData
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from .fake_sidecar import FakeSidecar
from .subentry_steps import BOTH, URL, added, answer, choose, start


async def test_a_camera_is_tried_told_of_and_added(
    hass: HomeAssistant, sidecar: FakeSidecar, entry: MockConfigEntry
) -> None:
    sidecar.cameras[URL] = BOTH
    form = await start(hass, entry)
    assert (form["type"], form["step_id"]) == (FlowResultType.FORM, "user")

    found = await answer(hass, form, name="  Front   Door ", url=f" {URL} ", keywords=["Help", " help ", "Good  day"])
    assert found["step_id"] == "found"
    assert found["description_placeholders"] == {
        "name": "Front Door",
        "video": "h264, 1920 × 1080, 15 fps",
        "audio": "aac, 16000 Hz",
        "level": "-41 dBFS",
        "transport": "TCP",
    }
    assert "streams/front_door" not in [path for path, _ in sidecar.requested("PUT")]
    result = await answer(hass, found)

    assert result["type"] is FlowResultType.CREATE_ENTRY
    [subentry] = added(entry)
    assert (subentry.title, subentry.unique_id) == ("Front Door", "front_door")
    assert {key: subentry.data[key] for key in ("url", "transport", "store", "retain_days")} == {
        "url": URL,
        "transport": "auto",
        "store": "all",
        "retain_days": None,
    }
    assert [(each["id"], each["name"], each["phrases"]) for each in subentry.data["keywords"]] == [
        ("help", "Help", ["Help"]),
        ("good_day", "Good day", ["Good day"]),
    ]
    assert sidecar.streams["front_door"]["name"] == "Front Door"
    assert hass.states.get("camera.front_door").state == "idle"


async def test_all_answers_reach_the_sidecar(hass: HomeAssistant, sidecar: FakeSidecar, entry: MockConfigEntry) -> None:
    url = "rtsp://ann:p%40ss%2Fw%C3%B6rd@camera.test/live"
    sidecar.cameras[url] = BOTH

    found = await answer(
        hass,
        await start(hass, entry),
        name="Gate",
        url=URL,
        username="ann",
        password="p@ss/wörd",
        keywords=["fire"],
        store="text",
        retain_days=30,
        advanced={"transport": "udp"},
    )
    await answer(hass, found)

    assert sidecar.requested("POST", "probe")[-1][1] == {"url": url, "transport": "udp"}
    body = dict(sidecar.requested("PUT"))["streams/gate"]
    assert {key: body[key] for key in ("name", "url", "transport", "store", "retain_days")} == {
        "name": "Gate",
        "url": url,
        "transport": "udp",
        "store": "text",
        "retain_days": 30,
    }


async def test_a_camera_without_sound_is_told_as_such(
    hass: HomeAssistant, sidecar: FakeSidecar, entry: MockConfigEntry
) -> None:
    sidecar.cameras[URL] = {"video": BOTH["video"]}

    found = await answer(hass, await start(hass, entry), name="Gate", url=URL)
    assert found["step_id"] == "found_silent"
    assert found["description_placeholders"]["audio"] == "–"

    assert (await answer(hass, found))["type"] is FlowResultType.CREATE_ENTRY


@pytest.mark.parametrize(
    ("values", "errors"),
    [
        ({"name": "   "}, {"name": "invalid_name"}),
        ({"name": "x" * 101}, {"name": "invalid_name"}),
        ({"url": "http://camera.test/"}, {"url": "invalid_url"}),
        ({"url": "camera.test"}, {"url": "invalid_url"}),
        ({"url": "rtsp:///live"}, {"url": "invalid_url"}),
        ({"url": "rtsp://camera.test:99999/"}, {"url": "invalid_url"}),
        ({"url": "rtsp://camera.test:0/"}, {"url": "invalid_url"}),
        ({"url": "rtsp://cam era.test/"}, {"url": "invalid_url"}),
        ({"url": f"rtsp://camera.test/{'x' * 2048}"}, {"url": "invalid_url"}),
        ({"url": f"rtsp://camera.test/{'x' * 2020}", "username": "u" * 50}, {"url": "invalid_url"}),
        ({"password": "secret"}, {"username": "user_needed"}),
        ({"keywords": ["retracted"]}, {"keywords": "reserved_phrase"}),
        ({"keywords": ["Retracted "]}, {"keywords": "reserved_phrase"}),
        ({"keywords": ["?!"]}, {"keywords": "phrase_without_words"}),
        ({"keywords": ["x" * 101]}, {"keywords": "phrase_too_long"}),
    ],
)
async def test_each_fault_stands_under_its_field_and_can_be_mended(
    hass: HomeAssistant, sidecar: FakeSidecar, entry: MockConfigEntry, values: dict, errors: dict
) -> None:
    sidecar.cameras[URL] = BOTH

    result = await answer(hass, await start(hass, entry), **{"name": "Gate", "url": URL, **values})

    assert result["type"] is FlowResultType.FORM
    assert result["errors"] == errors
    assert not sidecar.requested("POST", "probe")
    found = await answer(hass, result, name="Gate", url=URL)
    assert (await answer(hass, found))["type"] is FlowResultType.CREATE_ENTRY


async def test_answers_outside_their_choice_are_refused(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    form = await start(hass, entry)

    with pytest.raises(InvalidData):
        await answer(hass, form, name="Gate", url=URL, store="everything")
    with pytest.raises(InvalidData):
        await answer(hass, form, name="Gate", url=URL, retain_days=0)


async def test_credentials_in_the_address_stay_as_they_are(
    hass: HomeAssistant, sidecar: FakeSidecar, entry: MockConfigEntry
) -> None:
    url = "rtsp://ann:p%40ss@camera.test/live"
    sidecar.cameras[url] = BOTH

    await answer(hass, await answer(hass, await start(hass, entry), name="Gate", url=url))

    assert added(entry)[0].data["url"] == url


@pytest.mark.parametrize(
    ("name", "stream_id"),
    [
        ("Porch", "porch_2"),  # the porch is there already
        ("Somebody's", "somebody_s_2"),  # the sidecar has it, though not from here
        ("Straße 7", "strasse_7"),
        ("大門", "da_men"),
        ("!!!", "camera"),
        ("x" * 100, "x" * 64),
    ],
)
async def test_the_streams_id_is_a_slug_that_nobody_has(
    hass: HomeAssistant, sidecar: FakeSidecar, entry: MockConfigEntry, name: str, stream_id: str
) -> None:
    sidecar.add_stream("somebody_s")

    failed = await answer(hass, await start(hass, entry), name=name, url=URL)
    await choose(hass, failed, "add_anyway")

    assert [subentry.unique_id for subentry in added(entry)] == [stream_id]
    assert stream_id in sidecar.streams


async def test_a_stream_that_only_home_assistant_knows_keeps_its_id(
    hass: HomeAssistant, sidecar: FakeSidecar, entry: MockConfigEntry
) -> None:
    del sidecar.streams["porch"]

    await choose(hass, await answer(hass, await start(hass, entry), name="Porch", url=URL), "add_anyway")

    assert [subentry.unique_id for subentry in added(entry)] == ["porch_2"]


async def test_a_long_id_that_is_taken_still_fits(
    hass: HomeAssistant, sidecar: FakeSidecar, entry: MockConfigEntry
) -> None:
    sidecar.add_stream("x" * 64)

    await choose(hass, await answer(hass, await start(hass, entry), name="x" * 100, url=URL), "add_anyway")

    assert [subentry.unique_id for subentry in added(entry)] == ["x" * 62 + "_2"]

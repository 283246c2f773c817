"""What the sidecar answers reaches a dashboard whole, by camera."""

from collections.abc import Callable
from typing import Any

from aiohttp import web
from homeassistant.core import HomeAssistant
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from .conftest import GATE, PORCH, SetUp, camera
from .fake_sidecar import FakeSidecar, hit, segment
from .happenings import caught_up, listening


@pytest.fixture
async def hub(sidecar: FakeSidecar, set_up: SetUp) -> MockConfigEntry:
    entry = await set_up(camera(), camera(GATE, "gate", "Gate"))
    await listening(sidecar)
    return entry


async def ask(client: Any, command: str, **fields: Any) -> Any:
    await client.send_json_auto_id({"type": f"wallflower/{command}", **fields})
    answer = await client.receive_json()
    assert answer["success"], answer
    return answer["result"]


@pytest.mark.usefixtures("hub")
async def test_a_rule_is_tried_on_each_camera(sidecar: FakeSidecar, hass_ws_client: Callable) -> None:
    async def one_of_each(request: web.Request) -> web.Response:
        stream = (await request.json())["stream"]
        return web.json_response({"count": 3, "items": [hit(stream, "help", f"hit-{stream}")], "next": None})

    sidecar.overrides["POST", "keywords/replay"] = one_of_each
    client = await hass_ws_client()
    tried = await ask(client, "rules/replay", phrases=["help"])
    assert tried["count"] == 6
    assert [(each["camera"], each["phrase"]) for each in tried["hits"]] == [(PORCH, "help"), (GATE, "help")]
    assert (await ask(client, "rules/replay", phrases=["help"], camera=GATE))["count"] == 3


@pytest.mark.usefixtures("hub")
async def test_how_much_was_forgotten_is_told(sidecar: FakeSidecar, hass_ws_client: Callable) -> None:
    async def forget(_: web.Request) -> web.Response:
        return web.json_response({"deleted": 4, "recordings": 2})

    sidecar.overrides["POST", "forget"] = forget
    told = await ask(await hass_ws_client(), "forget", camera=PORCH, minutes=5)
    assert told == {"deleted": 4, "recordings": 2}
    assert sidecar.requested("POST", "forget") == [("forget", {"minutes": 5, "stream": "porch"})]


async def test_of_a_camera_that_was_removed_nothing_more_is_told(
    hass: HomeAssistant, sidecar: FakeSidecar, hub: MockConfigEntry, hass_ws_client: Callable
) -> None:
    client = await hass_ws_client()
    await ask(client, "transcript/subscribe", camera=GATE)
    hass.config_entries.async_remove_subentry(hub, GATE)
    await hass.async_block_till_done()
    await listening(sidecar)
    sidecar.publish("transcript.final", segment("gate", "nobody listens"))
    await caught_up(hass, sidecar)
    assert [each["name"] for each in await ask(client, "streams")] == ["Porch"]

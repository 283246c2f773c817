"""A Home Assistant in this process and a scripted sidecar on loopback."""

# It patches Home Assistant while that is imported, so it comes first; everywhere else it is switched off.
from pytest_homeassistant_custom_component.plugins import *  # noqa: F403

# isort: split
import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any
from unittest.mock import patch

from homeassistant.config_entries import ConfigSubentryDataWithId
from homeassistant.core import HomeAssistant
from homeassistant.helpers import recorder as recorder_helper
from homeassistant.setup import async_setup_component
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

# Before `hass` exists, or Home Assistant looks for it among the plugin's own custom components.
from custom_components.wallflower import listener
from custom_components.wallflower.const import DOMAIN

from .fake_sidecar import FakeSidecar
from .happenings import listening

PORCH = "01KAXAAAAAAAAAAAAAAAAAAAAA"
GATE = "01KAXBBBBBBBBBBBBBBBBBBBBB"
SHED = "01KAXCCCCCCCCCCCCCCCCCCCCC"
PORCH_URL = "rtsp://viewer:pa%20ss@camera.test:554/porch"


@pytest.fixture(autouse=True)
def _custom_integrations(verify_cleanup: None, enable_custom_integrations: None, socket_enabled: None) -> None:
    """Let Home Assistant load ours and reach loopback; it must have stopped when leftovers are looked for."""


@pytest.fixture
def quick_retries() -> Iterator[None]:
    """Reconnect without a wait worth mentioning."""
    with patch.object(listener, "FIRST_DELAY_S", 0.01), patch.object(listener, "LONGEST_DELAY_S", 0.02):
        yield


@pytest.fixture
def all_enabled() -> Iterator[None]:
    """Have entities that are disabled by default, too."""
    with patch("homeassistant.helpers.entity.Entity.entity_registry_enabled_default", new=True):
        yield


@pytest.fixture
async def sidecar() -> AsyncIterator[FakeSidecar]:
    fake = FakeSidecar()
    await fake.start()
    yield fake
    await fake.stop()


@pytest.fixture
async def other_sidecar() -> AsyncIterator[FakeSidecar]:
    """A second sidecar."""
    fake = FakeSidecar()
    fake.info["server_id"] = "server-2"
    await fake.start()
    yield fake
    await fake.stop()


@pytest.fixture
def other_hub(other_sidecar: FakeSidecar) -> MockConfigEntry:
    """Its hub with one camera, the shed, not set up yet."""
    return hub(other_sidecar, camera(SHED, "shed", "Shed"), server_id="server-2")


@pytest.fixture
async def second_hub(hass: HomeAssistant, other_sidecar: FakeSidecar, other_hub: MockConfigEntry) -> AsyncIterator[Any]:
    other_hub.add_to_hass(hass)
    assert await hass.config_entries.async_setup(other_hub.entry_id)
    yield other_hub
    if other_hub.state.recoverable:
        await hass.config_entries.async_unload(other_hub.entry_id)


def rule(name: str) -> dict[str, Any]:
    return {"id": name.replace(" ", "_"), "name": name, "phrases": [name]}


def camera(
    subentry_id: str = PORCH, stream_id: str = "porch", title: str = "Porch", **data: Any
) -> ConfigSubentryDataWithId:
    return ConfigSubentryDataWithId(
        data={
            "url": PORCH_URL,
            "transport": "auto",
            "keywords": [rule("help"), rule("good morning")],
            "store": "all",
            "retain_days": None,
            **data,
        },
        subentry_id=subentry_id,
        subentry_type="stream",
        title=title,
        unique_id=stream_id,
    )


def hub(sidecar: FakeSidecar, *cameras: ConfigSubentryDataWithId, server_id: str = "server-1") -> MockConfigEntry:
    return MockConfigEntry(
        domain=DOMAIN,
        title="Wallflower",
        unique_id=server_id,
        data={"url": sidecar.url, "token": sidecar.token},
        subentries_data=cameras,
    )


type SetUp = Callable[..., Awaitable[MockConfigEntry]]


@pytest.fixture
async def set_up(hass: HomeAssistant, sidecar: FakeSidecar) -> AsyncIterator[SetUp]:
    """Set up a hub with the given cameras, the porch without any; unloads it in the end."""
    entries: list[MockConfigEntry] = []

    async def run(*cameras: ConfigSubentryDataWithId) -> MockConfigEntry:
        entry = hub(sidecar, *(cameras or (camera(),)))
        entry.add_to_hass(hass)
        entries.append(entry)
        await hass.config_entries.async_setup(entry.entry_id)
        await hass.async_block_till_done()
        return entry

    yield run
    for entry in entries:
        if hass.config_entries.async_get_entry(entry.entry_id) and entry.state.recoverable:
            await hass.config_entries.async_unload(entry.entry_id)
    await hass.async_block_till_done()


@pytest.fixture
async def entry(hass: HomeAssistant, sidecar: FakeSidecar, set_up: SetUp) -> MockConfigEntry:
    """A hub with one camera, the porch."""
    return await set_up()


type Recorded = Callable[[str], Awaitable[bool]]


@pytest.fixture
async def recorded(hass: HomeAssistant, tmp_path: Path) -> Recorded:
    """Home Assistant's recorder with a file; answers whether a word is in one of its files, byte for byte."""
    recorder_helper.async_initialize_recorder(hass)
    config = {"recorder": {"db_url": f"sqlite:///{tmp_path / 'history.db'}", "commit_interval": 0}}
    assert await async_setup_component(hass, "recorder", config)
    instance = recorder_helper.get_instance(hass)
    await instance.async_db_ready

    async def holds(word: str) -> bool:
        await instance.async_block_till_done()
        files = await asyncio.to_thread(lambda: [each.read_bytes() for each in tmp_path.glob("history.db*")])
        assert any(files)
        return any(word.encode() in content for content in files)

    return holds


@pytest.fixture
async def both(sidecar: FakeSidecar, set_up: SetUp) -> MockConfigEntry:
    """A hub with two cameras, the porch and the gate, which follows the sidecar's events."""
    entry = await set_up(camera(), camera(GATE, "gate", "Gate"))
    await listening(sidecar)
    return entry

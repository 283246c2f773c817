"""A whole household on loopback: a camera that speaks, the sidecar, and a Home Assistant set up by its own flows."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from . import flows
from .camera_process import CameraProcess
from .clips import PORCH, camera_clip
from .ffmpeg import offer_ffmpeg
from .home_assistant import HomeAssistant, home_assistant
from .ports import free_ports
from .sidecar import Sidecar, sidecar
from .speech import Track, compose
from .waiting import eventually

USER = "demo"
PASSWORD = "wallflower"
CAMERA = "porch"
ENTITIES = frozenset({"hub", "camera", "connection", "keyword", "speech", "transcript", "transcription"})

type Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Ports:
    """Where each program of the household listens on loopback."""

    camera: int
    sidecar: int
    home_assistant: int

    @classmethod
    def free(cls) -> Ports:
        """Choose three free ports."""
        return cls(*free_ports(3))


@dataclass(slots=True)
class Household:
    """Everything that runs, and the names Home Assistant gave its entities."""

    camera: CameraProcess
    sidecar: Sidecar
    home_assistant: HomeAssistant
    track: Track
    entities: dict[str, str]

    async def state(self, name: str) -> dict[str, Any]:
        """Return an entity's state by its name here: camera, transcript, keyword, speech, connection, transcription."""
        return await self.home_assistant.state(self.entities[name])


@asynccontextmanager
async def household(
    folder: Path,
    *,
    ports: Ports,
    sentences: Sequence[str],
    keywords: Sequence[str],
    pause_s: float = 2.5,
    say: Say = lambda _: None,
    echo: Say | None = None,
) -> AsyncIterator[Household]:
    """Start camera, sidecar and Home Assistant and join them through the pages a person would use."""
    track = compose(sentences, pause_s=pause_s)
    clip = await asyncio.to_thread(camera_clip, track, PORCH)
    async with AsyncExitStack() as stack:
        camera = await stack.enter_async_context(CameraProcess({CAMERA: clip}, port=ports.camera))
        say(f"A camera speaks at {camera.url(CAMERA)}")
        server = await stack.enter_async_context(sidecar(folder / "sidecar", ports.sidecar, echo=echo))
        say(f"The sidecar answers at {server.url}")
        offer_ffmpeg(folder / "bin")
        instance = await stack.enter_async_context(
            home_assistant(
                folder / "home-assistant",
                ports.home_assistant,
                USER,
                PASSWORD,
                programs=folder / "bin",
                echo=echo,
            )
        )
        say(f"Home Assistant answers at {instance.url}")
        house = Household(camera, server, instance, track, {})
        if not await _entities(instance):
            await _join(house, keywords, say)
        house.entities = await eventually(lambda: _entities(instance), timeout_s=20)
        yield house


async def _join(house: Household, keywords: Sequence[str], say: Say) -> None:
    instance = house.home_assistant
    hub = await flows.walk(
        instance,
        flows.HUB,
        "wallflower",
        {"user": {"host": house.sidecar.url, "code": await house.sidecar.pairing_code()}},
    )
    assert hub["type"] == "create_entry", hub
    say("Home Assistant is paired with the sidecar")
    stream = await flows.walk_on(
        instance,
        hub,
        {
            "user": {"name": "Porch", "url": house.camera.url(CAMERA), "keywords": list(keywords)},
            "found": {},
        },
    )
    assert stream["type"] == "create_entry", stream
    say("The camera was probed, found well and added")


async def _entities(instance: HomeAssistant) -> dict[str, str]:
    """The names of all entities, nothing before every one of them is there."""
    registry = await instance.command({"type": "config/entity_registry/list"})
    names = {
        entry["translation_key"] or entry["entity_id"].partition(".")[0]: entry["entity_id"]
        for entry in registry
        if entry["platform"] == "wallflower" and entry["disabled_by"] is None
    }
    return names if names.keys() >= ENTITIES else {}

"""A house with the newest Home Assistant: its sidecar is found in the network, and set up as a person would."""

from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

from tests.support import flows
from tests.support.camera_process import CameraProcess
from tests.support.clips import Picture, camera_clip
from tests.support.ffmpeg import offer_ffmpeg
from tests.support.home_assistant import NEWEST, HomeAssistant, home_assistant
from tests.support.ports import free_port
from tests.support.sentences import HELP, SENTENCES
from tests.support.sidecar import Sidecar, sidecar
from tests.support.speech import compose
from tests.support.waiting import eventually
from wallflower_sidecar.announcement import main_address

SPOKEN = (HELP, *SENTENCES[1:4])
USER, PASSWORD = "viewer", "pa ss"
CAMERA = {"entity_id": "camera.porch"}
TRANSCRIPT, KEYWORD = "sensor.porch_transcript", "event.porch_keyword"


class NewestHouse:
    """A camera that speaks, a sidecar and the newest Home Assistant, which can be started anew."""

    def __init__(self, folder: Path, camera: CameraProcess) -> None:
        """Hold what runs already."""
        self.camera = camera
        self.server: Sidecar
        self.instance: HomeAssistant
        self.log: list[str] = []
        """What Home Assistant logged, over all its starts."""

        self.found: dict[str, Any] | None = None
        """The flow by which the sidecar was found, where this machine is in a network."""

        self.joined: dict[str, Any] = {}
        self.added: dict[str, Any] = {}
        """What the flows of the hub and of its first camera ended with."""

        self._folder, self._port, self._running = folder, free_port(), AsyncExitStack()
        offer_ffmpeg(folder / "bin")

    async def start(self) -> None:
        """Start Home Assistant."""
        self.instance = await self._running.enter_async_context(
            home_assistant(
                self._folder / "home-assistant",
                self._port,
                "test",
                "wallflower",
                environment=NEWEST,
                integrations=("conversation", "media_source", "zeroconf"),
                programs=self._folder / "bin",
                echo=self.log.append,
            )
        )

    async def stop(self) -> None:
        """Stop Home Assistant as its own restart does."""
        await self._running.aclose()

    @property
    def entry_id(self) -> str:
        """The hub's entry."""
        return str(self.joined["result"]["entry_id"])

    async def join(self) -> None:
        """Pair with the sidecar that was found, or by its address; then add the camera to which that leads."""
        if main_address() is not None:
            self.found = await eventually(self.discovered, timeout_s=30, interval_s=0.2)
            flow = await self.instance.request("GET", f"{flows.HUB}/{self.found['flow_id']}")
        else:
            flow = await self.instance.request("POST", flows.HUB, {"handler": "wallflower"})
        credentials = {"code": await self.server.pairing_code()}
        answers = {"zeroconf_confirm": credentials, "user": {"host": self.server.url, **credentials}}
        self.joined = await flows.follow(self.instance, flows.HUB, flow, answers)
        assert self.joined["type"] == "create_entry", self.joined
        typed = {**self.described(PASSWORD), "keywords": ["help"]}
        self.added = await flows.walk_on(self.instance, self.joined, {"user": typed, "found": {}})

    def described(self, password: str) -> dict[str, str]:
        """Return what a person types into the camera's form."""
        url = f"rtsp://127.0.0.1:{self.camera.port}/porch"
        return {"name": "Porch", "url": url, "username": USER, "password": password}

    async def discovered(self) -> dict[str, Any] | None:
        """Return the flow in progress by which this sidecar was found in the network."""
        server_id = (await self.server.request("GET", "/info"))["server_id"]
        for flow in await self.instance.command({"type": "config_entries/flow/progress"}):
            if (flow["context"]["source"], flow["context"].get("unique_id")) == ("zeroconf", server_id):
                return dict(flow)
        return None

    async def loaded(self) -> bool:
        """Say whether the hub is loaded."""
        [entry] = await self.instance.command({"type": "config_entries/get", "domain": "wallflower"})
        return bool(entry["state"] == "loaded")

    async def attributes(self, entity_id: str) -> Mapping[str, Any]:
        """Return an entity's attributes."""
        attributes: Mapping[str, Any] = (await self.instance.state(entity_id))["attributes"]
        return attributes


@asynccontextmanager
async def newest_house(folder: Path) -> AsyncIterator[NewestHouse]:
    """Start and set up everything."""
    clip = camera_clip(compose(SPOKEN, pause_s=1.5), Picture(width=320, height=180))
    env = {} if main_address() is None else {"WALLFLOWER_HOST": "0.0.0.0"}
    async with CameraProcess({"porch": clip}, auth=(USER, PASSWORD)) as camera:
        house = NewestHouse(folder, camera)
        try:
            await house.start()
            async with sidecar(folder / "sidecar", free_port(), env=env) as house.server:
                await house.join()
                yield house
        finally:
            await house.stop()

"""Keywords reach a real Home Assistant once each, whatever is restarted, killed or cut meanwhile."""

from collections import Counter
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.support import flows
from tests.support.home_assistant import HomeAssistant, home_assistant
from tests.support.ports import free_port
from tests.support.relay import Relay, relay
from tests.support.sidecar import Sidecar, sidecar
from tests.support.waiting import eventually

pytestmark = [pytest.mark.e2e, pytest.mark.faults, pytest.mark.timeout(400)]

KEYWORD = "event.porch_keyword"
HUB = "binary_sensor.wallflower_sidecar"
AT_ONCE = 10


class House:
    """A sidecar, a Home Assistant and the network between them, each of which can be taken away and brought back."""

    def __init__(self, folder: Path) -> None:
        self.sent: list[str] = []
        self.server: Sidecar
        self.instance: HomeAssistant
        self.network: Relay
        self._folder = folder
        self._ports = free_port(), free_port()
        self._sidecar, self._home_assistant = AsyncExitStack(), AsyncExitStack()

    async def start_sidecar(self) -> None:
        self.server = await self._sidecar.enter_async_context(sidecar(self._folder / "sidecar", self._ports[0]))

    async def end_sidecar(self, *, kill: bool) -> None:
        if kill:
            self.server.process.kill()
        else:
            await self.server.process.stop()
        await self.server.process.ended()

    async def start_home_assistant(self) -> None:
        self.instance = await self._home_assistant.enter_async_context(
            home_assistant(self._folder / "ha", self._ports[1], "test", "wallflower")
        )

    async def end_home_assistant(self, *, kill: bool) -> None:
        if kill:
            self.instance.process.kill()
            await self.instance.process.ended()
        await self._home_assistant.aclose()

    async def close(self) -> None:
        await self._home_assistant.aclose()
        await self._sidecar.aclose()

    async def join(self) -> None:
        self.network = await self._sidecar.enter_async_context(relay(self._ports[0]))
        code = await self.server.pairing_code()
        hub = await flows.walk(
            self.instance, flows.HUB, "wallflower", {"user": {"host": self.network.url, "code": code}}
        )
        answers = {
            "user": {"name": "Porch", "url": f"rtsp://127.0.0.1:{free_port()}/1", "keywords": ["help"]},
            "failed": {"next_step_id": "add_anyway"},
        }
        await flows.walk(self.instance, flows.SUBENTRY, [hub["result"]["entry_id"], "stream"], answers)

    async def say(self, times: int = AT_ONCE) -> None:
        """Have the keyword said so often, and note the hits that the sidecar told."""
        for number in range(times):
            said = await self.server.request("POST", "/streams/porch/simulate", {"text": f"help me {number}"})
            self.sent += [hit["id"] for hit in said["hits"]]

    async def arrived(self) -> None:
        """Wait until the last hit has fired."""

        async def is_last() -> bool:
            return (await self.instance.state(KEYWORD))["attributes"].get("hit_id") == self.sent[-1]

        await eventually(is_last, timeout_s=90, interval_s=0.2)

    async def recorded(self) -> Counter[str]:
        """How often each hit fired, as Home Assistant's recorder has it; restored states are no events."""
        since = (datetime.now(UTC) - timedelta(hours=1)).strftime("%Y-%m-%dT%H:%M:%SZ")
        path = f"/api/history/period/{since}?filter_entity_id={KEYWORD}&significant_changes_only=0"
        [states] = await self.instance.request("GET", path)
        fired = {state["state"]: state["attributes"].get("hit_id") for state in states}
        return Counter(hit for hit in fired.values() if hit is not None)


async def hub_is(house: House, state: str) -> None:
    async def is_so() -> bool:
        return (await house.instance.state(HUB))["state"] == state

    await eventually(is_so, timeout_s=60, interval_s=0.2)


async def test_each_keyword_fires_once_over_restarts_of_everything(tmp_path: Path) -> None:
    house = House(tmp_path)
    try:
        await house.start_sidecar()
        await house.start_home_assistant()
        await house.join()
        await eventually(lambda: house.instance.state(KEYWORD), timeout_s=30)
        await house.say()
        await house.arrived()

        house.network.cut()
        await hub_is(house, "off")
        await house.say()
        house.network.mend()
        await house.arrived()

        for kill in (False, True):
            await house.say()
            await house.end_sidecar(kill=kill)
            await house.start_sidecar()
            await house.say()
            await house.arrived()

        for kill in (False, True):
            if kill:
                await recorded_all(house)
            await house.end_home_assistant(kill=kill)
            await house.say()
            await house.start_home_assistant()
            await house.say()
            await house.arrived()

        await recorded_all(house)
        seen = await house.recorded()
        assert set(seen) == set(house.sent)
        assert set(seen.values()) == {1}, "some fired twice"
    finally:
        await house.close()


async def recorded_all(house: House) -> None:
    """Wait until the recorder has written down all that fired: it does so every second."""

    async def is_all() -> bool:
        seen = await house.recorded()
        lost, doubled = [hit for hit in house.sent if hit not in seen], [hit for hit, n in seen.items() if n > 1]
        assert not lost, f"of {len(house.sent)} sent, {len(lost)} lost, {len(doubled)} doubled"
        return True

    await eventually(is_all, timeout_s=15, interval_s=0.5)

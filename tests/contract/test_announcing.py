"""A real sidecar that others can reach is found by multicast DNS; one that only this machine reaches is not."""

from pathlib import Path

import aiohttp
import pytest

from custom_components.wallflower.client import WallflowerClient
from tests.support.mdns import Listener, listening
from tests.support.ports import free_port
from tests.support.sidecar import Sidecar, sidecar
from tests.support.waiting import eventually
from wallflower_sidecar.announcement import main_address

HERE = main_address()

pytestmark = pytest.mark.skipif(HERE is None, reason="this machine is in no network")


async def is_heard(listener: Listener, server: Sidecar) -> bool:
    server_id = (await server.request("GET", "/info"))["server_id"]
    return any(name.endswith(f"({server_id[-4:]})._wallflower._tcp.local.") for name in listener.present())


async def test_a_sidecar_bound_to_all_addresses_is_found_and_says_goodbye(tmp_path: Path) -> None:
    env = {"WALLFLOWER_HOST": "0.0.0.0"}
    async with listening(str(HERE)) as listener, aiohttp.ClientSession() as session:
        async with sidecar(tmp_path, free_port(), env=env) as server:
            await eventually(lambda: is_heard(listener, server), timeout_s=20)
            [name] = listener.present()
            told = (await listener.info(name)).decoded_properties
            found = await WallflowerClient(session, str(told["base_url"])).info()

        await eventually(lambda: name not in listener.present(), timeout_s=20)

    assert (found.server_id, found.version, str(found.api_version)) == (
        told["server_id"],
        told["version"],
        told["api_version"],
    )
    assert f"//{HERE}:" in str(told["base_url"])


@pytest.mark.parametrize("env", [{}, {"WALLFLOWER_HOST": "0.0.0.0", "WALLFLOWER_ANNOUNCE": "false"}])
async def test_a_sidecar_that_is_not_for_others_does_not_even_load_what_announces(
    tmp_path: Path, env: dict[str, str]
) -> None:
    async with sidecar(tmp_path, free_port(), env=env) as server:
        loaded = Path(f"/proc/{server.process.process.pid}/maps").read_text()

    assert "aiohttp" in loaded
    assert "zeroconf" not in loaded

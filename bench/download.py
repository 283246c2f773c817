"""Pictures and recordings from a sidecar, which are no JSON."""

import aiohttp

from tests.support.sidecar import Sidecar


async def download(server: Sidecar, path: str, timeout_s: float = 30.0) -> tuple[int, bytes]:
    """Return the status and body of a GET below `/api/v1`; 0 and the error's name when there is no answer."""
    headers = {"Authorization": f"Bearer {server.environment['WALLFLOWER_TOKEN']}"}
    try:
        async with (
            aiohttp.ClientSession(headers=headers, timeout=aiohttp.ClientTimeout(total=timeout_s)) as session,
            session.get(f"{server.url}/api/v1{path}") as answer,
        ):
            return answer.status, await answer.read()
    except (aiohttp.ClientError, TimeoutError) as error:
        return 0, type(error).__name__.encode()

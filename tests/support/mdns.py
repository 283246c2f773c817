"""Somebody in the local network who looks for sidecars."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from zeroconf import IPVersion, ServiceStateChange
from zeroconf.asyncio import AsyncServiceBrowser, AsyncServiceInfo, AsyncZeroconf

SERVICE_TYPE = "_wallflower._tcp.local."


class Listener:
    """Notes who comes and goes."""

    def __init__(self, zeroconf: AsyncZeroconf) -> None:
        self._zeroconf = zeroconf
        self.heard: list[tuple[str, ServiceStateChange]] = []

    def note(self, name: str, state_change: ServiceStateChange, **_: object) -> None:
        """Take in what the browser tells."""
        self.heard.append((name, state_change))

    def present(self) -> set[str]:
        """Return the names of those that are there."""
        last = dict(self.heard)
        return {name for name, change in last.items() if change is not ServiceStateChange.Removed}

    async def info(self, name: str) -> AsyncServiceInfo:
        """Ask what one of them says."""
        info = AsyncServiceInfo(SERVICE_TYPE, name)
        assert await info.async_request(self._zeroconf.zeroconf, 5000)
        return info


@asynccontextmanager
async def listening(address: str) -> AsyncIterator[Listener]:
    """Look for sidecars on the interface of an IPv4 address within the block."""
    zeroconf = AsyncZeroconf(interfaces=[address], ip_version=IPVersion.V4Only)
    listener = Listener(zeroconf)
    browser = AsyncServiceBrowser(zeroconf.zeroconf, SERVICE_TYPE, handlers=[listener.note])
    try:
        yield listener
    finally:
        await browser.async_cancel()
        await zeroconf.async_close()

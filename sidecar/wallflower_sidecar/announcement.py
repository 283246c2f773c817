"""Tells the local network by multicast DNS where the sidecar answers, so that Home Assistant finds it by itself."""

import asyncio
from collections.abc import AsyncGenerator, Iterable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
import ipaddress
import logging
import socket

import ifaddr
from zeroconf import IPVersion, ServiceInfo
from zeroconf.asyncio import AsyncZeroconf

LOGGER = logging.getLogger(__name__)

SERVICE_TYPE = "_wallflower._tcp.local."

LOOK_S = 60.0
"""How often the machine's addresses are looked at: one may come late, or change."""

WITHDRAW_S = 3.0
"""How long taking it back may take, at a stop too."""

_LONGEST_NAME = 63 - len(" (1234)")
_VERSIONS = {
    frozenset({4}): IPVersion.V4Only,
    frozenset({6}): IPVersion.V6Only,
    frozenset({4, 6}): IPVersion.All,
}
_ELSEWHERE = "203.0.113.1"

type Address = ipaddress.IPv4Address | ipaddress.IPv6Address


@dataclass(frozen=True, slots=True)
class Answerer:
    """Who answers, and on which bound addresses: `0.0.0.0` and `::` stand for all of the machine's.

    A part of the id tells sidecars of one host apart, however soon after each other they start.
    """

    server_id: str
    version: str
    api_version: int
    scheme: str
    port: int
    bound: tuple[str, ...]

    def service(self, addresses: Sequence[Address]) -> ServiceInfo:
        """Return the service as it is announced; `base_url` names the first address."""
        host = f"[{addresses[0]}]" if isinstance(addresses[0], ipaddress.IPv6Address) else str(addresses[0])
        mark = self.server_id[-4:]
        name = f"Wallflower on {socket.gethostname()}".replace(".", " ").encode()
        label = f"{name[:_LONGEST_NAME].decode(errors='ignore').strip()} ({mark})"
        texts = {
            "server_id": self.server_id,
            "version": self.version,
            "api_version": str(self.api_version),
            "base_url": f"{self.scheme}://{host}:{self.port}",
        }
        return ServiceInfo(
            SERVICE_TYPE,
            f"{label}.{SERVICE_TYPE}",
            port=self.port,
            addresses=[address.packed for address in addresses],
            properties=texts,
            server=f"wallflower-{self.server_id[-12:]}.local.",
        )


def reachable(bound: Iterable[str], own: Iterable[str], main: str | None = None) -> list[Address]:
    """Return at which addresses others reach those bound, `main` first, then IPv4; `own` are the machine's."""
    mine = [ipaddress.ip_address(each) for each in own]
    found: set[Address] = set()
    for each in map(ipaddress.ip_address, bound):
        found.update(
            [address for address in mine if address.version == each.version] if each.is_unspecified else [each]
        )
    return sorted(
        (address for address in found if not (address.is_loopback or address.is_link_local)),
        key=lambda address: (str(address) != main, address.version, address.packed),
    )


def own_addresses() -> list[str]:
    """Return all addresses of this machine."""
    return [ip.ip if isinstance(ip.ip, str) else ip.ip[0] for adapter in ifaddr.get_adapters() for ip in adapter.ips]


def main_address() -> str | None:
    """Return the IPv4 address by which this machine reaches other networks; nothing is sent to find out."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking, suppress(OSError):
        asking.connect((_ELSEWHERE, 9))
        address: str = asking.getsockname()[0]
        return address
    return None


@asynccontextmanager
async def announced(answerer: Answerer) -> AsyncGenerator[None]:
    """Announce `answerer` within the block."""
    announcing = asyncio.create_task(Announcement(answerer).run())
    try:
        yield
    finally:
        announcing.cancel()
        await asyncio.wait([announcing])


class Announcement:
    """Keeps the announcement up to the machine's addresses until it is cancelled; what fails is logged, once."""

    def __init__(self, answerer: Answerer, *, look_s: float = LOOK_S) -> None:
        """Announce `answerer`, looking at the machine's addresses that often."""
        self._answerer = answerer
        self._look_s = look_s
        self._addresses: list[Address] = []
        self._zeroconf: AsyncZeroconf | None = None
        self._failed = False

    async def run(self) -> None:
        """Announce until cancelled; then take it back."""
        try:
            while True:
                try:
                    await self._renew()
                except Exception as error:  # noqa: BLE001 - whatever fails here, the sidecar listens on
                    self._fail(error)
                await asyncio.sleep(self._look_s)
        finally:
            await self._withdraw()

    async def _renew(self) -> None:
        addresses = reachable(self._answerer.bound, await asyncio.to_thread(own_addresses), main_address())
        if addresses == self._addresses:
            return
        await self._withdraw()
        if addresses:
            await self._announce(addresses)
            LOGGER.info("Announced to the local network on %s", ", ".join(map(str, addresses)))
        self._addresses, self._failed = addresses, False

    async def _announce(self, addresses: Sequence[Address]) -> None:
        self._zeroconf = AsyncZeroconf(
            interfaces=[str(each) for each in addresses],
            ip_version=_VERSIONS[frozenset(address.version for address in addresses)],
        )
        # Awaited to its end: an announcement still under way would come after the withdrawal.
        await (await self._zeroconf.async_register_service(self._answerer.service(addresses), allow_name_change=True))

    async def _withdraw(self) -> None:
        zeroconf, self._zeroconf, self._addresses = self._zeroconf, None, []
        if zeroconf is not None:
            with suppress(OSError, TimeoutError):
                async with asyncio.timeout(WITHDRAW_S):
                    await zeroconf.async_close()

    def _fail(self, error: Exception) -> None:
        if not self._failed:
            LOGGER.warning("Not announced to the local network: %s %s", type(error).__name__, error)
        self._failed = True

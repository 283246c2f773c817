"""The sidecar tells the local network where it is: what it says, what it leaves out, and that it takes it back."""

import asyncio
import socket

import pytest

from tests.support.mdns import listening
from tests.support.waiting import eventually
from wallflower_sidecar import announcement
from wallflower_sidecar.announcement import SERVICE_TYPE, Announcement, Answerer, announced, main_address, reachable

HERE = "127.0.0.1"
SERVER_ID = "0190a5b2-1111-7000-8000-000000000001"


def answerer(*bound: str, server_id: str = SERVER_ID) -> Answerer:
    return Answerer(server_id, "1.2.3", 1, "https", 8953, bound)


@pytest.fixture
def loopback_is_a_network(monkeypatch: pytest.MonkeyPatch) -> None:
    """Multicast works on loopback everywhere; what is announced there in earnest is nothing."""
    monkeypatch.setattr(announcement, "reachable", lambda *_: reachable_on_loopback())


def reachable_on_loopback() -> list[announcement.Address]:
    return [announcement.ipaddress.ip_address(HERE)]


@pytest.mark.usefixtures("loopback_is_a_network")
async def test_who_listens_hears_where_the_sidecar_is_and_when_it_stops() -> None:
    async with listening(HERE) as listener:
        async with announced(answerer(HERE)):
            await eventually(listener.present, timeout_s=15)
            [name] = listener.present()
            info = await listener.info(name)

        await eventually(lambda: not listener.present(), timeout_s=15)

    assert name.startswith("Wallflower on ")
    assert (info.port, info.parsed_addresses()) == (8953, [HERE])
    assert info.decoded_properties == {
        "server_id": SERVER_ID,
        "version": "1.2.3",
        "api_version": "1",
        "base_url": f"https://{HERE}:8953",
    }


@pytest.mark.usefixtures("loopback_is_a_network")
async def test_two_sidecars_of_one_host_are_told_apart() -> None:
    async with (
        listening(HERE) as listener,
        announced(answerer(HERE)),
        announced(answerer(HERE, server_id="0290a5b2-2222-7000-8000-000000000002")),
    ):
        await eventually(lambda: len(listener.present()) == 2, timeout_s=30)
        infos = [await listener.info(name) for name in listener.present()]

    assert len({info.decoded_properties["server_id"] for info in infos}) == 2
    assert len({info.server for info in infos}) == 2


@pytest.mark.parametrize(
    ("bound", "main", "addresses"),
    [
        (["127.0.0.1"], None, []),
        (["127.0.0.1", "::1"], None, []),
        (["192.168.1.5"], None, ["192.168.1.5"]),
        (["0.0.0.0"], None, ["172.17.0.1", "192.168.1.5"]),
        (["0.0.0.0"], "192.168.1.5", ["192.168.1.5", "172.17.0.1"]),
        (["::"], "192.168.1.5", ["fd00::2"]),
        (["0.0.0.0", "::"], "192.168.1.5", ["192.168.1.5", "172.17.0.1", "fd00::2"]),
    ],
)
def test_what_is_announced_is_what_others_reach(bound: list[str], main: str | None, addresses: list[str]) -> None:
    own = ["127.0.0.1", "::1", "169.254.7.7", "192.168.1.5", "172.17.0.1", "fd00::2", "fe80::1"]

    assert [str(address) for address in reachable(bound, own, main)] == addresses


def test_an_ipv6_address_stands_in_brackets_and_a_long_host_name_still_fits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket, "gethostname", lambda: "küche." * 20)

    service = answerer("::").service(reachable(["fd00::2"], []))

    assert service.decoded_properties["base_url"] == "https://[fd00::2]:8953"
    label = service.name.removesuffix(f".{SERVICE_TYPE}")
    assert len(label.encode()) <= 63
    assert "." not in label


def test_the_main_address_is_one_of_this_machine_or_unknown() -> None:
    main = main_address()

    assert main is None or main in announcement.own_addresses()


async def test_on_loopback_alone_nothing_is_announced(monkeypatch: pytest.MonkeyPatch) -> None:
    looked = asyncio.Event()

    def own_addresses() -> list[str]:
        looked.set()
        return [HERE]

    monkeypatch.setattr(announcement, "own_addresses", own_addresses)
    monkeypatch.setattr(announcement, "AsyncZeroconf", None)

    async with announced(answerer("0.0.0.0")):
        await looked.wait()


async def test_an_address_that_comes_late_or_changes_is_announced_and_a_failure_is_said_once(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Networks that come, go and fail cannot be had on purpose here: the library is played."""
    network = PlayedNetwork()
    monkeypatch.setattr(announcement, "own_addresses", lambda: list(network.own))
    monkeypatch.setattr(announcement, "AsyncZeroconf", network.open)
    monkeypatch.setattr(announcement, "main_address", lambda: None)
    running = asyncio.create_task(Announcement(answerer("0.0.0.0"), look_s=0.001).run())

    await network.becomes(["192.168.1.5"])
    await network.becomes(["192.168.1.9"])
    network.fault = OSError("no such device")
    network.own[:] = ["10.0.0.1"]
    await eventually(lambda: network.failures >= 3)
    assert network.announced == []
    assert [record.message for record in caplog.records if "Not announced" in record.message] == [
        "Not announced to the local network: OSError no such device"
    ]
    network.fault = None
    await eventually(lambda: network.announced == ["10.0.0.1"])
    running.cancel()
    await asyncio.wait([running])

    assert running.cancelled()
    assert network.announced == []


class PlayedNetwork:
    def __init__(self) -> None:
        self.own: list[str] = []
        self.announced: list[str] = []
        self.fault: OSError | None = None
        self.failures = 0

    async def becomes(self, own: list[str]) -> None:
        self.own[:] = own
        await eventually(lambda: self.announced == own)

    def open(self, *, interfaces: list[str], **_: object) -> PlayedZeroconf:
        if self.fault is not None:
            self.failures += 1
            raise self.fault
        return PlayedZeroconf(self, interfaces)


class PlayedZeroconf:
    def __init__(self, network: PlayedNetwork, interfaces: list[str]) -> None:
        self._network, self._interfaces = network, interfaces

    async def async_register_service(self, *_: object, **__: object) -> asyncio.Future[None]:
        self._network.announced = self._interfaces
        done = asyncio.get_running_loop().create_future()
        done.set_result(None)
        return done

    async def async_close(self) -> None:
        self._network.announced = []

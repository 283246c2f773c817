"""One real service for all API tests of a run; each test uses streams and addresses of its own."""

from collections.abc import Callable, Generator
import itertools

import pytest

from .api_client import Api, Background, running_api


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Generator[tuple[Api, Background]]:
    """A server that runs for the whole session."""
    with running_api(tmp_path_factory.mktemp("api")) as running:
        yield running


@pytest.fixture(scope="session")
def api(server: tuple[Api, Background]) -> Api:
    """Its client, an admin's."""
    return server[0]


@pytest.fixture(autouse=True)
def _no_streams_left(request: pytest.FixtureRequest) -> Generator[None]:
    """Each test begins without streams: they are few, and each 30 of them have a process."""
    yield
    if "api" in request.fixturenames:
        api: Api = request.getfixturevalue("api")
        for stream in api.ask("GET", "/streams?limit=1000").document["items"]:
            api.ask("DELETE", f"/streams/{stream['id']}")


@pytest.fixture(scope="session")
def background(server: tuple[Api, Background]) -> Background:
    """Its service and loop."""
    return server[1]


@pytest.fixture(scope="session")
def new_id() -> Callable[[], str]:
    """Makes stream ids that no other test uses."""
    numbers = itertools.count(1)
    return lambda: f"cam-{next(numbers)}"


@pytest.fixture
def make_stream(api: Api, new_id: Callable[[], str]) -> Callable[..., str]:
    """Makes a stream that is switched off unless asked otherwise; returns its id."""

    def make(**fields: object) -> str:
        stream = new_id()
        body = {"name": "A camera", "url": "rtsp://camera.invalid/live", "enabled": False, **fields}
        answer = api.ask("PUT", f"/streams/{stream}", body)
        assert answer.status == 201, answer
        return stream

    return make

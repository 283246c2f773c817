"""The integration's client against the real sidecar: what one writes, the other reads."""

import asyncio
from collections.abc import AsyncIterator, Callable

import aiohttp
import pytest

from custom_components.wallflower.answers import json_object
from custom_components.wallflower.client import WallflowerClient
from custom_components.wallflower.connection import Connection
from custom_components.wallflower.exceptions import (
    AuthenticationError,
    ForbiddenError,
    NotFoundError,
    RequestRefusedError,
    WallflowerConnectionError,
)
from custom_components.wallflower.films import Film
from custom_components.wallflower.heard import Hit, Recording, Segment
from custom_components.wallflower.languages import LANGUAGES
from custom_components.wallflower.models import Measures, Rule
from tests.contract.api_client import TOKEN, Api, Background, take_in
from tests.support.clips import Picture, camera_clip
from tests.support.footage import film
from tests.support.waiting import eventually
from wallflower_sidecar.domain.languages import LANGUAGES as KNOWN_TO_THE_SIDECAR

PRIVATE = "open sesame"
HELP = Rule(id="help", name="Help!", phrases=("help",), excluded=("no help",), cooldown_s=0, min_confidence=0.2)


@pytest.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as session:
        yield session


@pytest.fixture
def url(api: Api) -> str:
    return f"http://127.0.0.1:{api.port}"


@pytest.fixture
async def client(session: aiohttp.ClientSession, url: str, background: Background) -> WallflowerClient:
    """A client that was paired as a person pairs it."""
    code = background.call(background.service.access.new_pairing_code()).code
    return WallflowerClient(session, url, await WallflowerClient(session, url).pair(code))


def document(**fields: object) -> dict[str, object]:
    owned = {
        "name": "Porch",
        "url": "rtsp://user:pass@camera.invalid/1",
        "transport": "tcp",
        "keywords": [HELP.to_document()],
        "store": "all",
        "retain_days": 30,
    }
    return owned | fields


async def test_a_pairing_opens_all_that_the_integration_needs(client: WallflowerClient) -> None:
    await client.check_access()

    info = await client.info()
    assert (info.api_version, bool(info.server_id)) == (1, True)


async def test_a_wrong_code_and_a_wrong_token_are_told_apart_from_a_dead_sidecar(
    session: aiohttp.ClientSession, url: str
) -> None:
    with pytest.raises(AuthenticationError):
        await WallflowerClient(session, url).pair("000000")
    with pytest.raises(AuthenticationError):
        await WallflowerClient(session, url, "wrong").check_access()
    with pytest.raises(WallflowerConnectionError):
        await WallflowerClient(session, "http://127.0.0.1:9").info()


async def test_a_stream_comes_back_as_it_was_sent_but_for_its_password(
    client: WallflowerClient, new_id: Callable[[], str]
) -> None:
    stream_id = new_id()

    stream, created = await client.put_stream(stream_id, document())

    assert created
    assert (stream.id, stream.name, stream.store, stream.retain_days) == (stream_id, "Porch", "all", 30)
    assert stream.keywords == (HELP,)
    assert stream.url == "rtsp://user:***@camera.invalid/1"
    assert await client.streams() == [stream] or (await client.streams())[0].id == stream_id
    assert (await client.patch_stream(stream_id, {"transcribe": False})).transcribe is False
    assert (await client.put_stream(stream_id, document(url="rtsp://user:***@camera.invalid/2")))[1] is False
    await client.restart_stream(stream_id)
    await client.delete_stream(stream_id)
    with pytest.raises(NotFoundError):
        await client.delete_stream(stream_id)


async def test_a_refusal_names_the_field(client: WallflowerClient, new_id: Callable[[], str]) -> None:
    with pytest.raises(RequestRefusedError) as refused:
        await client.put_stream(new_id(), document(url="http://camera.invalid/"))

    assert (refused.value.status, [fault.path for fault in refused.value.faults]) == (422, ["url"])


async def test_a_rule_is_checked_without_being_kept_and_the_rules_of_the_house_are_replaced(
    client: WallflowerClient,
) -> None:
    await client.check_rule(HELP)
    for wrong in (Rule("x", "x", ("(a+)+$",), match="regex"), Rule("x", "x", ("ok", "("), match="regex")):
        with pytest.raises(RequestRefusedError) as refused:
            await client.check_rule(wrong)
        assert refused.value.status == 422
        assert [fault.path for fault in refused.value.faults] == [f"rule.phrases[{len(wrong.phrases) - 1}]"]
        assert refused.value.faults[0].message
    assert await client.house_rules() == ()

    await client.set_house_rules([HELP])
    assert await client.house_rules() == (HELP,)
    await client.set_house_rules([])


async def test_what_is_said_arrives_as_an_event_and_again_after_a_gap(
    client: WallflowerClient, new_id: Callable[[], str]
) -> None:
    stream_id = new_id()
    await client.put_stream(stream_id, document())
    types = ["transcript.final", "keyword.detected"]
    before = await client.newest_event_id(types)

    async with client.events(types, before) as events:
        await client.simulate(stream_id, "please help me")
        async with asyncio.timeout(10):
            live = [await anext(events), await anext(events)]
    async with client.events(types, before) as events, asyncio.timeout(10):
        again = [await anext(events), await anext(events)]

    assert again == live
    segment = Segment.from_document(json_object(live[0].data))
    hit = Hit.from_document(json_object(live[1].data))
    assert [event.type for event in live] == types
    assert (segment.text, segment.stream) == ("please help me", stream_id)
    assert (hit.rule_id, hit.rule_name, hit.phrase, hit.segment) == ("help", "Help!", "help", segment.id)
    assert await client.archive.latest_segment(stream_id) == segment


async def test_nothing_is_held_of_a_stream_that_stores_nothing(
    client: WallflowerClient, new_id: Callable[[], str]
) -> None:
    stream_id = new_id()
    await client.put_stream(stream_id, document(store="nothing"))
    types = ["transcript.final", "keyword.detected"]
    before = await client.newest_event_id(types)

    async with client.events(types, before) as events:
        await client.simulate(stream_id, f"help, {PRIVATE}")
        async with asyncio.timeout(10):
            live = [await anext(events), await anext(events)]

    other = new_id()
    await client.put_stream(other, document())
    await client.simulate(other, "something else")
    async with client.events(types, before) as events, asyncio.timeout(10):
        first_stored = await anext(events)

    assert [event.id for event in live] == [None, None]
    assert json_object(first_stored.data)["stream"] == other
    assert await client.archive.latest_segment(stream_id) is None


async def test_what_was_filmed_is_listed_and_read_in_part(
    client: WallflowerClient, background: Background, new_id: Callable[[], str]
) -> None:
    stream_id = new_id()
    await client.put_stream(stream_id, document())
    root = background.service.recordings.root
    files = film(root, camera_clip(None, Picture(width=320, height=180)), stream=stream_id, count=2)
    take_in(background, stream_id, files)

    async def all_listed() -> list[Recording] | None:
        found = await client.archive.recordings(stream_id)
        return found if len(found) == len(files) else None

    newest, oldest = await eventually(all_listed)
    assert (oldest.start, oldest.end, oldest.kind) == (files[0].start, files[0].end, "segment")
    assert await client.archive.recordings(stream_id, end=newest.start, limit=1) == [oldest]
    for start, end, of in (
        (oldest.start, None, oldest.id),
        (oldest.start, newest.start, None),
    ):
        source = await Film(start, end, of).source(client.archive, stream_id)
        assert source
        async with client.archive.film(*source, {"Range": "bytes=4-7"}) as answer:
            assert (answer.status, await answer.read()) == (206, b"ftyp")
    assert await Film(newest.start, id=oldest.id).source(client.archive, stream_id) is None


async def test_a_probe_says_what_is_wrong(client: WallflowerClient) -> None:
    with pytest.raises(RequestRefusedError) as refused:
        await client.probe("rtsp://127.0.0.1:9/x", "auto")

    assert refused.value.code == "connection_refused"
    assert "refused" in refused.value.detail


async def test_a_paired_client_may_not_make_tokens(session: aiohttp.ClientSession, client: WallflowerClient) -> None:
    with pytest.raises(ForbiddenError):
        await client._connection.json("GET", "tokens")
    assert await Connection(session, str(client._connection._api.parent.parent), TOKEN).json("GET", "tokens")


def test_the_sidecar_takes_each_language_that_can_be_chosen_and_no_other() -> None:
    assert set(LANGUAGES) == KNOWN_TO_THE_SIDECAR


async def test_the_rules_of_the_house_the_measures_and_the_condition_can_be_read(
    client: WallflowerClient, api: Api, new_id: Callable[[], str]
) -> None:
    stream_id = new_id()
    await client.put_stream(stream_id, document())
    api.ask("PUT", "/keywords/rules", {"items": [HELP.to_document()]})

    assert await client.house_rules() == (HELP,)
    assert (await client.measures())[stream_id] == Measures(lag_s=0.0, dropped_s=0.0, level_dbfs=None)
    condition = await client.condition()
    assert condition.transcriber is not None
    assert condition.transcriber.state
    assert (await client.info()).started_at is not None

    api.ask("PUT", "/keywords/rules", {"items": []})
    await client.delete_stream(stream_id)

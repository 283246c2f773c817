"""Makes the sidecar's streams what the subentries say, and touches nothing else of them."""

from collections.abc import Mapping
import hashlib
from http import HTTPStatus
import logging
from typing import TYPE_CHECKING, Any

from homeassistant.config_entries import ConfigSubentry
from homeassistant.const import CONF_NAME, CONF_URL

from .camera_url import CameraUrl
from .client import WallflowerClient
from .const import CONF_KEYWORDS, CONF_RETAIN_DAYS, CONF_STORE, CONF_TRANSPORT, SUBENTRY_STREAM
from .exceptions import NotFoundError, RequestRefusedError
from .journal import Journal
from .models import Rule, Stream

if TYPE_CHECKING:
    from .coordinator import WallflowerConfigEntry

_LOGGER = logging.getLogger(__name__)

MAX_NAME = 100

_FAULT_OF_ONE_STREAM = frozenset({HTTPStatus.CONFLICT, HTTPStatus.CONTENT_TOO_LARGE, HTTPStatus.UNPROCESSABLE_CONTENT})


def stream_subentries(entry: WallflowerConfigEntry) -> dict[str, ConfigSubentry]:
    """Return the cameras of a hub by their stream id."""
    return {
        subentry.unique_id: subentry
        for subentry in entry.subentries.values()
        if subentry.subentry_type == SUBENTRY_STREAM and subentry.unique_id is not None
    }


def rules_of(subentry: ConfigSubentry) -> tuple[Rule, ...]:
    """Return the keyword rules of a camera."""
    return tuple(Rule.from_document(document) for document in subentry.data[CONF_KEYWORDS])


async def reconcile(
    client: WallflowerClient, entry: WallflowerConfigEntry, journal: Journal, addresses: Mapping[str, str]
) -> dict[str, Stream]:
    """Bring the sidecar to what is configured here; returns all its streams by id.

    A stream without an address keeps the one that it has there, and is not made as long as it has none.
    A stream that the sidecar refuses is logged and left out; everything else that goes wrong is raised.
    """
    wanted = stream_subentries(entry)
    streams = {stream.id: stream for stream in await client.streams()}
    for stream_id in sorted(journal.created - wanted.keys()):
        await _remove(client, stream_id, journal)
        streams.pop(stream_id, None)
    for stream_id, subentry in wanted.items():
        if stream_id not in streams and stream_id not in addresses:
            continue
        try:
            streams[stream_id] = await bring(
                client, subentry, addresses.get(stream_id), streams.get(stream_id), journal
            )
        except RequestRefusedError as error:
            if error.status not in _FAULT_OF_ONE_STREAM:
                raise
            fields = ", ".join(fault.path for fault in error.faults) or "no field named"
            _LOGGER.warning("The sidecar refuses the camera %s: %s (%s)", stream_id, error.code, fields)
    return streams


async def _remove(client: WallflowerClient, stream_id: str, journal: Journal) -> None:
    try:
        await client.delete_stream(stream_id)
    except NotFoundError:
        _LOGGER.debug("The camera %s was gone already", stream_id)
    journal.created.discard(stream_id)
    journal.sent_urls.pop(stream_id, None)
    await journal.async_save()


async def bring(
    client: WallflowerClient, subentry: ConfigSubentry, url: str | None, existing: Stream | None, journal: Journal
) -> Stream:
    """Bring one stream to what is configured; without a `url` it keeps the one that it has."""
    stream_id = str(subentry.unique_id)
    wanted = _owned(subentry, url)
    if existing is None:
        return await _create(client, stream_id, wanted, journal)
    changes = _differences(wanted, existing, journal.sent_urls.get(stream_id))
    if not changes:
        return existing
    stream = await client.patch_stream(stream_id, changes)
    if CONF_URL in wanted:
        await _note_sent(stream_id, wanted[CONF_URL], journal)
    return stream


def was_sent(stream_id: str, url: str, journal: Journal) -> bool:
    """Whether this address of a stream is the one that was sent last."""
    return journal.sent_urls.get(stream_id) == _fingerprint(url)


async def _create(client: WallflowerClient, stream_id: str, wanted: Mapping[str, Any], journal: Journal) -> Stream:
    # Noted before it is done: should the answer be lost, the stream is still known to be ours.
    is_ours = stream_id in journal.created
    journal.created.add(stream_id)
    await journal.async_save()
    stream, created = await client.put_stream(stream_id, wanted)
    if not (created or is_ours):
        journal.created.discard(stream_id)
    await _note_sent(stream_id, wanted[CONF_URL], journal)
    return stream


async def _note_sent(stream_id: str, url: str, journal: Journal) -> None:
    journal.sent_urls[stream_id] = _fingerprint(url)
    await journal.async_save()


def _owned(subentry: ConfigSubentry, url: str | None) -> dict[str, Any]:
    """Return the fields of a stream that belong to its subentry, as a request carries them."""
    owned = {
        CONF_NAME: subentry.title[:MAX_NAME],
        CONF_TRANSPORT: subentry.data[CONF_TRANSPORT],
        CONF_KEYWORDS: [rule.to_document() for rule in rules_of(subentry)],
        CONF_STORE: subentry.data[CONF_STORE],
        CONF_RETAIN_DAYS: subentry.data[CONF_RETAIN_DAYS],
    }
    return owned if url is None else owned | {CONF_URL: url}


def _differences(wanted: Mapping[str, Any], stream: Stream, sent_url: str | None) -> dict[str, Any]:
    existing = {
        CONF_NAME: stream.name,
        CONF_TRANSPORT: stream.transport,
        CONF_KEYWORDS: [rule.to_document() for rule in stream.keywords],
        CONF_STORE: stream.store,
        CONF_RETAIN_DAYS: stream.retain_days,
    }
    changes = {name: wanted[name] for name, value in existing.items() if wanted[name] != value}
    if CONF_URL in wanted and _url_differs(wanted[CONF_URL], stream, sent_url):
        changes[CONF_URL] = wanted[CONF_URL]
    return changes


def _url_differs(url: str, stream: Stream, sent_url: str | None) -> bool:
    """Compare addresses whose password the sidecar does not show: what was sent last stands for it.

    A camera that refuses its password is sent it once more, for a sidecar that was restored from an old backup.
    """
    camera, shown = CameraUrl.parse(url), CameraUrl.parse(stream.url)
    if not camera.is_shown_as(shown):
        return True
    is_known_here = shown.is_masked and not camera.is_masked
    return is_known_here and (sent_url != _fingerprint(url) or stream.status.state == "auth_failed")


def _fingerprint(url: str) -> str:
    return hashlib.sha256(url.encode()).hexdigest()

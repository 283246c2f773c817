"""Actions on one camera: what was said, clips, recording by hand, keywords, a new try."""

from collections.abc import AsyncIterator
from datetime import datetime
from pathlib import Path

from homeassistant.core import HomeAssistant, ServiceCall, ServiceResponse
from homeassistant.exceptions import ServiceValidationError
from homeassistant.util import dt as dt_util, slugify
from homeassistant.util.uuid import random_uuid_hex

from .action_fields import (
    ATTR_CONFIDENCE,
    ATTR_FILENAME,
    ATTR_FORMAT,
    ATTR_KEYWORDS,
    ATTR_STORE,
    ATTR_TEXT,
    span_of,
)
from .const import CONF_KEYWORDS, DOMAIN
from .keyword_rules import PhraseError, rules_from_phrases
from .reconcile import rules_of
from .requesting import asked
from .targets import TargetedCamera

CLIP_FOLDER = "wallflower"


async def async_get_transcript(camera: TargetedCamera, call: ServiceCall) -> ServiceResponse:
    """Return what was said in a time, oldest first."""
    begin, end = span_of(call)
    archive, form = camera.client.archive, call.data[ATTR_FORMAT]
    with asked():
        if form != "json":
            exported = await archive.export([camera.stream_id], form if form != "text" else "txt", begin, end)
            return {"text": exported.decode()}
        segments, truncated = await archive.all_segments(camera.stream_id, begin=begin, end=end)
    return {"segments": [each.to_response() for each in reversed(segments)], "truncated": truncated}


async def async_simulate_speech(camera: TargetedCamera, call: ServiceCall) -> ServiceResponse:
    """Take a text as if it had been said; answer which rules it fired."""
    with asked():
        answer = await camera.client.simulate(
            camera.stream_id,
            call.data[ATTR_TEXT],
            confidence=call.data.get(ATTR_CONFIDENCE),
            store=call.data[ATTR_STORE],
        )
    return {"keywords": [str(hit["rule"]["name"]) for hit in answer["hits"]]}


async def async_set_keywords(camera: TargetedCamera, call: ServiceCall) -> ServiceResponse:
    """Listen for these phrases from now on; a rule whose name stays keeps its settings."""
    try:
        rules = rules_from_phrases(call.data[ATTR_KEYWORDS], rules_of(camera.subentry))
    except PhraseError as error:
        raise ServiceValidationError(translation_domain=DOMAIN, translation_key=str(error)) from error
    documents = [rule.to_document() for rule in rules]
    with asked():
        await camera.client.patch_stream(camera.stream_id, {"keywords": documents})
    call.hass.config_entries.async_update_subentry(
        camera.entry,
        camera.subentry,
        data={**camera.subentry.data, CONF_KEYWORDS: documents},
    )
    return {"keywords": [rule.name for rule in rules]}


async def async_start_recording(camera: TargetedCamera, _: ServiceCall) -> None:
    """Record by hand, beside the mode."""
    await _async_record(camera, on=True)


async def async_stop_recording(camera: TargetedCamera, _: ServiceCall) -> None:
    """Record by hand no longer."""
    await _async_record(camera, on=False)


async def async_restart_stream(camera: TargetedCamera, _: ServiceCall) -> None:
    """Try the camera again now."""
    with asked():
        await camera.client.restart_stream(camera.stream_id)


async def async_save_clip(camera: TargetedCamera, call: ServiceCall) -> ServiceResponse:
    """Write what was recorded in a time into the media folder; a file that is there already is never replaced."""
    begin, end = span_of(call)
    path, media_id = _clip_path(call.hass, call.data.get(ATTR_FILENAME), camera.subentry.title, begin)
    params = {"stream": camera.stream_id, "from": begin.isoformat(), "to": end.isoformat()}
    with asked():
        async with camera.client.archive.film("clips", params, {}) as answer:
            try:
                size = await _async_write(call.hass, path, answer.content.iter_chunked(2**20))
            except FileExistsError as error:
                raise ServiceValidationError(
                    translation_domain=DOMAIN,
                    translation_key="file_exists",
                    translation_placeholders={"path": str(path)},
                ) from error
            except OSError as error:
                raise ServiceValidationError(
                    translation_domain=DOMAIN,
                    translation_key="file_not_written",
                    translation_placeholders={"path": str(path), "error": str(error.strerror)},
                ) from error
    return {"path": str(path), "media_content_id": media_id, "bytes": size}


async def _async_record(camera: TargetedCamera, *, on: bool) -> None:
    with asked():
        await camera.client.record_by_hand(camera.stream_id, on=on)


def _clip_path(hass: HomeAssistant, wanted: str | None, title: str, begin: datetime) -> tuple[Path, str]:
    """Return the file below the local media folder and its media id; raises ServiceValidationError."""
    if not (media := hass.config.media_dirs.get("local")):
        raise ServiceValidationError(translation_domain=DOMAIN, translation_key="no_media_folder")
    name = wanted or f"{slugify(title)}/{dt_util.as_local(begin):%Y-%m-%d_%H-%M-%S}.mp4"
    relative = Path(CLIP_FOLDER) / name
    if relative.suffix != ".mp4" or any(part in {"..", "~"} for part in relative.parts) or Path(name).is_absolute():
        raise ServiceValidationError(translation_domain=DOMAIN, translation_key="wrong_filename")
    return Path(media) / relative, f"media-source://media_source/local/{relative}"


async def _async_write(hass: HomeAssistant, path: Path, chunks: AsyncIterator[bytes]) -> int:
    """Write a file that appears whole or not at all; returns its size, raises OSError."""
    # Of its own, as two may save the same time at once.
    part = path.with_name(f".{path.name}.{random_uuid_hex()}.part")

    def refuse_taken() -> None:
        if path.exists():
            raise FileExistsError(path)

    def begin() -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        refuse_taken()
        part.write_bytes(b"")

    def add(chunk: bytes) -> int:
        with part.open("ab") as file:
            return file.write(chunk)

    def end() -> None:
        refuse_taken()
        part.rename(path)

    size = 0
    await hass.async_add_executor_job(begin)
    try:
        async for chunk in chunks:
            size += await hass.async_add_executor_job(add, chunk)
        await hass.async_add_executor_job(end)
    except BaseException:
        await hass.async_add_executor_job(part.unlink, True)
        raise
    return size

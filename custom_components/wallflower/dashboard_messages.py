"""What dashboards are told, as it stands on Home Assistant's WebSocket."""

from datetime import datetime
from typing import TYPE_CHECKING

from homeassistant.core import HomeAssistant

from .dashboard_request import Message
from .heard import Confirmed, Forgotten, Gap, Hit, Partial, Segment
from .permissions import camera_entity_id
from .targets import TargetedCamera

if TYPE_CHECKING:
    from .coordinator import WallflowerCoordinator


def camera_message(hass: HomeAssistant, camera: TargetedCamera, coordinator: WallflowerCoordinator | None) -> Message:
    """A camera with its state, which nobody knows while its hub is not loaded."""
    stream = None if coordinator is None else coordinator.data.streams.get(camera.stream_id)
    status = None if stream is None else stream.status
    connected = coordinator is not None and coordinator.last_update_success
    return {
        **_of(camera),
        "name": camera.subentry.title,
        "entity_id": camera_entity_id(hass, camera.subentry),
        "hub": camera.entry.entry_id,
        "hub_state": camera.entry.state.value,
        "connected": connected,
        "state": status and status.state,
        "since": status and _written(status.since),
        "listening": connected and stream is not None and stream.is_heard,
        "paused": stream is not None and not stream.transcribe,
        "transcription": status and status.transcription,
        "speaking": status is not None and status.speaking,
        "error": status and status.error and {"code": status.error.code, "message": status.error.message},
    }


def found_message(camera: TargetedCamera, segment: Segment) -> Message:
    """A sentence that was found."""
    return {**_of(camera), **segment.to_response(), "highlight": segment.highlight}


def keyword_message(camera: TargetedCamera, hit: Hit) -> Message:
    """What a keyword rule found."""
    return {
        **_of(camera),
        "hit": hit.id,
        "rule": hit.rule_id,
        **hit.to_response(),
        "speaker": hit.speaker,
        "source": hit.source,
        "state": hit.state,
    }


def heard_message(camera: TargetedCamera, heard: Hit | Confirmed | Segment | Partial | Forgotten | Gap) -> Message:
    """What is told of a camera to those who follow it, by its type."""
    match heard:
        case Segment():
            return {"type": "final", **_of(camera), "utterance": heard.utterance, **heard.to_response()}
        case Partial():
            said = {"utterance": heard.utterance, "start": _written(heard.start), "text": heard.text}
            return {"type": "partial", **_of(camera), **said}
        case Confirmed():
            return {"type": "keyword", **keyword_message(camera, heard.hit)}
        case Hit():
            return {"type": "keyword", **keyword_message(camera, heard)}
        case Forgotten():
            return {"type": "forgotten", **_of(camera), **_range(heard.begin, heard.end)}
        case Gap():
            return {"type": "gap", **_of(camera), **_range(heard.begin, heard.end)}


def _of(camera: TargetedCamera) -> Message:
    return {"camera": camera.subentry.subentry_id, "stream": camera.stream_id}


def _range(begin: datetime | None, end: datetime | None) -> Message:
    return {"start_time": _written(begin), "end_time": _written(end)}


def _written(at: datetime | None) -> str | None:
    return None if at is None else at.isoformat(timespec="milliseconds")

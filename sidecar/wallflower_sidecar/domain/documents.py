"""The JSON shapes of the contract's objects, made from domain values."""

from datetime import datetime
from typing import Any

from .camera_url import mask
from .clock import format_time
from .health import Check, TranscriberInfo, worst
from .keywords import Hit, Rule, RuleFault
from .recordings import RecordingItem
from .streams import AudioInfo, Recording, Stream, StreamError, StreamStatus, VideoInfo
from .transcripts import Segment, Speaker

type Document = dict[str, Any]


def rule_document(rule: Rule) -> Document:
    """The contract's Rule."""
    document: Document = {
        "id": rule.id,
        "name": rule.name,
        "phrases": list(rule.phrases),
        "match": rule.match.value,
        "not": list(rule.excluded),
        "min_confidence": rule.min_confidence,
        "cooldown_s": rule.cooldown_s,
        "speakers": list(rule.speakers),
        "early": rule.early,
    }
    if rule.threshold is not None:
        document["threshold"] = rule.threshold
    return document


def recording_document(recording: Recording) -> Document:
    """The recording settings of a Stream."""
    return {
        "mode": recording.mode.value,
        "retain_days": recording.retain_days,
        "retain_bytes": recording.retain_bytes,
        "pre_s": recording.pre_s,
        "post_s": recording.post_s,
    }


def recording_item_document(item: RecordingItem) -> Document:
    """The contract's Recording."""
    return {
        "id": item.id,
        "stream": item.stream,
        "start": format_time(item.start),
        "end": format_time(item.end),
        "bytes": item.bytes,
        "kind": item.kind.value,
    }


def stream_document(stream: Stream, status: StreamStatus) -> Document:
    """The contract's Stream, its password masked."""
    return {
        "id": stream.id,
        "name": stream.name,
        "url": mask(stream.url),
        "transport": stream.transport.value,
        "enabled": stream.enabled,
        "transcribe": stream.transcribe,
        "language": stream.language,
        "keywords": [rule_document(rule) for rule in stream.keywords],
        "store": stream.store.value,
        "retain_days": stream.retain_days,
        "recording": recording_document(stream.recording),
        "certificate": stream.certificate,
        "status": status_document(status),
    }


def error_document(error: StreamError) -> Document:
    """A stream error as `status.error` shows it."""
    return {"code": error.code, "message": error.message, "at": format_time(error.at)}


def status_document(status: StreamStatus) -> Document:
    """The contract's status of a Stream."""
    return {
        "state": status.state.value,
        "since": format_time(status.since),
        "error": error_document(status.error) if status.error else None,
        "next_retry_at": _time(status.next_retry_at),
        "reconnects": status.reconnects,
        "video": video_document(status.video),
        "audio": audio_document(status.audio),
        "speaking": status.speaking,
        "recording": status.recording,
        "transcription": {
            "state": status.transcription.state.value,
            "lag_s": round(status.transcription.lag_s, 3),
            "dropped_s": round(status.transcription.dropped_s, 3),
            "suppressed": status.transcription.suppressed,
            "dropped_drafts": status.transcription.dropped_drafts,
        },
        "last_transcript_at": _time(status.last_transcript_at),
        "rule_faults": [rule_fault_document(fault) for fault in status.rule_faults],
    }


def rule_fault_document(fault: RuleFault) -> Document:
    """A rule that does not work, as a stream's status and the rules of all streams show it."""
    return {"rule": fault.rule, "message": fault.message}


def video_document(video: VideoInfo | None) -> Document | None:
    """The picture of a status or a probe."""
    if video is None:
        return None
    return {"codec": video.codec, "width": video.width, "height": video.height, "fps": video.fps}


def audio_document(audio: AudioInfo | None) -> Document | None:
    """The sound of a status or a probe."""
    if audio is None:
        return None
    return {"codec": audio.codec, "sample_rate": audio.sample_rate, "level_dbfs": audio.level_dbfs}


def segment_document(segment: Segment) -> Document:
    """The contract's Segment."""
    return {
        "id": segment.id,
        "stream": segment.stream,
        "start": format_time(segment.start),
        "end": format_time(segment.end),
        "text": segment.text,
        "language": segment.language,
        "confidence": round(segment.confidence, 4),
        "speaker": _speaker(segment.speaker),
        "words": [
            {
                "word": word.word,
                "start": format_time(word.start),
                "end": format_time(word.end),
                "probability": round(word.probability, 4),
            }
            for word in segment.words
        ],
        "source": segment.source.value,
    }


def hit_document(hit: Hit) -> Document:
    """The contract's Hit."""
    return {
        "id": hit.id,
        "stream": hit.stream,
        "rule": {"id": hit.rule_id, "name": hit.rule_name},
        "phrase": hit.phrase,
        "text": hit.text,
        "start": format_time(hit.start),
        "end": format_time(hit.end),
        "confidence": round(hit.confidence, 4),
        "speaker": _speaker(hit.speaker),
        "segment": hit.segment,
        "state": hit.state.value,
        "source": hit.source.value,
    }


def health_document(checks: list[Check], *, private: bool) -> Document:
    """The `/health` answer; without `private` the details stay out."""
    return {
        "status": worst(checks).value,
        "checks": [
            {"name": check.name, "status": check.status.value, "detail": check.detail if private else ""}
            for check in checks
        ],
    }


def transcriber_document(info: TranscriberInfo) -> Document:
    """The transcriber part of `server.changed`."""
    return {
        "engine": info.engine,
        "model": info.model,
        "state": info.state,
        "progress": info.progress,
        "lag_s": round(info.lag_s, 3),
        "detail": info.detail,
    }


def _time(moment: datetime | None) -> str | None:
    return None if moment is None else format_time(moment)


def _speaker(speaker: Speaker | None) -> Document | None:
    return None if speaker is None else {"id": speaker.id, "name": speaker.name}

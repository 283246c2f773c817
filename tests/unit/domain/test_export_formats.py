"""Segments as text and captions; the captions are held against a real player's parser (libav)."""

from collections.abc import AsyncIterator, Mapping
from datetime import UTC, datetime, timedelta
import json
from pathlib import Path
from typing import cast

import av
from av.packet import Packet
from av.subtitles.stream import SubtitleStream
import pytest

from wallflower_sidecar.domain.export_formats import ExportFormat, render
from wallflower_sidecar.domain.transcripts import Segment, Speaker, new_id

START = datetime(2026, 11, 22, 7, 20, 42, 125_000, tzinfo=UTC)
NAMES = {"door": "Front door", "pool": "Pool"}


def segment(text: str, at_s: float, *, lasts_s: float = 2.0, stream: str = "door", who: str | None = None) -> Segment:
    start = START + timedelta(seconds=at_s)
    return Segment(
        id=new_id(),
        stream=stream,
        start=start,
        end=start + timedelta(seconds=lasts_s),
        text=text,
        language="en",
        confidence=0.9,
        speaker=Speaker("anna", who) if who else None,
    )


async def written(kind: str, *segments: Segment, names: Mapping[str, str] | None = None) -> str:
    async def each() -> AsyncIterator[Segment]:
        for one in segments:
            yield one

    return "".join([piece async for piece in render(ExportFormat(kind), each(), names)])


def played(path: Path) -> list[tuple[int, int, str]]:
    """What a player makes of a caption file: start and length in milliseconds, and the text."""
    with av.open(str(path)) as container:
        packets = [cast("Packet[SubtitleStream]", packet) for packet in container.demux() if packet.size]
        assert {packet.time_base.denominator for packet in packets if packet.time_base} <= {1000}
        return [(int(packet.pts or 0), int(packet.duration or 0), bytes(packet).decode()) for packet in packets]


@pytest.mark.parametrize("kind", ["srt", "vtt"])
async def test_captions_play_at_the_time_since_the_first(kind: str, tmp_path: Path) -> None:
    path = tmp_path / f"said.{kind}"
    said = [segment("Hello there.", 0), segment("Grüße! 谁 🙂", 3_725.5, lasts_s=1.25), segment("Late.", 400_000)]
    path.write_text(await written(kind, *said), encoding="utf-8")
    assert played(path) == [
        (0, 2000, "Hello there."),
        (3_725_500, 1250, "Grüße! 谁 🙂"),
        (400_000_000, 2000, "Late."),
    ]


@pytest.mark.parametrize("kind", ["srt", "vtt"])
async def test_no_text_breaks_the_captions_after_it(kind: str, tmp_path: Path) -> None:
    path = tmp_path / f"said.{kind}"
    times = "00:00:09,000 --> 00:00:10,000"
    forged = [f"one\n\n2\n{times}\nforged", times.replace("-->", "--->"), times.replace("-->", "---->")]
    hostile = [*forged, "NOTE\n\nx", "a < b & c > d", "\ufeffWEBVTT", "-->"]
    said = [segment(text, 10 * at) for at, text in enumerate([*hostile, "the last"])]
    path.write_text(await written(kind, *said), encoding="utf-8")
    assert [start for start, _, _ in played(path)] == [10_000 * at for at in range(len(said))]
    assert played(path)[-1][2] == "the last"


@pytest.mark.parametrize("kind", ["srt", "vtt"])
async def test_what_has_no_length_is_shown_for_a_second(kind: str, tmp_path: Path) -> None:
    path = tmp_path / f"said.{kind}"
    path.write_text(await written(kind, segment("simulated", 0, lasts_s=0)), encoding="utf-8")
    assert played(path) == [(0, 1000, "simulated")]


async def test_several_streams_are_told_apart_by_name() -> None:
    said = [segment("Hi.", 0, who="Anna"), segment("Help!", 1, stream="pool"), segment("Bye.", 2, stream="gone")]
    text = await written("txt", *said, names=NAMES)
    assert text.splitlines() == [
        "2026-11-22 07:20:42Z  Front door, Anna: Hi.",
        "2026-11-22 07:20:43Z  Pool: Help!",
        "2026-11-22 07:20:44Z  gone: Bye.",
    ]


async def test_json_is_a_document_of_segments() -> None:
    document = json.loads(await written("json", segment("One.", 0), segment("Two.", 1)))
    assert [item["text"] for item in document["items"]] == ["One.", "Two."]
    assert document["items"][0]["start"] == "2026-11-22T07:20:42.125Z"


@pytest.mark.parametrize(
    ("kind", "empty"), [("json", '{"items": []}\n'), ("txt", ""), ("srt", ""), ("vtt", "WEBVTT\n\n")]
)
async def test_nothing_said_is_a_valid_file(kind: str, empty: str) -> None:
    assert await written(kind) == empty

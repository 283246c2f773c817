"""What is not to be kept, or is to be kept no longer, is in no file of the data folder once the answer is there."""

from pathlib import Path
import time
from typing import Any

import pytest

from .api_client import Api, running_api

NEEDLE = "xylophonist"
STREAM = {"name": "Door", "url": "rtsp://camera.invalid/live", "enabled": False}


def files_with(folder: Path, needle: str) -> list[str]:
    """The files of a data folder that hold a word, folded or not; whatever their kind."""
    files = (file for file in sorted(folder.rglob("*")) if file.is_file())
    return [file.name for file in files if needle.encode() in file.read_bytes().lower()]


def say(api: Api, text: str, **how: Any) -> dict[str, Any]:
    answer = api.ask("POST", "/streams/door/simulate", {"text": text, **how})
    assert answer.status == 200, answer
    found: dict[str, Any] = answer.document
    return found


def texts(api: Api) -> list[str]:
    return [item["text"] for item in api.ask("GET", "/transcripts").document["items"]]


@pytest.mark.parametrize("rules", [[], [{"id": "music", "phrases": ["plays"]}]])
def test_what_a_stream_that_stores_nothing_hears_is_told_and_never_on_disk(tmp_path: Path, rules: list[Any]) -> None:
    with running_api(tmp_path) as (api, _), api.events("?types=transcript.final") as reader:
        api.ask("PUT", "/streams/door", {**STREAM, "store": "nothing", "keywords": rules})
        said = say(api, f"The {NEEDLE} plays at nine")
        assert said["segment"]["id"] is None
        assert len(said["hits"]) == len(rules)
        event = reader.next()
        assert NEEDLE in event.data["text"]
        assert event.id is None
        assert files_with(tmp_path, NEEDLE) == []
        assert texts(api) == []
    assert files_with(tmp_path, NEEDLE) == [], "nor is it written at a stop"


def test_a_stream_that_stores_keywords_keeps_only_what_holds_one(tmp_path: Path) -> None:
    with running_api(tmp_path) as (api, _):
        rules = [{"id": "help", "phrases": ["help"]}]
        api.ask("PUT", "/streams/door", {**STREAM, "store": "keywords", "keywords": rules})
        say(api, f"The {NEEDLE} plays at nine")
        say(api, "Somebody help me")
        assert texts(api) == ["Somebody help me"]
        assert files_with(tmp_path, NEEDLE) == []
        assert files_with(tmp_path, "somebody help me")


def test_what_is_simulated_without_being_stored_leaves_no_trace(tmp_path: Path) -> None:
    with running_api(tmp_path) as (api, _):
        api.ask("PUT", "/streams/door", {**STREAM, "keywords": [{"id": "music", "phrases": ["plays"]}]})
        assert say(api, f"The {NEEDLE} plays", store=False)["hits"]
        assert texts(api) == []
        assert files_with(tmp_path, NEEDLE) == []


def test_what_is_deleted_is_gone_from_every_file_with_hits_index_and_events(tmp_path: Path) -> None:
    with running_api(tmp_path) as (api, _):
        api.ask("PUT", "/streams/door", {**STREAM, "keywords": [{"id": "plays", "phrases": ["plays"]}]})
        say(api, "The first of many")
        kept = say(api, f"The {NEEDLE} plays at nine")
        say(api, "The last of many")
        assert files_with(tmp_path, NEEDLE)
        start = kept["segment"]["start"]
        end = api.ask("GET", "/transcripts?limit=1").document["items"][0]["start"]
        assert api.ask("DELETE", f"/transcripts?from={start}&to={end}").document == {"deleted": 1}
        assert files_with(tmp_path, NEEDLE) == []
        assert files_with(tmp_path, NEEDLE[:6]) == [], "nor does the index keep its beginning"
        assert texts(api) == ["The last of many", "The first of many"]


def test_what_is_older_than_its_stream_keeps_it_is_gone_after_a_start(tmp_path: Path) -> None:
    second = 1 / 86_400
    with running_api(tmp_path) as (api, _):
        api.ask("PUT", "/streams/door", {**STREAM, "retain_days": second})
        say(api, f"The {NEEDLE} plays at nine")
    assert files_with(tmp_path, NEEDLE)
    time.sleep(1.1)  # its age is measured by the system's clock
    with running_api(tmp_path) as (api, _):
        deadline = time.monotonic() + 20
        while files_with(tmp_path, NEEDLE):
            assert time.monotonic() < deadline, "it was not forgotten"
        assert texts(api) == []


def test_a_purged_stream_takes_all_it_said_along(tmp_path: Path) -> None:
    with running_api(tmp_path) as (api, _):
        url = f"rtsp://admin:{NEEDLE}@camera.invalid/live"
        api.ask("PUT", "/streams/door", {**STREAM, "url": url})
        say(api, f"The {NEEDLE} plays at nine")
        assert api.ask("DELETE", "/streams/door?purge=true").status == 204
        assert files_with(tmp_path, NEEDLE) == []


def test_the_last_minutes_are_forgotten_everywhere_or_on_one_stream(tmp_path: Path) -> None:
    with running_api(tmp_path) as (api, _):
        api.ask("PUT", "/streams/door", {**STREAM, "keywords": [{"id": "plays", "phrases": ["plays"]}]})
        api.ask("PUT", "/streams/pool", STREAM)
        say(api, f"The {NEEDLE} plays at nine")
        assert api.ask("POST", "/forget", {"minutes": 1, "stream": "pool"}).document == {"deleted": 0, "recordings": 0}
        assert files_with(tmp_path, NEEDLE)
        assert api.ask("POST", "/forget", {"minutes": 0.5}).document == {"deleted": 1, "recordings": 0}
        assert files_with(tmp_path, NEEDLE) == []
        assert api.ask("GET", "/streams/door").document["status"]["last_transcript_at"] is None
        say(api, "What is said from now on is kept")
        assert texts(api) == ["What is said from now on is kept"]


@pytest.mark.parametrize(
    ("body", "path"),
    [
        ({}, "minutes"),
        ({"minutes": 0}, "minutes"),
        ({"minutes": -1}, "minutes"),
        ({"minutes": 1e9}, "minutes"),
        ({"minutes": "5"}, "minutes"),
        ({"minutes": 5, "stream": "UPPER"}, "stream"),
        ({"minutes": 5, "from": "2026-11-22T07:20:42Z"}, "from"),
    ],
)
def test_what_is_wrong_with_a_wish_to_forget_is_named(api: Api, body: dict[str, Any], path: str) -> None:
    answer = api.ask("POST", "/forget", body)
    assert (answer.status, answer.paths) == (422, [path])


def test_a_stream_that_never_was_cannot_be_forgotten(api: Api) -> None:
    assert api.ask("POST", "/forget", {"minutes": 5, "stream": "never-was"}).status == 404


def test_whoever_keeps_copies_is_told_what_was_forgotten(tmp_path: Path) -> None:
    with running_api(tmp_path) as (api, _), api.events("?types=transcript.forgotten,stream.removed") as reader:
        api.ask("PUT", "/streams/door", STREAM)
        start = say(api, f"The {NEEDLE} plays at nine")["segment"]["start"]
        assert api.ask("DELETE", f"/transcripts?from={start}").document == {"deleted": 1}
        assert api.ask("POST", "/forget", {"minutes": 1, "stream": "door"}).status == 200
        assert api.ask("DELETE", "/streams/door?purge=true").status == 204
        by_range, by_minutes, *by_purge = [reader.next() for _ in range(4)]
    assert by_range.data == {"stream": None, "from": start, "to": None}
    assert by_minutes.data["stream"] == "door"
    assert by_minutes.data["from"] < start < by_minutes.data["to"]
    assert [(event.type, event.data) for event in by_purge] == [
        ("transcript.forgotten", {"stream": "door", "from": None, "to": None}),
        ("stream.removed", {"stream": "door"}),
    ]
    assert by_range.id is not None, "it is told to those who come later"

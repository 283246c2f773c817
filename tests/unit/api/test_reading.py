"""JSON as it is read, and faults as they are named."""

from typing import Any

import pytest

from wallflower_sidecar.api.problems import ProblemError
from wallflower_sidecar.api.reading import MAX_FAULTS, faults_of, parse_json
from wallflower_sidecar.api.stream_schemas import StreamBody, StreamPatch
from wallflower_sidecar.domain.streams import Recording, RecordingMode, Stream


@pytest.mark.parametrize(
    ("raw", "document"),
    [(b"{}", {}), (b" [1, 2.5, -3e2] ", [1, 2.5, -300.0]), ('"ü🙂"'.encode(), "ü🙂"), (b"1" * 50, float("1" * 50))],
)
def test_json_is_read(raw: bytes, document: Any) -> None:
    assert parse_json(raw) == document


def test_a_number_of_thousands_of_digits_is_read_as_infinite() -> None:
    assert parse_json(b"-" + b"9" * 10_000) == float("-inf")


@pytest.mark.parametrize(
    "raw", [b"", b"{", b"NaN", b"[Infinity]", b'{"a":1,"a":1}', b"\xff", b"[" * 400_000, b"\xef\xbb\xbf1"]
)
def test_what_is_no_json_is_bad_json(raw: bytes) -> None:
    with pytest.raises(ProblemError) as refused:
        parse_json(raw)
    assert refused.value.code == "bad_json"


def test_a_refusal_never_repeats_the_input() -> None:
    with pytest.raises(ProblemError) as refused:
        parse_json(b'{"password": s3cret}')
    assert "s3cret" not in refused.value.detail


def refusals(document: dict[str, Any]) -> list[tuple[str, str]]:
    from pydantic import ValidationError  # noqa: PLC0415

    with pytest.raises(ValidationError) as refused:
        StreamBody.model_validate(document)
    return [(fault.path, fault.message) for fault in faults_of(refused.value, "field")]


def test_a_path_shows_fields_and_places() -> None:
    body = {"name": "x", "url": "rtsp://h/", "keywords": [{"id": "a", "phrases": ["x"], "not": ["y", 1]}]}
    assert refusals(body) == [("keywords[0].not[1]", "Input should be a valid string.")]


def test_more_faults_than_anybody_reads_are_counted() -> None:
    found = refusals({"name": "x", "url": "rtsp://h/", **{f"x{number}": 0 for number in range(MAX_FAULTS + 7)}})
    assert len(found) == MAX_FAULTS + 1
    assert "7 more" in found[-1][1]


def test_a_patch_changes_only_what_it_names() -> None:
    before = Stream("door", "Door", "rtsp://h/", language="de", recording=Recording(RecordingMode.CONTINUOUS, pre_s=1))
    patch = StreamPatch.model_validate({"language": None, "recording": {"retain_days": 2}})
    after = patch.applied_to(before)
    assert after.language is None
    assert after.recording == Recording(RecordingMode.CONTINUOUS, retain_days=2, pre_s=1)
    assert (after.name, after.url) == ("Door", "rtsp://h/")


def test_a_body_without_recording_has_the_domain_s_defaults() -> None:
    body = StreamBody.model_validate({"name": "Door", "url": "rtsp://h/"})
    assert body.to_stream("door") == Stream("door", "Door", "rtsp://h/")

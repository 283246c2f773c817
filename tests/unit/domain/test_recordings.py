"""The naming grammar: every name is read back as it was written, and nothing else is taken for a recording."""

from datetime import UTC, datetime, timedelta, timezone
from pathlib import PurePosixPath
import uuid

import pytest

from wallflower_sidecar.domain.recordings import RecordingKind, RecordingName
from wallflower_sidecar.domain.transcripts import new_id

START = datetime(2026, 11, 22, 7, 20, 42, 125_999, tzinfo=UTC)
CLIP = "01a20220-ed8d-7e62-820e-0d49182abcd0"


@pytest.mark.parametrize(
    ("name", "path"),
    [
        (RecordingName("porch", START), "porch/2026-11-22/20261122T072042.125Z.mp4.part"),
        (
            RecordingName("porch", START).finished(START + timedelta(seconds=60.04)),
            "porch/2026-11-22/20261122T072042.125Z_60040.mp4",
        ),
        (RecordingName("porch", START, clip=CLIP), f"porch/clips/20261122T072042.125Z_{CLIP}.mp4.part"),
        (
            RecordingName("porch", START, START + timedelta(seconds=12), CLIP),
            f"porch/clips/20261122T072042.125Z_12000_{CLIP}.mp4",
        ),
        (
            RecordingName("clips", datetime(2026, 11, 23, 0, 30, tzinfo=timezone(timedelta(hours=1)))),
            "clips/2026-11-22/20261122T233000.000Z.mp4.part",
        ),
    ],
)
def test_a_name_is_read_back_as_it_was_written(name, path):
    assert str(name.path) == path
    read = RecordingName.parse(PurePosixPath(path))
    assert read is not None
    assert read.path == name.path
    assert (read.stream, read.kind, read.clip, read.id) == (name.stream, name.kind, name.clip, name.id)
    assert read.start == name.start.replace(microsecond=name.start.microsecond // 1000 * 1000)
    assert read.kind is (RecordingKind.CLIP if "/clips/" in path else RecordingKind.SEGMENT)


@pytest.mark.parametrize(
    "path",
    [
        "porch/2026-11-22/20261122T072042.125Z_60040.mp4.part",  # finished, yet not
        "porch/2026-11-22/20261122T072042.125Z.mp4",  # no length
        "porch/2026-11-23/20261122T072042.125Z_60040.mp4",  # in another day's folder
        "porch/clips/20261122T072042.125Z_60040.mp4",  # no clip
        f"porch/2026-11-22/20261122T072042.125Z_60040_{CLIP}.mp4",  # a clip, but not among them
        "porch/2026-11-22/20261122T072042.125Z_060040.mp4",
        "porch/2026-11-22/20261122T072042.125Z_-1.mp4",
        "porch/2026-11-22/20261122T072042.125Z_86400001.mp4",  # over a day
        "porch/2026-11-22/20261122T072042.125Z_60040.mp4\n",
        "porch/2026-13-22/20261322T072042.125Z_60040.mp4",
        "porch/2026-11-22/20261122T072060.125Z_60040.mp4",
        "porch/2026-11-22/٢٠261122T072042.125Z_60040.mp4",
        "Porch/2026-11-22/20261122T072042.125Z_60040.mp4",
        "../2026-11-22/20261122T072042.125Z_60040.mp4",
        "porch/../20261122T072042.125Z_60040.mp4",
        "/porch/2026-11-22/20261122T072042.125Z_60040.mp4",
        "20261122T072042.125Z_60040.mp4",
        "9999/9999-12-31/99991231T235959.999Z_60040.mp4",
        ".wallflower",
        "",
    ],
)
def test_nothing_else_is_taken_for_a_recording(path):
    assert RecordingName.parse(PurePosixPath(path)) is None


def test_an_id_is_a_uuid_of_the_start_that_a_library_read_anew_gives_again():
    name = RecordingName("porch", START).finished(START + timedelta(seconds=60))
    read = RecordingName.parse(name.path)
    assert read is not None
    found = uuid.UUID(read.id)
    assert read.id == name.id
    assert (found.version, found.variant) == (7, uuid.RFC_4122)
    assert found.time == int(START.timestamp() * 1000)
    others = [
        RecordingName("pool", START).finished(START + timedelta(seconds=60)),
        RecordingName("porch", START).finished(START + timedelta(seconds=61)),
        RecordingName("porch", START + timedelta(milliseconds=1)).finished(START + timedelta(seconds=60)),
    ]
    assert len({name.id, *(each.id for each in others)}) == 4


def test_a_clips_id_is_its_own():
    clip = new_id()
    assert RecordingName("porch", START, START + timedelta(seconds=1), clip).id == clip

"""A file's sound becomes utterances at their place in the file, whatever kind of file it is."""

from pathlib import Path

import numpy as np
import pytest

from tests.support.clips import Picture, camera_clip
from tests.support.ffmpeg import encode
from tests.support.media import media, sparse_wave, write_wave
from tests.support.speech import SAMPLE_RATE, Track, compose
from wallflower_sidecar.capture.files.messages import Found
from wallflower_sidecar.capture.files.reader import FaultError, read

SMALL = Picture(width=320, height=180)


@pytest.fixture(scope="module")
def track() -> Track:
    return compose(["The front door is open.", "There is a fire behind the house."])


def found(path: Path) -> list[Found]:
    return [Found(*each) for message in read(path) for each in message["found"]]


def starts(path: Path) -> list[float]:
    return [each.start for each in found(path)]


def said_at(track: Track, later_s: float = 0.0) -> object:
    return pytest.approx([sentence.start_s + later_s for sentence in track.sentences], abs=0.3)


@pytest.mark.parametrize("channels", [1, 2])
def test_sentences_are_found_where_they_were_said(tmp_path: Path, track: Track, channels: int) -> None:
    heard = found(write_wave(tmp_path / "said.wav", track.samples, channels=channels))
    assert [each.start for each in heard] == said_at(track)
    assert [each.end for each in heard] == pytest.approx([sentence.end_s for sentence in track.sentences], abs=0.5)
    assert all(each.pcm_start <= each.start for each in heard)
    assert all(len(each.pcm) / 2 / SAMPLE_RATE >= each.end - each.pcm_start for each in heard)


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("said.mp3", ()),
        ("said.m4a", ("-c:a", "aac")),
        ("said.ogg", ("-c:a", "libopus")),
        ("said.flac", ("-ar", "48000", "-ac", "6")),
        ("said.mkv", ("-ar", "44100", "-c:a", "pcm_s24le")),
        ("said.wav", ("-c:a", "pcm_f64le")),
        ("said.au", ("-ar", "8000", "-c:a", "pcm_mulaw")),
        ("said.ts", ("-c:a", "mp2")),
    ],
)
def test_every_common_kind_is_read(tmp_path: Path, track: Track, name: str, options: tuple[str, ...]) -> None:
    assert starts(media(tmp_path / name, track, *options)) == said_at(track)


def test_the_sound_of_a_video_is_read(track: Track) -> None:
    assert starts(camera_clip(track, SMALL)) == said_at(track)


def test_sound_that_begins_later_than_the_picture_keeps_its_place(tmp_path: Path, track: Track) -> None:
    sound, clip = write_wave(tmp_path / "said.wav", track.samples), camera_clip(track, SMALL)
    late = ("-i", str(clip), "-itsoffset", "3", "-i", str(sound), "-map", "0:v", "-map", "1:a", "-c:v", "copy")
    encode((*late, str(tmp_path / "late.mp4")))
    assert starts(tmp_path / "late.mp4") == said_at(track, 3)


@pytest.mark.parametrize("lost_s", [1.0, 7.0])
def test_sound_that_is_lost_in_the_middle_moves_nothing(tmp_path: Path, track: Track, lost_s: float) -> None:
    pause_s = track.sentences[0].end_s + 0.3
    at = round(pause_s * SAMPLE_RATE)
    quiet = np.random.default_rng(1).normal(0, 30, round((lost_s + 0.2) * SAMPLE_RATE)).astype(np.int16)
    longer = Track(np.concatenate((track.samples[:at], quiet, track.samples[at:])))
    gap = f"aselect=lt(t\\,{pause_s})+gte(t\\,{pause_s + lost_s})"
    path = media(tmp_path / "gap.mkv", longer, "-af", gap, "-c:a", "pcm_s16le")
    assert starts(path)[0] == pytest.approx(track.sentences[0].start_s, abs=0.3)
    assert starts(path)[1] == pytest.approx(track.sentences[1].start_s + lost_s + 0.2, abs=0.3)


def test_progress_reaches_the_end(tmp_path: Path, track: Track) -> None:
    pieces = list(read(write_wave(tmp_path / "said.wav", track.samples)))
    assert pieces[-1]["total_s"] == pytest.approx(track.duration_s, abs=0.1)
    assert pieces[-1]["read_s"] == pytest.approx(track.duration_s, abs=0.1)


def test_a_long_silence_is_told_piece_by_piece(tmp_path: Path) -> None:
    pieces = list(read(write_wave(tmp_path / "silence.wav", np.zeros(SAMPLE_RATE * 35, np.int16))))
    assert [round(piece["read_s"]) for piece in pieces] == [10, 20, 30, 35]
    assert not any(piece["found"] for piece in pieces)


def test_a_file_that_ends_early_gives_what_it_has(tmp_path: Path, track: Track) -> None:
    path = write_wave(tmp_path / "said.wav", track.samples)
    raw = path.read_bytes()
    path.write_bytes(raw[: 44 + (len(raw) - 44) // 2])
    assert starts(path)[0] == pytest.approx(track.sentences[0].start_s, abs=0.3)


def test_damage_in_the_middle_costs_only_what_it_hit(tmp_path: Path, track: Track) -> None:
    path = media(tmp_path / "said.mp3", track, "-b:a", "64k")
    raw = bytearray(path.read_bytes())
    middle = round(len(raw) * (track.sentences[0].end_s + 0.3) / track.duration_s)
    raw[middle : middle + 4000] = bytes(range(250)) * 16
    path.write_bytes(raw)
    assert len(starts(path)) == 2


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "unreadable"),
        (b"this is no sound" * 100, "unreadable"),
        (b"\x00" * 10_000, "unreadable"),
        (bytes(range(256)) * 40, "unreadable"),
    ],
)
def test_a_file_that_is_no_media_says_so(tmp_path: Path, content: bytes, code: str) -> None:
    (tmp_path / "file.wav").write_bytes(content)
    with pytest.raises(FaultError, match=code):
        found(tmp_path / "file.wav")


@pytest.mark.parametrize("name", ["list.m3u8", "list.ffconcat", "session.sdp"])
def test_a_playlist_opens_no_other_file(tmp_path: Path, track: Track, name: str) -> None:
    private = media(tmp_path / "private.mp3", track)
    lists = {
        "list.m3u8": f"#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:9,\nfile://{private}\n#EXT-X-ENDLIST\n",
        "list.ffconcat": "ffconcat version 1.0\nfile private.mp3\n",
        "session.sdp": "v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\nm=audio 4000 RTP/AVP 0\n",
    }
    (tmp_path / name).write_text(lists[name])
    with pytest.raises(FaultError, match="unreadable"):
        found(tmp_path / name)


def test_a_picture_without_sound_says_so() -> None:
    with pytest.raises(FaultError, match="no_sound"):
        found(camera_clip(None, SMALL))


def test_sound_of_no_length_says_so(tmp_path: Path) -> None:
    with pytest.raises(FaultError, match="no_sound"):
        found(write_wave(tmp_path / "empty.wav", np.zeros(0, np.int16)))


def test_sound_of_a_kind_that_nobody_makes_says_so(tmp_path: Path, track: Track) -> None:
    with pytest.raises(FaultError, match="unreadable"):
        found(media(tmp_path / "said.wav", track, "-c:a", "pcm_s64le"))


def test_more_than_a_day_is_refused_at_once(tmp_path: Path) -> None:
    with pytest.raises(FaultError, match="too_long"):
        found(sparse_wave(tmp_path / "days.wav", 25 * 3600))


def test_tags_in_an_old_encoding_do_no_harm(tmp_path: Path, track: Track) -> None:
    path = media(tmp_path / "said.mp3", track)
    path.write_bytes(path.read_bytes() + b"TAG" + "Grüße".encode("latin-1").ljust(125, b"\0"))
    assert starts(path) == said_at(track)

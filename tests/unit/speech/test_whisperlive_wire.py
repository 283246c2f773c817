"""What may come over the wire, and what we put on it."""

import json

import pytest

from wallflower_sidecar.speech.whisperlive import wire

UID = "u-1"


def read(**message):
    return wire.read(json.dumps({"uid": UID, **message}), UID)


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        ({"message": "SERVER_READY", "backend": "faster_whisper"}, wire.Ready()),
        ({"message": "DISCONNECT"}, wire.Disconnect()),
        ({"status": "WAIT", "message": 1.5}, wire.Wait(90.0)),
        ({"status": "WAIT", "message": "1.5"}, wire.Wait(90.0)),
        ({"status": "WAIT", "message": -1}, wire.Wait(0.0)),
        ({"status": "WAIT", "message": None}, wire.Wait(0.0)),
        ({"status": "WAIT", "message": True}, wire.Wait(0.0)),
        ({"status": "ERROR", "message": "Failed\nto load\u0000"}, wire.Failure("Failed to load")),
        ({"status": "ERROR", "message": {"a": 1}}, wire.Failure("")),
        ({"status": "WARNING", "message": "x" * 500}, wire.Warned("x" * 160)),
        ({"language": "es", "language_prob": 0.9}, wire.Language("es")),
        ({"language": "elvish"}, wire.Unknown()),
        ({"translated_segments": []}, wire.Unknown()),
        ({}, wire.Unknown()),
        ({"segments": []}, wire.Segments(())),
    ],
)
def test_messages_of_a_server(message, expected):
    assert read(**message) == expected


def test_a_segment_of_todays_server():
    word = {"word": " Hi", "start": "1.000", "end": "1.250", "probability": 0.75}
    segment = {
        "start": "1.000",
        "end": "2.500",
        "text": " Hi  there\n",
        "completed": True,
        "speaker": "A",
        "words": [word],
    }
    (piece,) = read(segments=[segment]).pieces
    assert piece == wire.Piece(1.0, 2.5, "Hi there", True, (wire.SpokenWord("Hi", 1.0, 1.25, 0.75),))


def test_a_message_without_uid_is_for_us_and_one_with_anothers_is_not():
    assert wire.read('{"message": "SERVER_READY"}', UID) == wire.Ready()
    with pytest.raises(wire.BadMessageError):
        wire.read('{"uid": "u-2", "message": "SERVER_READY"}', UID)


@pytest.mark.parametrize("words", [5, [5], [{"word": "a"}], [{"word": "a", "start": 0, "end": 1, "probability": 1.5}]])
def test_words_that_cannot_be_believed_are_none(words):
    (piece,) = read(segments=[{"start": 0, "end": 1, "text": "a", "words": words}]).pieces
    assert (piece.text, piece.words) == ("a", ())


@pytest.mark.parametrize(
    "text",
    ["", "{", "[]", '"x"', "[" * 100_000, '{"segments": {}}', '{"segments": [{"start": 0, "end": 1}]}', "1" * 5000],
)
def test_what_is_none_raises_one_error_that_repeats_nothing_of_it(text):
    with pytest.raises(wire.BadMessageError) as caught:
        wire.read(text, UID)
    assert len(str(caught.value)) < 40


@pytest.mark.parametrize(("start", "end"), [(None, 1), (-1, 1), (2, 1), ("NaN", 1), (0, "1e7"), ([], 1), ("x", "y")])
def test_times_that_cannot_be_are_an_error(start, end):
    with pytest.raises(wire.BadMessageError):
        read(segments=[{"start": start, "end": end, "text": "x"}])


def test_text_can_always_be_stored():
    (piece,) = wire.read('{"segments": [{"start": 0, "end": 1, "text": "a\\ud800b\\u0007c"}]}', UID).pieces
    assert piece.text.encode() == b"a?b c"


def test_options_name_only_what_every_server_takes():
    options = json.loads(wire.options(UID, model=None, language=None, hotwords=None))
    assert options["uid"] == UID
    assert options["model"] == "small"
    assert set(options["vad_parameters"]) == {"threshold"}, "any other name deadlocks one version or another"
    assert options["same_output_threshold"] == 2
    assert "hotwords" not in options


@pytest.mark.parametrize(
    ("code", "model", "expected"),
    [
        ("de", None, "de"),
        (None, None, None),
        ("xx", None, None),
        ("yue", "base", "zh"),
        ("yue", "large-v3", "yue"),
        ("yue", "turbo", "yue"),
    ],
)
def test_a_language_that_would_deadlock_the_server_is_never_sent(code, model, expected):
    assert wire.known_language(code, model) == expected

"""How a sentence is shown, and what was not believed only where it was asked for."""

from datetime import timedelta
import json

import pytest

from wallflower_sidecar.capture.files.media_file import START
from wallflower_sidecar.cli.sentences import in_file, lines, show_live, to_show
from wallflower_sidecar.domain.transcripts import Suppressed, Transcript, Utterance, Word


def at(seconds: float):
    return START + timedelta(seconds=seconds)


UTTERANCE = Utterance("u", "file", at(3661.5), at(3662.25), at(3661.2), b"")
SAID = Transcript("Help!", "en", 0.91239, (Word("Help!", at(3661.5), at(3662), 0.9),))
DOUBTED = Transcript("", "en", 0.0, (), (Suppressed("[bold] Thanks for watching.", "improbable"),))


def test_a_sentence_of_a_file_bears_its_place() -> None:
    item = in_file(UTTERANCE, SAID, suppressed=False)
    assert item == {
        "start_s": 3661.5,
        "end_s": 3662.25,
        "text": "Help!",
        "language": "en",
        "confidence": 0.9124,
        "words": [{"word": "Help!", "start_s": 3661.5, "end_s": 3662.0, "probability": 0.9}],
    }
    assert list(lines(item)) == ["01:01:01.500 - 01:01:02.250  Help!"]


def test_what_was_not_believed_is_shown_with_its_reason_where_it_was_asked_for() -> None:
    assert not to_show(DOUBTED, suppressed=False)
    assert to_show(DOUBTED, suppressed=True)
    item = in_file(UTTERANCE, DOUBTED, suppressed=True)
    assert item["suppressed"] == [{"text": "[bold] Thanks for watching.", "reason": "improbable"}]
    assert list(lines(item)) == [
        "01:01:01.500 - 01:01:02.250  (not believed, improbable) [bold] Thanks for watching.",
    ]
    assert in_file(UTTERANCE, SAID, suppressed=True)["suppressed"] == []


@pytest.mark.parametrize(("transcript", "suppressed", "shown"), [(SAID, False, 1), (DOUBTED, False, 0)])
def test_a_camera_s_sentence_is_printed_at_once(
    capsys: pytest.CaptureFixture[str], transcript: Transcript, suppressed: bool, shown: int
) -> None:
    show_live(UTTERANCE, transcript, suppressed=suppressed, as_json=False)
    assert len(capsys.readouterr().out.splitlines()) == shown


def test_a_camera_s_doubted_text_is_printed_when_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    show_live(UTTERANCE, DOUBTED, suppressed=True, as_json=True)
    show_live(UTTERANCE, DOUBTED, suppressed=True, as_json=False)
    document, line = capsys.readouterr().out.splitlines()
    assert json.loads(document) == {
        "start": "1970-01-01T01:01:01.500Z",
        "end": "1970-01-01T01:01:02.250Z",
        "text": "",
        "language": "en",
        "confidence": 0.0,
        "suppressed": [{"text": "[bold] Thanks for watching.", "reason": "improbable"}],
    }
    assert line.endswith("(not believed, improbable) [bold] Thanks for watching.")

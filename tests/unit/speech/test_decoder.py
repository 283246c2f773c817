"""What the decoder makes of an utterance, with a real model."""

import numpy as np
import pytest

from tests.support.hearing import words
from tests.support.noises import noise
from tests.support.rooms import as_samples, in_room
from tests.support.speech import SAMPLE_RATE, synthesise
from wallflower_sidecar.speech.embedded.decoder import WhisperDecoder
from wallflower_sidecar.speech.embedded.whisper import Whisper
from wallflower_sidecar.speech.filters import Phantom
from wallflower_sidecar.speech.models.find import ModelError, bundled_model

SENTENCE = "There is a fire behind the house."


@pytest.fixture(scope="module")
def decoder():
    return WhisperDecoder(bundled_model().folder, 1)


@pytest.fixture
def decodes(monkeypatch):
    """The beam and the hotwords of each decode."""
    made = []
    spell = Whisper.spell

    def noted(self, encoded, tokenizer, sound_s, *, beam, hotwords=None):
        made.append((beam, hotwords))
        return spell(self, encoded, tokenizer, sound_s, beam=beam, hotwords=hotwords)

    monkeypatch.setattr(Whisper, "spell", noted)
    return made


def pcm_of(text):
    return as_samples(in_room(synthesise(text), lead_s=0.3, tail_s=0.6)).tobytes()


def test_a_final_has_words_and_their_times(decoder, decodes):
    heard = decoder.decode(pcm_of(SENTENCE), "en")
    assert words(heard.text) == words(SENTENCE)
    assert [words(word.word) for word in heard.words] == [[word] for word in words(SENTENCE)]
    assert all(0 <= word.start <= word.end <= 2.9 for word in heard.words)
    assert decodes == [(5, None)]


def test_a_draft_is_one_quick_decode_without_words(decoder, decodes):
    heard = decoder.decode(pcm_of(SENTENCE), "en", ["help"], draft=True)
    assert words(heard.text) == words(SENTENCE)
    assert heard.words == ()
    assert 0.5 < heard.confidence <= 1
    assert decodes == [(1, None)]


def test_a_well_heard_text_without_anything_like_a_hotword_is_decoded_once(decoder, decodes):
    assert decoder.decode(pcm_of(SENTENCE), "en", ["ambulance", "fire"]).text
    assert decodes == [(5, None)]


def test_a_hotword_that_sounds_like_what_was_said_is_heard(decoder, decodes):
    without = decoder.decode(pcm_of("Call Katarina tonight."), "en")
    decodes.clear()
    heard = decoder.decode(pcm_of("Call Katarina tonight."), "en", ["Katarina"])
    assert "katarina" not in words(without.text)
    assert "katarina" in words(heard.text)
    assert [hotwords for _, hotwords in decodes] == [None, "Katarina."]


@pytest.mark.parametrize(("said", "hotword"), [("Please call the doctor.", "police"), ("I will buy a car.", "fire")])
def test_a_hotword_that_was_not_said_is_not_heard(decoder, said, hotword):
    assert words(decoder.decode(pcm_of(said), "en", [hotword]).text) == words(said)


def test_what_is_left_out_is_told_with_its_reason(decoder):
    sound = noise("guitar", 50.0, peak=0.9, seed=4)
    pieces = [sound[at : at + 6 * SAMPLE_RATE].tobytes() for at in range(0, 48 * SAMPLE_RATE, 6 * SAMPLE_RATE)]
    heard = [decoder.decode(piece, "en") for piece in pieces]
    suppressed = [each for one in heard for each in one.suppressed]
    assert suppressed
    assert all(text and isinstance(reason, Phantom) for text, reason in suppressed)
    assert not any(each.text for each in heard)


def test_nothing_is_silence(decoder):
    heard = decoder.decode(np.zeros(SAMPLE_RATE, "<i2").tobytes(), None)
    assert (heard.text, heard.phantoms, heard.suppressed) == ("", (Phantom.NO_SPEECH,), ())


def test_a_language_that_the_model_lacks_is_told_once(decoder, caplog):
    for _ in range(2):
        assert words(decoder.decode(pcm_of(SENTENCE), "de").text) == words(SENTENCE)
    assert [record.levelname for record in caplog.records] == ["WARNING"]


def test_a_folder_that_is_no_model_is_one_sentence(tmp_path):
    with pytest.raises(ModelError) as raised:
        WhisperDecoder(tmp_path, 1)
    assert raised.value.code == "bad_model"

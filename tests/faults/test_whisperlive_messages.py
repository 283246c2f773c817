"""What a WhisperLive server tells is resent, moves, never completes or is garbage: each word comes once, or none."""

from datetime import timedelta
import logging

import pytest

from tests.support.whisperlive_client import ENGLISH, become, client
from tests.support.whisperlive_script import PRE_ROLL_S, TEXTS, Behaviour, ScriptedWhisperLive, spoken
from wallflower_sidecar.domain.transcripts import Hints

pytestmark = pytest.mark.faults

ALL = " ".join((TEXTS[2], TEXTS[3], TEXTS[4]))
GERMAN = Hints("de")


async def heard(behaviour, utterance, hints=GERMAN):
    """The transcript of an utterance by a session that behaves so."""
    async with ScriptedWhisperLive() as server, client(server.url) as transcriber:
        await become(transcriber, "ready")
        server.script = [behaviour]
        return await transcriber.transcribe(utterance, hints)


async def test_a_tail_that_never_completes_is_taken_as_it_stands():
    assert (await heard(Behaviour(completes=False), spoken(2, 3, 4))).text == ALL
    assert (await heard(Behaviour(completes=False), spoken(2, 3, 4, seconds=6))).text == ALL


async def test_a_genuinely_repeated_phrase_is_kept():
    assert (await heard(Behaviour(), spoken(1, 1, 1))).text == "Help! Help! Help!"
    assert (await heard(Behaviour(), spoken(1, 1, 1, 1, seconds=5))).text == "Help! Help! Help! Help!"


async def test_resent_segments_count_once():
    def resend(segments, number):
        return segments[:-1] * 3 + segments[-1:]

    assert (await heard(Behaviour(rewrite=resend), spoken(2, 3, 4))).text == ALL


async def test_a_moving_partial_is_waited_for():
    def move(segments, number):
        last = segments[-1]
        if number < 3 and not last["completed"]:
            words = last["text"].split()[: number + 1]
            last |= {"text": " " + " ".join(words), "end": f"{float(last['start']) + 0.1 * (number + 1):.3f}"}
            last.pop("words")
        return segments

    assert (await heard(Behaviour(rewrite=move), spoken(2))).text == TEXTS[2]


async def test_times_may_be_numbers_and_words_may_be_missing():
    def numbers(segments, number):
        return [each | {"start": float(each["start"]), "end": float(each["end"])} for each in segments]

    transcript = await heard(Behaviour(words=False, rewrite=numbers), spoken(2, 3))
    assert transcript.text == f"{TEXTS[2]} {TEXTS[3]}"
    assert transcript.words == ()
    assert transcript.confidence == pytest.approx(0.7)


async def test_words_stand_in_wall_clock_time_within_the_utterance():
    utterance = spoken(2, 3)
    transcript = await heard(Behaviour(), utterance)
    assert [word.word for word in transcript.words] == f"{TEXTS[2]} {TEXTS[3]}".split()
    times = [moment for word in transcript.words for moment in (word.start, word.end)]
    assert times == sorted(times)
    assert utterance.start <= times[0] <= times[-1] <= utterance.end
    good = transcript.words[5]
    assert abs(good.start - utterance.pcm_start - timedelta(seconds=PRE_ROLL_S + 1.4)) < timedelta(milliseconds=50)


async def test_an_utterance_longer_than_a_server_keeps_is_given_in_parts():
    utterance = spoken(1, 2, 3, 4, 2, 3, 4, seconds=7)
    async with ScriptedWhisperLive() as server, client(server.url) as transcriber:
        await become(transcriber, "ready")
        transcript = await transcriber.transcribe(utterance, GERMAN)
        assert max(connection.sent_s for connection in server.connections) < 30
        assert max(max(connection.frames, default=0) for connection in server.connections) <= 800_000
        for level in (1, 2, 3, 4):
            assert TEXTS[level] in transcript.text
        assert transcript.words[-1].end <= utterance.end
        assert [word.start for word in transcript.words] == sorted(word.start for word in transcript.words)


GARBAGE = [
    "no json",
    "[" * 100_000,
    "null",
    '{"segments": 5}',
    '{"segments": [5]}',
    '{"segments": [{"text": 5, "start": 0, "end": 1}]}',
    '{"segments": [{"text": "x", "start": "a", "end": 1}]}',
    '{"segments": [{"text": "x", "start": NaN, "end": 1}]}',
    '{"segments": [{"text": "x", "start": 2, "end": 1}]}',
    '{"segments": [{"text": "x", "start": 0, "end": Infinity}]}',
    '{"segments": [{"text": "x", "start": true, "end": 1e999}]}',
    '{"language": ["en"]}',
    '{"language": "klingon", "language_prob": "NaN"}',
    '{"translated_segments": [{}]}',
    '{"uid": "somebody else", "segments": [{"text": "x", "start": 0.5, "end": 1}]}',
    b"\xff\x00",
]


async def test_garbage_between_the_messages_changes_nothing(caplog):
    caplog.set_level(logging.DEBUG)
    behaviour = Behaviour(beside=GARBAGE[:10])
    assert (await heard(behaviour, spoken(2, 3, 4, seconds=6))).text == ALL
    behaviour = Behaviour(before_ready=GARBAGE[-5:-2], beside=GARBAGE[10:])
    assert (await heard(behaviour, spoken(2))).text == TEXTS[2]
    assert TEXTS[2] not in caplog.text


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        (Behaviour(rewrite=lambda segments, number: [], beside=["x"] * 50), "no message of WhisperLive"),
        (Behaviour(rewrite=lambda segments, number: [], beside=['{"x": "' + "y" * 2_000_000 + '"}']), "(1009)"),
        (Behaviour(rewrite=lambda segments, number: [], flood=True), "floods us"),
    ],
    ids=["only garbage", "a huge frame", "a flood"],
)
async def test_a_session_of_nothing_but_garbage_is_replaced(fault, reason, caplog):
    caplog.set_level(logging.INFO)
    async with ScriptedWhisperLive() as server, client(server.url) as transcriber:
        await become(transcriber, "ready")
        server.script = [fault]
        assert (await transcriber.transcribe(spoken(2), GERMAN)).text == TEXTS[2]
    assert reason in caplog.text


async def test_text_that_nobody_can_have_said_is_suppressed_and_counted():
    def raving(segments, number):
        for each in segments:
            each["text"] = " no" * 1000
            each.pop("words", None)
        return segments

    async with ScriptedWhisperLive() as server, client(server.url) as transcriber:
        await become(transcriber, "ready")
        server.script = [Behaviour(rewrite=raving)]
        transcript = await transcriber.transcribe(spoken(2), GERMAN)
        assert (transcript.text, transcript.confidence) == ("", 0.0)
        assert [each.reason for each in transcript.suppressed] == ["too_fast"]
        assert transcriber.phantoms == {"too_fast": 1}


async def test_words_to_expect_are_sent_only_where_there_are_some():
    async with ScriptedWhisperLive() as server, client(server.url) as transcriber:
        await become(transcriber, "ready")
        await transcriber.transcribe(spoken(2), Hints("en", ("help", "water meter")))
        await transcriber.transcribe(spoken(2), ENGLISH)
        assert [each.options.get("hotwords") for each in server.connections[1:]] == ["Help. Water meter.", None]


async def test_each_utterance_has_its_language_detected_anew():
    async with ScriptedWhisperLive() as server, client(server.url) as transcriber:
        await become(transcriber, "ready")
        await transcriber.transcribe(spoken(2), ENGLISH)
        server.script = [Behaviour(detects="es"), Behaviour(detects="de")]
        languages = [(await transcriber.transcribe(spoken(2), Hints())).language for _ in range(3)]
        assert sorted(languages) == ["de", "en", "es"]


async def test_a_draft_is_quick_text_without_words_and_needs_a_free_session():
    async with ScriptedWhisperLive() as server, client(server.url) as transcriber:
        await become(transcriber, "ready")
        draft = await transcriber.draft(spoken(2), GERMAN)
        assert (draft.text, draft.words, draft.language) == (TEXTS[2], (), "de")

"""From packets to speech with times: lost packets, long losses, damage."""

import io
import random
from threading import Lock

import av
from av.packet import Packet
import numpy as np
import pytest

from tests.support.speech import compose
from tests.unit.capture.hand_clock import START, HandClock
from wallflower_sidecar.capture.listening.hearing import BLOCK_S, BLOCK_SPEAKING_S, Hearing
from wallflower_sidecar.capture.messages import SpeechEdge, Spoken
from wallflower_sidecar.domain.errors import CaptureCode, CaptureError

FRAME_S = 1024 / 16_000


@pytest.fixture(scope="module")
def track():
    return compose(["Please open the front door.", "There is somebody at the gate."], lead_s=2.0, pause_s=2.0)


def broken(packet, rng):
    other = Packet(rng.randbytes(packet.size))
    other.stream, other.pts, other.time_base = packet.stream, packet.pts, packet.time_base
    return other


class Played:
    """A camera that sends a track as AAC, and what was heard of it."""

    def __init__(self, track):
        self.track, self.clock, self.reports, self.told_s = track, HandClock(), [], []
        self.turn, self.in_turn = Lock(), []
        self.hearing = Hearing(1, self.clock, self.tell, self.turn)
        file = io.BytesIO()
        with av.open(file, "w", format="mov") as out:
            stream = out.add_stream("aac", rate=16_000, layout="mono")
            frame = av.AudioFrame.from_ndarray(track.samples[np.newaxis], format="s16", layout="mono")
            frame.sample_rate = 16_000
            for packet in [*stream.encode(frame), *stream.encode(None)]:
                out.mux(packet)
        file.seek(0)
        self.container = av.open(file)

    def tell(self, report):
        self.reports.append(report)
        self.in_turn.append(self.turn.locked())
        self.told_s.append(self.clock.monotonic() - 1000.0)

    def play(self, *, lost=(), damage=0.0):
        """Send each packet at its time; those between the seconds `lost` never arrive."""
        rng = random.Random(1)
        with self.container as container:
            for packet in container.demux():
                if not packet.size:
                    continue
                at_s = float(packet.pts * packet.time_base)
                self.clock.advance(max(0.0, at_s - (self.clock.monotonic() - 1000.0)))
                if lost and lost[0] <= at_s < lost[1]:
                    continue
                self.hearing.take(broken(packet, rng) if rng.random() < damage else packet, self.clock.monotonic())
            self.hearing.close()
        return [report for report in self.reports if isinstance(report, Spoken)]


def seconds(epoch):
    return epoch - START.timestamp()


def test_both_sentences_have_the_times_at_which_they_were_sent(track):
    played = Played(track)
    heard = played.play()
    assert len(heard) == 2
    for spoken, sentence in zip(heard, track.sentences, strict=True):
        assert seconds(spoken.start) == pytest.approx(sentence.start_s, abs=0.15)
        assert seconds(spoken.end) == pytest.approx(sentence.end_s, abs=0.2)
        assert len(spoken.pcm) / 32_000 == pytest.approx(spoken.end - spoken.start + 0.6, abs=0.1)
    edges = [(edge.utterance, edge.started) for edge in played.reports if isinstance(edge, SpeechEdge)]
    assert edges == [(each.utterance, started) for each in heard for started in (True, False)]


def test_speech_is_told_when_it_begins_and_when_it_is_over(track):
    played = Played(track)
    played.play()
    late_s = {True: [], False: []}
    for report, told_s in zip(played.reports, played.told_s, strict=True):
        if isinstance(report, SpeechEdge):
            late_s[report.started].append(told_s - seconds(report.at))
    assert max(late_s[True]) <= BLOCK_S + 0.18 + 2 * FRAME_S
    assert max(late_s[False]) <= 0.6 + BLOCK_SPEAKING_S + 3 * FRAME_S


def test_it_listens_in_its_turn_and_gives_the_turn_back(track):
    played = Played(track)
    played.play()
    assert all(played.in_turn)
    assert len(played.in_turn) == 6
    assert not played.turn.locked()


@pytest.mark.parametrize("length_s", [0.3, 1.0, 1.9, 2.5])
def test_what_comes_after_a_loss_keeps_its_time(track, length_s):
    heard = Played(track).play(lost=(0.05, 0.05 + length_s))
    assert seconds(heard[-1].start) == pytest.approx(track.sentences[-1].start_s, abs=0.15)


def test_a_short_loss_within_a_sentence_does_not_split_it(track):
    middle = (track.sentences[0].start_s + track.sentences[0].end_s) / 2
    heard = Played(track).play(lost=(middle, middle + 0.2))
    assert len(heard) == 2
    assert seconds(heard[0].end) == pytest.approx(track.sentences[0].end_s, abs=0.2)


def test_a_long_loss_ends_the_sentence_it_breaks_off(track):
    middle = (track.sentences[0].start_s + track.sentences[0].end_s) / 2
    heard = Played(track).play(lost=(middle, middle + 2.2))
    assert seconds(heard[0].end) <= middle + 0.1
    assert len(heard) == 2


def test_a_few_damaged_packets_are_passed_over(track):
    assert len(Played(track).play(damage=0.02)) == 2


def test_sound_that_cannot_be_decoded_is_a_corrupt_stream():
    long_track = compose(["Please open the front door."] * 4, pause_s=1.0)
    with pytest.raises(CaptureError) as caught:
        Played(long_track).play(damage=1.0)
    assert caught.value.code is CaptureCode.CORRUPT_STREAM

"""A session's sound while somebody listens, while nobody may, and from one to the other."""

from threading import Lock

import pytest

from tests.support.speech import compose
from tests.unit.capture.listening.test_hearing import Played, seconds
from wallflower_sidecar.capture.listening.attention import Attention
from wallflower_sidecar.capture.listening.hearing import Hearing
from wallflower_sidecar.capture.messages import SpeechEdge, Spoken


@pytest.fixture(scope="module")
def track():
    return compose(["Please open the front door.", "There is somebody at the gate."], lead_s=2.0, pause_s=2.0)


class Attended(Played):
    """The same before a session that may be told not to listen."""

    def __init__(self, track, *, listens=True):
        super().__init__(track)
        self.hearing = Attention(lambda: Hearing(1, self.clock, self.tell, Lock()), listens=listens)

    def play_to(self, *turns):
        """Play it and, at these seconds, begin or cease to listen."""
        take, waiting = self.hearing.take, list(turns)

        def take_turns(packet, arrival_s):
            while waiting and arrival_s - 1000.0 >= waiting[0][0]:
                self.hearing.listen(wanted=waiting.pop(0)[1])
            return take(packet, arrival_s)

        self.hearing.take = take_turns
        return self.play()


def test_who_does_not_listen_hears_nothing_and_knows_that_sound_comes(track):
    played = Attended(track, listens=False)
    assert played.play() == []
    assert (played.reports, played.hearing.level_dbfs) == ([], None)
    assert played.hearing.is_sound
    assert played.hearing.passed_s == pytest.approx(len(track.samples) / 16_000, abs=0.2)


def test_an_utterance_under_way_only_ends_and_none_of_its_sound_is_kept(track):
    first, second = track.sentences
    played = Attended(track)
    (heard,) = played.play_to((first.start_s + 0.7, False), (first.end_s + 0.5, True))
    assert seconds(heard.start) == pytest.approx(second.start_s, abs=0.2)
    edges = [(report.utterance == heard.utterance, report.started) for report in played.reports if _is_edge(report)]
    assert edges == [(False, True), (False, False), (True, True), (True, False)]
    assert played.hearing.passed_s == pytest.approx(len(track.samples) / 16_000, abs=0.5)


def test_a_pause_that_is_over_before_the_next_packet_parts_what_was_said_before_from_what_is_said_after(track):
    first, second = track.sentences
    at_s = (first.start_s + first.end_s) / 2
    heard = Attended(track).play_to((at_s, False), (at_s, True))
    assert all(seconds(each.start) >= at_s - 0.1 for each in heard)
    assert seconds(heard[-1].start) == pytest.approx(second.start_s, abs=0.2)


def test_drafts_that_were_wanted_are_still_wanted_afterwards(track):
    played = Attended(track)
    played.hearing.want_drafts(wanted=True)
    played.play_to((0.5, False), (1.0, True))
    assert any(type(report).__name__ == "Growing" for report in played.reports)


def _is_edge(report):
    assert isinstance(report, SpeechEdge | Spoken)
    return isinstance(report, SpeechEdge)

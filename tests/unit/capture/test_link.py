"""Who is told what a worker reports."""

import itertools

import pytest

from tests.unit.capture.hand_clock import HandClock
from tests.unit.capture.stream.test_stream_capture import STREAM
from wallflower_sidecar.capture.link import WorkerLink
from wallflower_sidecar.capture.messages import Connecting, Ended, Frame, Recorded, to_message


class Owner:
    stream = STREAM

    def __init__(self):
        self.reports, self.died, self.crashes = [], [], []
        self.fails = False

    def report(self, report):
        self.reports.append(report)
        if self.fails:
            raise ZeroDivisionError

    def worker_died(self, line):
        self.died.append(line)
        if self.fails:
            raise ZeroDivisionError

    def crashed(self, error):
        self.crashes.append(error)


@pytest.fixture
def link(monkeypatch):
    link = WorkerLink("capture-1", HandClock(), itertools.count(1))
    monkeypatch.setattr(link, "send", lambda command: True)
    return link


def opened(link, owner):
    return link.open(owner, "rtsp://camera/one", ("tcp",))


def take(link, report):
    link._take(to_message(report))


def test_each_report_goes_to_whose_session_it_is(link):
    one, two = Owner(), Owner()
    first, second = opened(link, one), opened(link, two)
    take(link, Connecting(second))
    take(link, Connecting(first))
    assert (one.reports, two.reports) == ([Connecting(first)], [Connecting(second)])


def test_a_file_that_was_finished_after_the_end_still_counts(link):
    owner = Owner()
    session = opened(link, owner)
    take(link, Ended(session, None))
    assert link.is_empty
    saved = Recorded(session, "/recordings/porch/a.mp4", 1.0, 2.0, 3)
    take(link, saved)
    assert owner.reports[-1] == saved


def test_sessions_that_ended_are_not_remembered_for_ever(link):
    owner = Owner()
    sessions = [opened(link, owner) for _ in range(100)]
    for session in sessions:
        take(link, Ended(session, None))
    count = len(owner.reports)
    take(link, Recorded(sessions[0], "a", 1.0, 2.0, 3))
    assert len(owner.reports) == count


def test_one_that_raises_harms_no_other(link):
    bad, good = Owner(), Owner()
    bad.fails = True
    first, second = opened(link, bad), opened(link, good)
    take(link, Connecting(first))
    take(link, Connecting(second))
    link.forget_sessions()
    assert good.reports == [Connecting(second)]
    assert (bad.died, good.died) == ([link], [link])
    assert [type(error) for error in bad.crashes] == [ZeroDivisionError] * 2
    assert good.crashes == []


def test_pictures_go_to_who_watches(link):
    seen = []
    link.on_frame = seen.append
    take(link, Frame(7, b"jpeg"))
    assert seen == [Frame(7, b"jpeg")]

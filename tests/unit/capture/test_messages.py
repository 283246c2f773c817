"""Commands and reports survive the wire, and nothing else does."""

import pytest

from wallflower_sidecar.capture import messages as m
from wallflower_sidecar.domain.streams import AudioInfo, VideoInfo
from wallflower_sidecar.processes.wire import Decoder, WireError, encode

VIDEO, AUDIO = VideoInfo("h264", 1280, 720, 15.0), AudioInfo("aac", 16_000, -40.5)
COMMANDS = [
    m.Open(1, "rtsp://camera/", ("tcp", "udp")),
    m.Close(1),
    m.Shut(1),
    m.TakeSnapshot(1, 2, None),
    m.Probe(3, "rtsp://camera/", ("udp",)),
    m.Cancel(3),
    m.WantDrafts(1, wanted=True),
]
REPORTS = [
    m.Connecting(1),
    m.Answered(1),
    m.Opened(1, "tcp", VIDEO, AUDIO),
    m.Opened(1, "udp", None, None),
    m.Alive(1, video=True, audio=False, level_dbfs=-50.5),
    m.SpeechEdge(1, "u", started=True, at=1.5),
    m.Growing(1, "u", 1.0, 1.8, 0.7, b"\x00\xff"),
    m.Spoken(1, "u", 1.0, 2.0, 0.7, b"\x00\xff"),
    m.Ended(1, None),
    m.Snapshot(2, b"jpeg"),
    m.Probed(3, None, "tcp", VIDEO, None, 0.4),
]


def over_the_wire(item):
    (message,) = Decoder().feed(encode(m.to_message(item)))
    return message


@pytest.mark.parametrize("command", COMMANDS, ids=lambda item: type(item).__name__)
def test_commands(command):
    assert m.read_command(over_the_wire(command)) == command


@pytest.mark.parametrize("report", REPORTS, ids=lambda item: type(item).__name__)
def test_reports(report):
    assert m.read_report(over_the_wire(report)) == report


@pytest.mark.parametrize("message", [{"t": "Nonsense"}, {"t": "Close"}, {"t": "Close", "session": 1, "more": 2}])
def test_what_is_no_command_is_refused(message):
    with pytest.raises(WireError):
        m.read_command(message)


def test_a_report_is_no_command():
    with pytest.raises(WireError):
        m.read_command(m.to_message(m.Ended(1, None)))

"""What a real client library (PyAV) sees of a camera."""

from dataclasses import dataclass
import time

import av

QUICKLY = {"analyzeduration": "200000", "probesize": "65536"}
TIMEOUTS = (5.0, 2.0)


@dataclass(frozen=True, slots=True)
class View:
    """What arrived."""

    codecs: dict[str, str]
    packets: dict[str, int]
    ended: bool


def view(url: str, transport: str = "tcp", packets: int = 8, at_most_s: float = 8.0, **options: str) -> View:
    """Open a URL and read until that many packets of each stream came; raises what PyAV raises."""
    deadline = time.monotonic() + at_most_s
    wanted = {"rtsp_transport": transport, **QUICKLY, **options}
    with av.open(url, options=wanted, timeout=TIMEOUTS) as container:
        codecs = {stream.type: stream.codec_context.name for stream in container.streams}
        counts = dict.fromkeys(codecs, 0)
        for packet in container.demux():
            if packet.size:
                counts[packet.stream.type] += 1
            if min(counts.values()) >= packets or time.monotonic() > deadline:
                return View(codecs, counts, ended=False)
        return View(codecs, counts, ended=True)

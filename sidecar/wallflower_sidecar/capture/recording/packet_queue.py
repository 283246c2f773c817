"""Packets on their way from a session's thread to the thread that writes them."""

from collections import deque
from dataclasses import replace
import threading

from .packets import Sample

MAX_BYTES = 8 * 1024 * 1024
MAX_S = 20.0
"""What a slow disk may be behind: 8 MiB are 23 s of 2.8 Mb/s. Thirty cameras on a dead disk take 240 MiB."""


class PacketQueue:
    """Bounded in bytes and seconds; `put` never waits. What does not fit is dropped up to the next key frame."""

    def __init__(self, max_bytes: int = MAX_BYTES, max_s: float = MAX_S) -> None:
        """Hold nothing."""
        self.dropped = 0
        self._max_bytes = max_bytes
        self._max_s = max_s
        self._lock = threading.Lock()
        self._samples: deque[Sample] = deque()
        self._bytes = 0
        self._broken = False

    def put(self, sample: Sample) -> bool:
        """Append a packet; False: it was dropped, and counted."""
        with self._lock:
            if (self._broken and sample.kind == "video" and not sample.key) or self._is_full(sample):
                self.dropped += 1
                self._broken = True
                return False
            if self._broken and sample.key:
                sample = replace(sample, after_loss=True)
                self._broken = False
            self._samples.append(sample)
            self._bytes += len(sample.data)
            return True

    def pass_over(self) -> None:
        """Leave out a packet of the picture; what follows cannot be decoded before the next key frame."""
        with self._lock:
            self.dropped += 1
            self._broken = True

    def take(self) -> Sample | None:
        """Remove the oldest packet; None when there is none."""
        with self._lock:
            if not self._samples:
                return None
            sample = self._samples.popleft()
            self._bytes -= len(sample.data)
            return sample

    def clear(self) -> None:
        """Drop and count what is held."""
        with self._lock:
            self.dropped += len(self._samples)
            self._samples.clear()
            self._bytes = 0
            self._broken = True

    def _is_full(self, sample: Sample) -> bool:
        if not self._samples:
            return False
        spans_s = sample.arrival_s - self._samples[0].arrival_s
        return self._bytes + len(sample.data) > self._max_bytes or spans_s > self._max_s

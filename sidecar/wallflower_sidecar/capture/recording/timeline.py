"""One time line for a session's picture and sound, whatever the camera's clocks do."""

from dataclasses import dataclass
import heapq

from .packets import Kind, Placed, Sample

JUMP_S = 3.0
"""Ahead of the time that passed by more than this, the camera's clock jumped; less is a burst after a delay."""

BACK_S = 1.0
"""Back by more than this, it jumped too; less are packets out of order, which are put one after another."""

LAG_S = 8.0
"""So far from where a track's times began, they stand still or crawl. A clock that is 100 ppm wrong takes a day."""

TOGETHER_S = 3.0
"""Tracks that begin within this of each other are in step: they share one offset, and their difference is kept."""

TOGETHER_AGAIN_S = 0.5
"""After a jump they are when they differ by less than this: the other may not have jumped yet."""

HOLD_S = 0.7
"""Packets wait so long to be put in order: a picture arrives later than the sound of its moment."""

_LEAST_STEP_S = 1 / 90_000


@dataclass(slots=True)
class _Track:
    offset_s: float
    behind_s: float
    dts_s: float
    line_s: float
    arrival_s: float
    step_s: float = 0.0


class Timeline:
    """Places packets: the camera's own times, forced upward, begun anew by the arrival where they jump."""

    def __init__(self) -> None:
        """Know no track yet."""
        self._tracks: dict[Kind, _Track] = {}

    def place(self, sample: Sample) -> Placed:
        """Give a packet its place on the line."""
        track = self._tracks.get(sample.kind)
        jumped = False
        if track is None:
            dts_s = _decoding_time(sample, 0.0)
            offset_s = self._offset(sample.kind, dts_s, sample.arrival_s, TOGETHER_S)
            line_s = dts_s + offset_s
            track = _Track(offset_s, sample.arrival_s - line_s, dts_s, line_s, sample.arrival_s)
            self._tracks[sample.kind] = track
        else:
            waited_s = sample.arrival_s - track.arrival_s
            dts_s = _decoding_time(sample, track.dts_s + (track.step_s or waited_s))
            jumped = self._follow(sample, track, dts_s, waited_s)
        pts_s = dts_s if sample.pts_s is None else max(dts_s, sample.pts_s)
        return Placed(
            sample.kind,
            sample.data,
            track.line_s + pts_s - dts_s,
            track.line_s,
            sample.duration_s or track.step_s,
            sample.key,
            jumped or sample.after_loss,
        )

    def _follow(self, sample: Sample, track: _Track, dts_s: float, waited_s: float) -> bool:
        """Move a track on; returns whether its clock jumped."""
        step_s = dts_s - track.dts_s
        lag_s = sample.arrival_s - (dts_s + track.offset_s) - track.behind_s
        jumped = step_s < -BACK_S or step_s > waited_s + JUMP_S or abs(lag_s) > LAG_S
        if jumped:
            expected_s = track.line_s + max(waited_s, track.step_s)
            if lag_s > LAG_S:
                expected_s = max(expected_s, sample.arrival_s - track.behind_s)
            track.offset_s = self._offset(sample.kind, dts_s, expected_s, TOGETHER_AGAIN_S)
            track.behind_s = sample.arrival_s - (dts_s + track.offset_s)
        elif step_s > 0:
            track.step_s = step_s
        track.line_s = max(dts_s + track.offset_s, track.line_s + _LEAST_STEP_S)
        track.dts_s, track.arrival_s = dts_s, sample.arrival_s
        return jumped

    def _offset(self, kind: Kind, dts_s: float, expected_s: float, together_s: float) -> float:
        """What to add to a track's times: what is added to the other's, unless theirs are unrelated."""
        for other, track in self._tracks.items():
            if other != kind and abs(dts_s + track.offset_s - expected_s) < together_s:
                return track.offset_s
        return expected_s - dts_s


class Interleaver:
    """Puts the packets of a line in the order of their decoding times."""

    def __init__(self, hold_s: float = HOLD_S) -> None:
        """Hold nothing."""
        self._hold_s = hold_s
        self._heap: list[tuple[float, int, Placed]] = []
        self._count = 0
        self._newest_s = float("-inf")

    def push(self, packet: Placed) -> None:
        """Take in a packet."""
        self._count += 1
        self._newest_s = max(self._newest_s, packet.dts_s)
        heapq.heappush(self._heap, (packet.dts_s, self._count, packet))

    def pop(self) -> Placed | None:
        """Return the next packet once none before it is to be expected."""
        if self._heap and self._heap[0][0] <= self._newest_s - self._hold_s:
            return heapq.heappop(self._heap)[2]
        return None

    def flush(self) -> list[Placed]:
        """Return all that is left."""
        rest = [packet for _, _, packet in sorted(self._heap, key=lambda entry: entry[:2])]
        self._heap.clear()
        return rest


def _decoding_time(sample: Sample, otherwise_s: float) -> float:
    if sample.dts_s is not None:
        return sample.dts_s
    return otherwise_s if sample.pts_s is None else sample.pts_s

"""When a stream's session gives way to another: without its picture, with it, or in another worker. Pure.

A camera is asked for everything only while somebody needs its picture, and for its picture alone while nobody may
listen. The next session, the successor, runs beside the present one until it can be the voice (make before break);
only where the camera refuses that, or one of both has no sound, one is closed first.
"""

from collections.abc import Callable
from enum import Enum

from ...domain.clock import Clock
from ...domain.errors import CaptureCode
from ..messages import Pull
from .attempt import Attempt, Carrier
from .part_alone import PartAlone
from .picture_need import PictureNeed

LEAD_S = 2.0
"""Sound a successor must have heard, so that it missed no beginning of speech and knows what time it is."""

PATIENCE_S = 30.0
"""After that lead the voice changes in mid-utterance; one lasts 25 s at most."""

SILENCE_WAIT_S = 5.0
"""Where the old session must be closed first, how long silence is waited for."""

SOUNDLESS_S = 10.0
"""When a successor that brings no sound is given up."""

RETRY_S = 60.0
"""After a switch that failed."""

REFUSED_S = 900.0
"""After one that was refused the password which the present session was let in with: cameras lock accounts."""

SURVIVES_S = 2.0
"""A session that goes on for so long after its successor failed shows that the camera is well, and refused that one."""

REFUSALS = 2
"""So many successors in a row must be refused until the camera is taken to allow one session only: once is chance."""

ASK_AGAIN_S = 6 * 3600.0
"""Then a second session is tried again: another viewer may have held it."""

_NO_REFUSAL = (None, CaptureCode.AUTH_FAILED, CaptureCode.DNS_FAILED, CaptureCode.INTERNAL)
"""Ends of a successor that say nothing of how many sessions the camera allows."""


class Step(Enum):
    """What is to be done now."""

    NOTHING = "nothing"
    OPEN = "open"
    """Open a successor."""

    CLOSE_FIRST = "close first"
    """Close the session, then open another."""

    HAND_OVER = "hand over"
    """Let the successor be the voice, and close the old one."""

    GIVE_UP = "give up"
    """Close the successor, which is not wanted any more."""

    FAIL = "fail"
    """Close the successor, which is no good."""


class Handover:
    """What one stream's next session is asked for, and when it takes over; remembers what the camera refuses."""

    def __init__(self, clock: Clock, need: PictureNeed, take_turn: Callable[[], bool], *, listens: bool = True) -> None:
        """`take_turn` spreads the switches of many streams; it is asked right before one."""
        self.listens = listens
        """Whether what is said is wanted; if not, sound is fetched only to be recorded."""

        self._clock = clock
        self._need = need
        self._take_turn = take_turn
        self.forget()

    def forget(self) -> None:
        """It may be another camera now: expect it to do everything."""
        self._sound = PartAlone(self._clock)
        self._picture = PartAlone(self._clock)
        self._is_blind = False
        self._refusals = 0
        self._asks_again_s = float("inf")
        self._lacks = False
        self._not_before_s = float("-inf")
        self._waits_since_s: float | None = None
        self._suspected: tuple[Attempt, float] | None = None

    @property
    def one_session(self) -> bool:
        """Whether the camera refuses a second session."""
        return self._refusals >= REFUSALS

    @property
    def is_idle(self) -> bool:
        """Whether nothing that the camera has is wanted: it has no picture, and nobody may listen."""
        return self._is_blind and self._wants_no_sound

    @property
    def _wants_no_sound(self) -> bool:
        return not (self.listens or self._need.recorded)

    def breaks(self, attempt: Attempt) -> bool:
        """Whether this session must go at once: it brings sound that nobody may hear, or none that somebody wants."""
        return (attempt.gives == "picture") != (self.pull(None) == "picture")

    def pull(self, current: Attempt | None) -> Pull:
        """What a new session asks for; while sound or picture is missing, everything, to see what is there."""
        if self._wants_no_sound:
            return "all" if self._picture.is_doubted else "picture"
        lacks = self._lacks
        if current is not None and current.is_whole:
            lacks = current.lack(self._clock.monotonic()) is not None
        return "all" if self._need.now or self._sound.is_doubted or lacks else "sound"

    def opened(self, attempt: Attempt) -> None:
        """A session knows what the camera offers."""
        if attempt.opened is None:
            return
        if attempt.is_whole:
            self._is_blind = attempt.opened.video is None
            self._lacks = self._is_blind or attempt.opened.audio is None
            self._need.seen()
            if attempt.pull == "sound":
                self._sound.refuse()
            elif attempt.pull == "picture":
                self._picture.refuse()

    def delivered(self, attempt: Attempt) -> None:
        """A session's first packets came."""
        match attempt.gives:
            case "sound":
                self._sound.delivered()
            case "picture":
                self._picture.delivered()
            case "all":
                self._sound.delivered_whole()
                self._picture.delivered_whole()

    def failed(self, attempt: Attempt) -> None:
        """A session ended unasked; one of a part alone may have done so because that is all it asked for."""
        silent = attempt.last_packet_s is None
        match attempt.gives:
            case "sound" if silent:
                self._sound.failed()
            case "sound" if attempt.failure is CaptureCode.STALLED:
                self._need.use()
            case "picture" if silent and attempt.failure is CaptureCode.NO_VIDEO:
                self._is_blind = True
            case "picture" if silent and attempt.failure is CaptureCode.STALLED:
                self._picture.failed()
            case "all" if silent:
                self._picture.trust()

    def successor_failed(self, successor: Attempt, code: CaptureCode | None, current: Attempt | None) -> None:
        """A successor came to nothing; if `current` goes on well, the camera has refused it."""
        self.postpone(REFUSED_S if code is CaptureCode.AUTH_FAILED else RETRY_S)
        if current is not None and successor.last_packet_s is None and code not in _NO_REFUSAL:
            self._suspected = current, self._clock.monotonic()
            if successor.gives == "sound":
                self._sound.failed_beside()

    def postpone(self, wait_s: float = RETRY_S) -> None:
        """A switch came to nothing; try no other for so long."""
        self._not_before_s = self._clock.monotonic() + wait_s

    def step(self, current: Attempt, successor: Attempt | None, line: Carrier, lead_s: float = LEAD_S) -> Step:
        """Return what to do, for a session that delivers and a stream that belongs on `line`.

        A successor must have run for `lead_s` before it takes over.
        """
        now_s = self._clock.monotonic()
        self._judge(current)
        wanted = self.pull(current)
        settled = current.line is line and current.gives == wanted
        if successor is not None:
            if settled or successor.line is not line or successor.gives != wanted:
                return Step.GIVE_UP
            return self._take_over(current, successor, now_s, lead_s)
        if settled:
            self._waits_since_s = None
        if settled or now_s < self._not_before_s:
            return Step.NOTHING
        if self.one_session and not self._silent(current, now_s):
            return Step.NOTHING
        if not self._take_turn():
            return Step.NOTHING
        self._waits_since_s = None
        return Step.CLOSE_FIRST if self.one_session else Step.OPEN

    def _take_over(self, current: Attempt, successor: Attempt, now_s: float, lead_s: float) -> Step:
        if successor.last_packet_s is None:
            return Step.NOTHING
        self._refusals = 0
        since_s = successor.first_audio_s
        if current.first_audio_s is not None:
            if since_s is None:
                return Step.FAIL if now_s - successor.began_s > SOUNDLESS_S else Step.NOTHING
            if now_s - since_s < lead_s:
                return Step.NOTHING
            if current.ear.open and now_s - since_s < lead_s + PATIENCE_S:
                return Step.NOTHING
        return Step.HAND_OVER

    def _silent(self, current: Attempt, now_s: float) -> bool:
        if self._waits_since_s is None:
            self._waits_since_s = now_s
        return not current.ear.open or now_s - self._waits_since_s >= SILENCE_WAIT_S

    def _judge(self, current: Attempt) -> None:
        now_s = self._clock.monotonic()
        if self.one_session and now_s >= self._asks_again_s:
            self._refusals = REFUSALS - 1
        if self._suspected is None or current.last_packet_s is None:
            return
        suspected, failed_s = self._suspected
        if suspected is not current:
            self._suspected = None
        elif current.last_packet_s >= failed_s + SURVIVES_S:
            self._suspected = None
            self._refusals += 1
            self._asks_again_s = now_s + ASK_AGAIN_S

"""What of a session's speech is told: of two sessions that hear the same camera, each word once. Pure."""

from dataclasses import dataclass, field, replace
from enum import Enum

from ...domain.transcripts import SAMPLE_RATE
from ..messages import Spoken

SAME_S = 0.4
"""How far apart two sessions may put the same moment; two utterances are at least a hangover (0.6 s) apart."""

REMNANT_S = 0.5
"""What is left of an utterance beyond what was told is silence unless it is longer than this."""

LAG_S = 2.0
"""How far one session may be behind the other; for so long before and after the voice changes they are compared."""

_SAMPLE_BYTES = 2


class Passing(Enum):
    """What becomes of a session's speech."""

    TOLD = "told"
    HELD = "held"
    """Another session is the voice; this one may become it."""

    IGNORED = "ignored"
    """Another session became the voice; only what was begun here is finished."""


@dataclass(frozen=True, slots=True)
class Span:
    """When the last utterance that was told began and ended (seconds since 1970, UTC)."""

    start: float = float("-inf")
    end: float = float("-inf")

    def is_over_before(self, start: float) -> bool:
        """Whether an utterance that begins at `start` is a later one: a hangover apart, which is more than SAME_S."""
        return start >= self.end and start - self.start >= SAME_S

    def beyond(self, spoken: Spoken) -> Spoken | None:
        """Return what an utterance holds that was not told yet: all, its end, or None."""
        if abs(spoken.start - self.start) < SAME_S and abs(spoken.end - self.end) < SAME_S:
            return None
        if self.is_over_before(spoken.start):
            return spoken
        if spoken.end - self.end <= REMNANT_S:
            return None
        return _from(spoken, self.end)


@dataclass(slots=True)
class Held:
    """An utterance that is not told yet; `at_s` is when (monotonic) it was last heard of."""

    start: float
    at_s: float
    ended: float | None = None
    spoken: Spoken | None = None


@dataclass(slots=True)
class Ear:
    """One session's utterances: `open` were told to have begun (True while they go on), `held` were not."""

    passing: Passing = Passing.TOLD
    open: dict[str, bool] = field(default_factory=dict)
    held: dict[str, Held] = field(default_factory=dict)
    compared_until_s: float = float("-inf")

    @property
    def speaking(self) -> bool:
        """Whether somebody speaks, as far as was told."""
        return any(self.open.values())

    def compares(self, now_s: float) -> bool:
        """Whether what begins now is not told before it was compared."""
        return self.passing is Passing.HELD or (self.passing is Passing.TOLD and now_s < self.compared_until_s)

    def forget_old(self, voice_s: float) -> None:
        """Give up held utterances that the voice, whose last packet came at monotonic `voice_s`, had time to tell."""
        self.held = {
            utterance: held
            for utterance, held in self.held.items()
            if held.spoken is None or voice_s - held.at_s <= LAG_S
        }


def _from(spoken: Spoken, start: float) -> Spoken:
    """Cut off what lies before `start`."""
    samples = max(0, round((start - spoken.pcm_start) * SAMPLE_RATE))
    return replace(spoken, start=start, pcm_start=start, pcm=spoken.pcm[samples * _SAMPLE_BYTES :])

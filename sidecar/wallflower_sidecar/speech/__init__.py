"""Speech to text: the port to a recogniser, the embedded one behind it, and the scheduler in front of it."""

from .embedded import EmbeddedTranscriber
from .scheduler import Bounds, Scheduler
from .transcriber import Transcriber, UtteranceRefusedError

__all__ = ["Bounds", "EmbeddedTranscriber", "Scheduler", "Transcriber", "UtteranceRefusedError"]

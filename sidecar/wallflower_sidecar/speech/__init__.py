"""Speech to text: the port to a recogniser, the three behind it, the models, and the scheduler in front of it."""

from .embedded.transcriber import EmbeddedTranscriber
from .language_memory import LanguageMemory
from .managed.transcriber import ManagedTranscriber
from .models.library import ModelLibrary
from .scheduler import Bounds, Scheduler
from .switch import SwitchableTranscriber
from .transcriber import Transcriber, UtteranceRefusedError
from .whisperlive.transcriber import WhisperLiveTranscriber

__all__ = [
    "Bounds",
    "EmbeddedTranscriber",
    "LanguageMemory",
    "ManagedTranscriber",
    "ModelLibrary",
    "Scheduler",
    "SwitchableTranscriber",
    "Transcriber",
    "UtteranceRefusedError",
    "WhisperLiveTranscriber",
]

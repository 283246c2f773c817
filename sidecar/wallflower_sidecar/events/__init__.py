"""What happens, told to whoever listens: live, and after a gap from the store."""

from .broadcaster import Broadcaster, Ended, Subscription
from .replay import EventReader, Replay, Resync

__all__ = ["Broadcaster", "Ended", "EventReader", "Replay", "Resync", "Subscription"]

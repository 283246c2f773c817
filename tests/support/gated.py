"""What the real gate cuts out of sound, without waiting for it to be heard."""

from wallflower_sidecar.capture.listening.gate import Gate, Heard

from .espeak import Samples

CHUNK = 1600
"""Samples handed over at once: a tenth of a second, about as a camera's packets come."""


def utterances(samples: Samples) -> list[Heard]:
    """Return the utterances that the gate finds in int16 mono 16 kHz, the last one cut off at its end."""
    gate = Gate()
    events = [event for at in range(0, len(samples), CHUNK) for event in gate.push(samples[at : at + CHUNK])]
    return [event for event in [*events, *gate.flush()] if isinstance(event, Heard)]

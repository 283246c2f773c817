"""Every deadline and bound of the WhisperLive client."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """Seconds, unless a line says otherwise."""

    connect_s: float = 10.0
    """TCP, TLS and the WebSocket handshake."""

    slow_load_s: float = 5.0
    """From here on `info.detail` says that the server is loading its model."""

    ready_s: float = 300.0
    """Until SERVER_READY: a large model is read from a slow disk, or fetched, before it."""

    answer_s: float = 4.0
    """Without a word on an utterance, before the server must prove that it works."""

    answer_factor: float = 1.5
    """The same, as a multiple of the slowest answer lately."""

    draft_s: float = 8.0
    """Without a word on an utterance that is still being spoken."""

    proof_s: float = 30.0
    """Until known speech behind an unanswered utterance must be answered."""

    text_s: float = 20.0
    """From the first word on an utterance until the best text so far is taken."""

    quiet_s: float = 3.0
    """Without a message: the server has nothing to add."""

    send_s: float = 20.0
    """Until the server has taken the sound and answered the ping behind it."""

    cheap_s: float = 0.5
    """A session that was ready within this time is not worth keeping for the next utterance."""

    idle_s: float = 60.0
    """That a session nobody uses is kept open."""

    session_s: float = 300.0
    """Longest life of a session, until the server shows that its own limit is shorter."""

    renew_factor: float = 0.8
    """Part of that life after which a session is renewed in silence."""

    first_retry_s: float = 1.0
    last_retry_s: float = 60.0
    first_settings_retry_s: float = 30.0
    """First wait after a fault that time alone does not heal: token, options, address."""

    last_settings_retry_s: float = 300.0
    longest_wait_s: float = 60.0
    """Most of the time that a full server names, so that a place is found soon after it is free."""

    close_s: float = 2.0
    """For the goodbye of a session."""

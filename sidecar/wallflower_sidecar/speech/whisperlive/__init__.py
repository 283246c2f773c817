"""The client of a WhisperLive server, which survives whatever that one does."""

"""A WhisperLive server that the sidecar starts and watches itself."""

"""The engine of our own: a child process with one Whisper model for all cameras."""

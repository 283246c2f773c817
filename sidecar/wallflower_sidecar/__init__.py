"""Wallflower's sidecar: the sound of cameras in, live and searchable transcripts and keyword hits out."""

__version__ = "0.1.0"

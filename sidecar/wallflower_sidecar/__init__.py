"""Wallflower's sidecar: the sound of cameras in, live and searchable transcripts and keyword hits out."""

import os

os.environ.update({"ORT_DISABLE_TELEMETRY": "1", "HF_HUB_DISABLE_TELEMETRY": "1"})
"""Said before any library is imported that would tell its maker that it is used (onnxruntime also keeps an id of this
machine in the home folder); children inherit it."""

__version__ = "0.1.0"

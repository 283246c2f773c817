"""Tests, mirroring what they test."""

import os

os.environ["ORT_DISABLE_TELEMETRY"] = "1"  # before any of them imports onnxruntime

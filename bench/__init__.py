"""Benchmarks: each prints its figures as a table and writes them as JSON."""

import os

os.environ["ORT_DISABLE_TELEMETRY"] = "1"  # before any of them imports onnxruntime

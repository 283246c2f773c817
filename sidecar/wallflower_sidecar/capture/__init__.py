"""From a camera's address to utterances with wall-clock times, in child processes of the sidecar.

What is imported here is the sidecar's side and loads no C library; `worker` is the child.
"""

from .stream.status import CaptureListener, CaptureStatus, ProbeResult
from .supervisor import CaptureSupervisor

__all__ = ["CaptureListener", "CaptureStatus", "CaptureSupervisor", "ProbeResult"]

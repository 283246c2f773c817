"""The HTTP API: what CONTRACT.md promises, on top of a running service."""

from .app import create_app
from .server import bind, serving

__all__ = ["bind", "create_app", "serving"]

"""The HTTP API: what CONTRACT.md promises, on top of a running service."""

from .app import create_app
from .server import bind, serving
from .server_info import API_VERSION

__all__ = ["API_VERSION", "bind", "create_app", "serving"]

"""The one place where the parts meet: what starts when, what feeds what, and what stops first."""

from .service import Service

__all__ = ["Service"]

"""Tokens and what their holders may do."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Role(StrEnum):
    """admin: everything; client: all that the integration needs; viewer: reading only."""

    ADMIN = "admin"
    CLIENT = "client"
    VIEWER = "viewer"


@dataclass(frozen=True, slots=True)
class TokenInfo:
    """A token without its secret."""

    id: str
    name: str
    role: Role
    created_at: datetime
    last_used_at: datetime | None

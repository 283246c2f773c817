"""Why a database cannot be opened."""

from ..domain.errors import WallflowerError


class DatabaseUnusableError(WallflowerError):
    """The data folder, the database's file or its server cannot be used; the sentence says what to do."""


class NewerSchemaError(WallflowerError):
    """A newer Wallflower wrote this database; it is left as it is."""


class MoveError(WallflowerError):
    """A database cannot be moved to a server, or not now; the sentence says what to do."""

"""What is kept on disk: an SQLite file, the functions that read and change it, and the promise that deleted is gone."""

from .database import Database
from .migrate import NewerSchemaError
from .opening import DatabaseUnusableError

__all__ = ["Database", "DatabaseUnusableError", "NewerSchemaError"]

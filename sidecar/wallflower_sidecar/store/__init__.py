"""What is kept: a database, the functions that read and change it, and the promise that deleted is gone."""

from .database import Database
from .errors import DatabaseUnusableError, NewerSchemaError
from .postgres import PostgresPlace

__all__ = ["Database", "DatabaseUnusableError", "NewerSchemaError", "PostgresPlace"]

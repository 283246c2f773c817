"""What makes columns the same in both databases: text that none of them refuses, and whose row it is."""

from typing import Any, override

from sqlalchemy import Column, ColumnElement, Dialect, FromClause, Text as PlainText
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.types import TypeDecorator

SERVER_SETTING = "wallflower.server"
"""Where a connection to PostgreSQL keeps the id of the sidecar that made it."""


class Text(TypeDecorator[str]):
    """Text of any characters; NUL and lone surrogates, which PostgreSQL and UTF-8 refuse, become replacement marks."""

    impl = PlainText
    cache_ok = True

    @override
    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        return None if value is None else storable(value)


class PathText(Text):
    """Text in the order of its characters, whatever language the database sorts in."""

    cache_ok = True

    @override
    def load_dialect_impl(self, dialect: Dialect) -> Any:
        return PlainText(collation="C") if dialect.name == "postgresql" else self.impl_instance


def storable(text: str) -> str:
    """The text with a replacement mark for each character that cannot be stored."""
    return text.replace("\0", "\ufffd").encode("utf-8", "surrogatepass").decode("utf-8", "replace")


class this_server(FunctionElement[str]):  # noqa: N801
    """The id of the sidecar that asks; in an SQLite file, which one sidecar has for itself, the empty text."""

    type = PlainText()
    inherit_cache = True


@compiles(this_server, "postgresql")
def _of_connection(_element: this_server, _compiler: SQLCompiler, **_options: Any) -> str:
    return f"current_setting('{SERVER_SETTING}')"


@compiles(this_server, "sqlite")
def _of_file(_element: this_server, _compiler: SQLCompiler, **_options: Any) -> str:
    return "''"


def server_column(*, primary_key: bool = False) -> Column[str]:
    """The column that says whose row it is; filled in by itself."""
    return Column(
        "server", PlainText, primary_key=primary_key, nullable=False, default=this_server(), server_default=""
    )


def mine(table: FromClause) -> ColumnElement[bool]:
    """The condition for rows of the sidecar that asks."""
    return table.c.server == this_server()

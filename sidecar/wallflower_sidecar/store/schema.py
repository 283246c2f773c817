"""What is on disk: the tables of the newest migration. Times are whole milliseconds since 1970, UTC.

Several sidecars may share a database: `server` says whose a row is. The full-text index `segments_fts` stands beside
these tables: another one in each database, that only the migrations know how to make.
"""

from sqlalchemy import (
    JSON,
    BigInteger,
    Column,
    Float,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    MetaData,
    Table,
    UniqueConstraint,
)

from .columns import PathText, Text, server_column

METADATA = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

META = Table(
    "meta",
    METADATA,
    server_column(primary_key=True),
    Column("key", Text, primary_key=True),
    Column("value", Text, nullable=False),
)

COUNTERS = Table(
    "counters",
    METADATA,
    server_column(primary_key=True),
    Column("name", Text, primary_key=True),
    Column("given", BigInteger, nullable=False),
)
"""The newest number given of each kind: one row is locked until commit, so numbers have no gaps and are in order."""

STREAMS = Table(
    "streams",
    METADATA,
    server_column(primary_key=True),
    Column("id", Text, primary_key=True),
    Column("document", JSON, nullable=False),
)

HOUSE_RULES = Table(
    "house_rules",
    METADATA,
    server_column(primary_key=True),
    Column("position", Integer, primary_key=True, autoincrement=False),
    Column("document", JSON, nullable=False),
)
"""The keyword rules of all streams, in their order."""

FORMER_STREAMS = Table(
    "former_streams",
    METADATA,
    server_column(primary_key=True),
    Column("id", Text, primary_key=True),
    Column("retain_days", Float, nullable=False),
)
"""How long the text of removed streams is still kept; those that keep it for ever are not listed."""

SEGMENTS = Table(
    "segments",
    METADATA,
    Column("seq", Integer, primary_key=True),
    Column("id", Text, nullable=False, unique=True),
    Column("stream", Text, nullable=False),
    Column("start", BigInteger, nullable=False),
    Column("end", BigInteger, nullable=False),
    Column("text", Text, nullable=False),
    Column("language", Text),
    Column("confidence", Float, nullable=False),
    Column("speaker_id", Text),
    Column("speaker_name", Text),
    Column("words", JSON, nullable=False),
    Column("source", Text, nullable=False),
    server_column(),
    Index(None, "start", "id"),
    Index(None, "stream", "start", "id"),
    sqlite_autoincrement=True,
)
"""`seq` is the row in the full-text index, never given twice. Text outlives its stream: no foreign key."""

HITS = Table(
    "hits",
    METADATA,
    Column("id", Text, primary_key=True),
    Column("segment", Text, ForeignKey("segments.id", ondelete="CASCADE"), index=True),
    Column("stream", Text, nullable=False),
    Column("rule_id", Text, nullable=False),
    Column("rule_name", Text, nullable=False),
    Column("phrase", Text, nullable=False),
    Column("text", Text, nullable=False),
    Column("start", BigInteger, nullable=False),
    Column("end", BigInteger, nullable=False),
    Column("confidence", Float, nullable=False),
    Column("speaker_id", Text),
    Column("speaker_name", Text),
    Column("state", Text, nullable=False),
    Column("source", Text, nullable=False, server_default="speech"),
    server_column(),
    Index(None, "rule_id", "segment"),
    Index(None, "start", "id"),
    Index(None, "stream", "start", "id"),
)
"""`segment` is null while early, and for what was retracted without one."""

RECORDINGS = Table(
    "recordings",
    METADATA,
    server_column(primary_key=True),
    Column("id", Text, primary_key=True),
    Column("stream", Text, nullable=False),
    Column("start", BigInteger, nullable=False),
    Column("end", BigInteger, nullable=False),
    Column("bytes", BigInteger, nullable=False),
    Column("kind", Text, nullable=False),
    Column("path", PathText, nullable=False),
    UniqueConstraint("server", "path"),
    Index(None, "start", "id"),
    Index(None, "stream", "start", "id"),
)
"""The files in the recordings folder, `path` below its root. They outlive their stream: no foreign key."""

FORMER_RECORDINGS = Table(
    "former_recordings",
    METADATA,
    server_column(primary_key=True),
    Column("stream", Text, primary_key=True),
    Column("retain_days", Float),
    Column("retain_bytes", BigInteger),
)
"""How long, and how much of, the recordings of removed streams is still kept; null: no bound."""

STREAM_ERRORS = Table(
    "stream_errors",
    METADATA,
    Column("id", Integer, primary_key=True),
    server_column(),
    Column("stream", Text, nullable=False),
    Column("code", Text, nullable=False),
    Column("message", Text, nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("recovered_at", BigInteger),
    ForeignKeyConstraint(["server", "stream"], ["streams.server", "streams.id"], ondelete="CASCADE"),
    Index(None, "server", "stream"),
    sqlite_autoincrement=True,
)

EVENTS = Table(
    "events",
    METADATA,
    server_column(primary_key=True),
    Column("id", BigInteger, primary_key=True, autoincrement=False),
    Column("at", BigInteger, nullable=False),
    Column("type", Text, nullable=False),
    Column("stream", Text),
    Column("segment", Text, index=True),
    Column("data", JSON(none_as_null=True)),
)
"""`id` comes from the counter `events`, never given twice. `data` NULL is a tombstone."""

TOKENS = Table(
    "tokens",
    METADATA,
    server_column(),
    Column("id", Text, primary_key=True),
    Column("digest", Text, nullable=False, unique=True),
    Column("name", Text, nullable=False),
    Column("role", Text, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("last_used_at", BigInteger),
)

PAIRING_CODES = Table(
    "pairing_codes",
    METADATA,
    server_column(),
    Column("id", Integer, primary_key=True),
    Column("digest", Text, nullable=False),
    Column("expires_at", BigInteger, nullable=False),
    Column("tries_left", Integer, nullable=False),
)


def in_metadata(name: str | None) -> bool:
    """Whether a table is one of METADATA's; the full-text index and its shadow tables are not."""
    return name is None or not name.startswith("segments_fts")

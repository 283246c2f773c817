"""The first tables: streams, what was heard, what happened, who may ask."""

from alembic import op
import sqlalchemy as sa

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    _what_is_configured()
    _what_was_heard()
    _full_text_index()
    _what_happened()
    _who_may_ask()


def _what_is_configured() -> None:
    op.create_table(
        "meta",
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("key", name="pk_meta"),
    )
    op.create_table(
        "streams",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("document", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_streams"),
    )
    op.create_table(
        "former_streams",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("retain_days", sa.Float(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_former_streams"),
    )
    op.create_table(
        "stream_errors",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("stream", sa.Text(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("message", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("recovered_at", sa.BigInteger()),
        sa.PrimaryKeyConstraint("id", name="pk_stream_errors"),
        sa.ForeignKeyConstraint(["stream"], ["streams.id"], name="fk_stream_errors_stream", ondelete="CASCADE"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_stream_errors_stream", "stream_errors", ["stream"])


def _what_was_heard() -> None:
    op.create_table(
        "segments",
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("stream", sa.Text(), nullable=False),
        sa.Column("start", sa.BigInteger(), nullable=False),
        sa.Column("end", sa.BigInteger(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("language", sa.Text()),
        sa.Column("confidence", sa.Float(), nullable=False),
        sa.Column("speaker_id", sa.Text()),
        sa.Column("speaker_name", sa.Text()),
        sa.Column("words", sa.JSON(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("seq", name="pk_segments"),
        sa.UniqueConstraint("id", name="uq_segments_id"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_segments_start_id", "segments", ["start", "id"])
    op.create_index("ix_segments_stream_start_id", "segments", ["stream", "start", "id"])
    op.create_table(
        "hits",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("segment", sa.Text()),
        sa.Column("stream", sa.Text(), nullable=False),
        sa.Column("rule_id", sa.Text(), nullable=False),
        sa.Column("rule_name", sa.Text(), nullable=False),
        sa.Column("phrase", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("start", sa.BigInteger(), nullable=False),
        sa.Column("end", sa.BigInteger(), nullable=False),
        sa.Column("confidence", sa.Float(), nullable=False),
        sa.Column("speaker_id", sa.Text()),
        sa.Column("speaker_name", sa.Text()),
        sa.Column("state", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_hits"),
        sa.ForeignKeyConstraint(["segment"], ["segments.id"], name="fk_hits_segment", ondelete="CASCADE"),
    )
    op.create_index("ix_hits_segment", "hits", ["segment"])
    op.create_index("ix_hits_rule_id_segment", "hits", ["rule_id", "segment"])


def _full_text_index() -> None:
    if op.get_bind().dialect.name == "postgresql":
        _postgresql_index()
    else:
        _sqlite_index()


def _postgresql_index() -> None:
    """A row beside each segment; `seq` is given in the order of commits, whichever sidecar writes."""
    op.execute(
        "CREATE TABLE segments_fts (seq integer NOT NULL CONSTRAINT pk_segments_fts PRIMARY KEY"
        " CONSTRAINT fk_segments_fts_seq REFERENCES segments (seq) ON DELETE CASCADE, words tsvector NOT NULL)"
    )
    op.execute("CREATE INDEX ix_segments_fts_words ON segments_fts USING gin (words)")
    op.execute(
        "CREATE FUNCTION segments_in_turn() RETURNS trigger LANGUAGE plpgsql AS"
        " 'BEGIN PERFORM pg_advisory_xact_lock(1464487536, 1); RETURN NULL; END'"
    )
    op.execute(
        "CREATE TRIGGER segments_in_turn BEFORE INSERT ON segments"
        " FOR EACH STATEMENT EXECUTE FUNCTION segments_in_turn()"
    )


def _sqlite_index() -> None:
    """Kept right by triggers: no way to write a segment misses the index."""
    op.execute(
        "CREATE VIRTUAL TABLE segments_fts USING fts5("
        "text, content='segments', content_rowid='seq', tokenize='unicode61 remove_diacritics 2')"
    )
    op.execute("INSERT INTO segments_fts(segments_fts, rank) VALUES ('secure-delete', 1)")
    op.execute(
        "CREATE TRIGGER segments_inserted AFTER INSERT ON segments BEGIN "
        "INSERT INTO segments_fts(rowid, text) VALUES (new.seq, new.text); END"
    )
    op.execute(
        "CREATE TRIGGER segments_deleted AFTER DELETE ON segments BEGIN "
        "INSERT INTO segments_fts(segments_fts, rowid, text) VALUES ('delete', old.seq, old.text); END"
    )
    op.execute(
        "CREATE TRIGGER segments_updated AFTER UPDATE OF text ON segments BEGIN "
        "INSERT INTO segments_fts(segments_fts, rowid, text) VALUES ('delete', old.seq, old.text); "
        "INSERT INTO segments_fts(rowid, text) VALUES (new.seq, new.text); END"
    )


def _what_happened() -> None:
    op.create_table(
        "events",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("stream", sa.Text()),
        sa.Column("segment", sa.Text()),
        sa.Column("data", sa.JSON()),
        sa.PrimaryKeyConstraint("id", name="pk_events"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_events_segment", "events", ["segment"])


def _who_may_ask() -> None:
    op.create_table(
        "tokens",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("last_used_at", sa.BigInteger()),
        sa.PrimaryKeyConstraint("id", name="pk_tokens"),
        sa.UniqueConstraint("digest", name="uq_tokens_digest"),
    )
    op.create_table(
        "pairing_codes",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.Column("tries_left", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_pairing_codes"),
    )

"""Whose a row is, so that several sidecars may share a database; events are numbered by a counter of each."""

from alembic import op
import sqlalchemy as sa

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

KEYS = {
    "meta": ["key"],
    "streams": ["id"],
    "house_rules": ["position"],
    "former_streams": ["id"],
    "former_recordings": ["stream"],
    "recordings": ["id"],
}


def upgrade() -> None:
    _counters()
    _events()
    with op.batch_alter_table("stream_errors") as table:
        table.drop_constraint("fk_stream_errors_stream", type_="foreignkey")
    for name, key in KEYS.items():
        with op.batch_alter_table(name) as table:
            table.add_column(_server())
            table.drop_constraint(f"pk_{name}", type_="primary")
            table.create_primary_key(f"pk_{name}", ["server", *key])
            if name == "recordings":
                table.drop_constraint("uq_recordings_path", type_="unique")
                table.create_unique_constraint("uq_recordings_server_path", ["server", "path"])
    with op.batch_alter_table("stream_errors", table_kwargs={"sqlite_autoincrement": True}) as table:
        table.add_column(_server())
        table.drop_index("ix_stream_errors_stream")
        table.create_foreign_key(
            "fk_stream_errors_server_stream", "streams", ["server", "stream"], ["server", "id"], ondelete="CASCADE"
        )
        table.create_index("ix_stream_errors_server_stream", ["server", "stream"])
    for name in ("segments", "hits", "tokens", "pairing_codes"):
        op.add_column(name, _server())
    if op.get_bind().dialect.name == "postgresql":
        op.execute('ALTER TABLE recordings ALTER COLUMN path TYPE text COLLATE "C"')


def _server() -> sa.Column:
    return sa.Column("server", sa.Text(), nullable=False, server_default="")


def _counters() -> None:
    op.create_table(
        "counters",
        _server(),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("given", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("server", "name", name="pk_counters"),
    )
    if op.get_bind().dialect.name == "sqlite":
        op.execute(
            "INSERT INTO counters(name, given) SELECT 'events', max(seq) FROM sqlite_sequence WHERE name = 'events'"
            " HAVING max(seq) IS NOT NULL"
        )


def _events() -> None:
    op.execute("CREATE TABLE events_before AS SELECT id, at, type, stream, segment, data FROM events")
    op.drop_table("events")
    op.create_table(
        "events",
        _server(),
        sa.Column("id", sa.BigInteger(), nullable=False, autoincrement=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("stream", sa.Text()),
        sa.Column("segment", sa.Text()),
        sa.Column("data", sa.JSON()),
        sa.PrimaryKeyConstraint("server", "id", name="pk_events"),
    )
    op.create_index("ix_events_segment", "events", ["segment"])
    op.execute(
        "INSERT INTO events (id, at, type, stream, segment, data)"
        " SELECT id, at, type, stream, segment, data FROM events_before"
    )
    op.drop_table("events_before")

"""Who searches finds the dotless ı by i, and the other way round: the full-text index holds the one as the other."""

from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.execute(
            "UPDATE segments_fts SET words = CAST(replace(CAST(segments_fts.words AS text), 'ı', 'i') AS tsvector)"
            " FROM segments WHERE segments.seq = segments_fts.seq AND strpos(segments.text, 'ı') > 0"
        )
        return
    op.execute(
        "INSERT INTO segments_fts(segments_fts, rowid, text)"
        " SELECT 'delete', seq, text FROM segments WHERE instr(text, 'ı')"
    )
    op.execute(
        "INSERT INTO segments_fts(rowid, text) SELECT seq, replace(text, 'ı', 'i') FROM segments WHERE instr(text, 'ı')"
    )
    for name in ("segments_inserted", "segments_deleted", "segments_updated"):
        op.execute(f"DROP TRIGGER {name}")
    taken = (
        "INSERT INTO segments_fts(segments_fts, rowid, text) VALUES ('delete', old.seq, replace(old.text, 'ı', 'i'));"
    )
    given = "INSERT INTO segments_fts(rowid, text) VALUES (new.seq, replace(new.text, 'ı', 'i'));"
    op.execute(f"CREATE TRIGGER segments_inserted AFTER INSERT ON segments BEGIN {given} END")
    op.execute(f"CREATE TRIGGER segments_deleted AFTER DELETE ON segments BEGIN {taken} END")
    op.execute(f"CREATE TRIGGER segments_updated AFTER UPDATE OF text ON segments BEGIN {taken} {given} END")

"""Recordings: what lies in the recordings folder, and how long that of removed streams is kept."""

from alembic import op
import sqlalchemy as sa

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "recordings",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("stream", sa.Text(), nullable=False),
        sa.Column("start", sa.BigInteger(), nullable=False),
        sa.Column("end", sa.BigInteger(), nullable=False),
        sa.Column("bytes", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("path", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_recordings"),
        sa.UniqueConstraint("path", name="uq_recordings_path"),
    )
    op.create_index("ix_recordings_start_id", "recordings", ["start", "id"])
    op.create_index("ix_recordings_stream_start_id", "recordings", ["stream", "start", "id"])
    op.create_table(
        "former_recordings",
        sa.Column("stream", sa.Text(), nullable=False),
        sa.Column("retain_days", sa.Float()),
        sa.Column("retain_bytes", sa.BigInteger()),
        sa.PrimaryKeyConstraint("stream", name="pk_former_recordings"),
    )

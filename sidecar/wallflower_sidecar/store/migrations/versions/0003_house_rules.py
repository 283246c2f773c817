"""Rules of all streams; hits listed by time, each with where its words come from."""

from alembic import op
import sqlalchemy as sa

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "house_rules",
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("document", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("position", name="pk_house_rules"),
    )
    op.add_column("hits", sa.Column("source", sa.Text(), nullable=False, server_default="speech"))
    op.create_index("ix_hits_start_id", "hits", ["start", "id"])
    op.create_index("ix_hits_stream_start_id", "hits", ["stream", "start", "id"])

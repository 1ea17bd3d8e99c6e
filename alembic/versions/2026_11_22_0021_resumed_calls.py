"""Let a call whose stream broke go on with another."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("call", sa.Column("stream_lost_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("call", sa.Column("lost_reason", sa.String(), nullable=True))
    op.add_column("call", sa.Column("resumes", sa.Integer(), server_default="0", nullable=False))
    op.create_table(
        "unanswered",
        sa.Column("call_id", sa.String(), nullable=False),
        sa.Column("sealed_text", sa.LargeBinary(), nullable=False),
        sa.Column("said_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("is_whole", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["call_id"], ["call.id"], name=op.f("fk_unanswered_call_id_call"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("call_id", name=op.f("pk_unanswered")),
        prefixes=["UNLOGGED"],
    )


def downgrade() -> None:
    op.drop_table("unanswered")
    op.drop_column("call", "resumes")
    op.drop_column("call", "lost_reason")
    op.drop_column("call", "stream_lost_at")

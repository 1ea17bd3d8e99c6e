"""Keep with each turn what the call had come to, for when its process is killed."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None

COUNTS = ("interruptions", "underruns", "speculations_prepared", "speculations_committed")


def upgrade() -> None:
    op.add_column("turn_timing", sa.Column("answer_ms", sa.Float(), nullable=True))
    for name in COUNTS:
        op.add_column(
            "turn_timing", sa.Column(name, sa.Integer(), server_default="0", nullable=False)
        )


def downgrade() -> None:
    for name in (*COUNTS, "answer_ms"):
        op.drop_column("turn_timing", name)

"""Know of a turn where in the call it was, what was made ahead for it, and what covered it."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("turn_timing", sa.Column("offset_ms", sa.Integer(), nullable=True))
    op.add_column(
        "turn_timing",
        sa.Column("was_speculated", sa.Boolean(), nullable=False, server_default=sa.false()),
    )
    op.add_column(
        "turn_timing",
        sa.Column("had_filler", sa.Boolean(), nullable=False, server_default=sa.false()),
    )
    op.add_column("turn_timing", sa.Column("turn_ended_ms", sa.Float(53), nullable=True))
    op.alter_column("turn_timing", "was_speculated", server_default=None)
    op.alter_column("turn_timing", "had_filler", server_default=None)


def downgrade() -> None:
    for name in ("turn_ended_ms", "had_filler", "was_speculated", "offset_ms"):
        op.drop_column("turn_timing", name)

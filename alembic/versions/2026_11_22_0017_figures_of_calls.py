"""Know of a call how soon it was answered, how often a buddy was cut off or its audio late."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("call", sa.Column("answer_ms", sa.Float(53), nullable=True))
    for name in ("interruptions", "underruns"):
        op.add_column("call", sa.Column(name, sa.Integer(), nullable=False, server_default="0"))
        op.alter_column("call", name, server_default=None)


def downgrade() -> None:
    for name in ("underruns", "interruptions", "answer_ms"):
        op.drop_column("call", name)

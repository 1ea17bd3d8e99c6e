"""Count the replies of a call that were prepared ahead of their turn."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

COLUMNS = ("speculations_prepared", "speculations_committed")


def upgrade() -> None:
    for name in COLUMNS:
        op.add_column(
            "call", sa.Column(name, sa.Integer(), nullable=False, server_default=sa.text("0"))
        )
        op.alter_column("call", name, server_default=None)


def downgrade() -> None:
    for name in COLUMNS:
        op.drop_column("call", name)

"""Allowances by number or identity; whether talk is unlimited is derived, not stored."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # Every number had its pre-trial: 300 seconds; the row stays when the account goes.
    op.alter_column("allowance_taken", "number_index", new_column_name="holder_index")
    op.add_column(
        "allowance_taken", sa.Column("seconds", sa.Integer(), nullable=False, server_default="300")
    )
    op.alter_column("allowance_taken", "seconds", server_default=None)
    op.drop_column("talk_time", "unlimited_until")


def downgrade() -> None:
    op.add_column(
        "talk_time", sa.Column("unlimited_until", sa.DateTime(timezone=True), nullable=True)
    )
    op.drop_column("allowance_taken", "seconds")
    op.alter_column("allowance_taken", "holder_index", new_column_name="number_index")

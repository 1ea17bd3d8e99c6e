"""What a subscription costs, and how far Stripe's events have been gone through."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "reconciliation",
        sa.Column("vendor", sa.String(), nullable=False),
        sa.Column("seen_until", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("vendor", name=op.f("pk_reconciliation")),
    )
    op.add_column("subscription", sa.Column("amount_minor", sa.Integer(), nullable=True))
    op.add_column("subscription", sa.Column("currency", sa.String(), nullable=True))
    op.add_column("subscription", sa.Column("interval", sa.String(), nullable=True))


def downgrade() -> None:
    op.drop_column("subscription", "interval")
    op.drop_column("subscription", "currency")
    op.drop_column("subscription", "amount_minor")
    op.drop_table("reconciliation")

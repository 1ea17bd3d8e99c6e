"""Find what runs now without reading what ever ran."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index(
        "ix_call_running", "call", ["account_id"], postgresql_where=sa.text("ended_at IS NULL")
    )
    op.create_index(
        "ix_reservation_open_account_id",
        "reservation",
        ["account_id"],
        postgresql_where=sa.text("status = 'open'"),
    )


def downgrade() -> None:
    op.drop_index("ix_reservation_open_account_id", table_name="reservation")
    op.drop_index("ix_call_running", table_name="call")

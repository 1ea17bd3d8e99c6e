"""Find the calls of a day without reading all."""

from __future__ import annotations

from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("ix_call_started_at", "call", ["started_at"])


def downgrade() -> None:
    op.drop_index("ix_call_started_at", "call")

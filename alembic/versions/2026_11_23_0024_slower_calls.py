"""Keep that a caller asked buddies to speak more slowly, for when the call goes on elsewhere."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("call", sa.Column("slower", sa.Integer(), server_default="0", nullable=False))


def downgrade() -> None:
    op.drop_column("call", "slower")

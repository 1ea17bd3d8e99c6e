"""Show in a transcript where the record begins and ends."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "entry", sa.Column("kind", sa.String(), server_default="words", nullable=False)
    )


def downgrade() -> None:
    op.drop_column("entry", "kind")

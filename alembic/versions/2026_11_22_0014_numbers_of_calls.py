"""Know which running calls come from one number."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("call", sa.Column("number_index", sa.LargeBinary(), nullable=True))


def downgrade() -> None:
    op.drop_column("call", "number_index")

"""Keep what a buddy is saying, should its process die before the sentence is over."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "being_said",
        sa.Column("call_id", sa.String(), nullable=False),
        sa.Column("sequence", sa.Integer(), nullable=False),
        sa.Column("offset_ms", sa.Integer(), nullable=False),
        sa.Column("said_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("sealed_text", sa.LargeBinary(), nullable=False),
        sa.Column("sealed_unheard", sa.LargeBinary(), nullable=True),
        sa.Column("persona_version_id", sa.String(), nullable=True),
        sa.ForeignKeyConstraint(
            ["call_id"], ["call.id"], name=op.f("fk_being_said_call_id_call"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["persona_version_id"],
            ["persona_version.id"],
            name=op.f("fk_being_said_persona_version_id_persona_version"),
        ),
        sa.PrimaryKeyConstraint("call_id", "sequence", name=op.f("pk_being_said")),
        prefixes=["UNLOGGED"],
    )


def downgrade() -> None:
    op.drop_table("being_said")

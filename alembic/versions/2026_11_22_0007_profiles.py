"""Profiles, rotated sessions, consents by kind, and notices to an account."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "notice",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("account_id", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("sealed_detail", sa.LargeBinary(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("dismissed_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["account_id"],
            ["account.id"],
            name=op.f("fk_notice_account_id_account"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notice")),
    )
    op.create_index(op.f("ix_notice_account_id"), "notice", ["account_id"], unique=False)
    op.add_column("account", sa.Column("time_zone", sa.String(), nullable=True))
    op.add_column(
        "account", sa.Column("pace", sa.Float(precision=53), nullable=False, server_default="1")
    )
    op.add_column("account", sa.Column("pause_seconds", sa.Float(precision=53), nullable=True))
    op.add_column(
        "account", sa.Column("keeps_memory", sa.Boolean(), nullable=False, server_default=sa.true())
    )
    op.add_column("account", sa.Column("transcript_days", sa.Integer(), nullable=True))
    op.add_column("account", sa.Column("pin_index", sa.LargeBinary(), nullable=True))
    op.add_column(
        "account", sa.Column("pin_wrong", sa.Integer(), nullable=False, server_default="0")
    )
    op.add_column(
        "account", sa.Column("pin_locked_until", sa.DateTime(timezone=True), nullable=True)
    )
    op.add_column(
        "account", sa.Column("onboarding_dismissed_at", sa.DateTime(timezone=True), nullable=True)
    )
    op.add_column("call", sa.Column("proved_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column(
        "consent", sa.Column("kind", sa.String(), nullable=False, server_default="transcription")
    )
    op.add_column("consent", sa.Column("withdrawn_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column(
        "sign_in_session", sa.Column("former_token_hash", sa.LargeBinary(), nullable=True)
    )
    op.add_column(
        "sign_in_session", sa.Column("rotated_at", sa.DateTime(timezone=True), nullable=True)
    )
    op.add_column(
        "sign_in_session", sa.Column("last_seen_at", sa.DateTime(timezone=True), nullable=True)
    )
    op.create_unique_constraint(
        op.f("uq_sign_in_session_former_token_hash"), "sign_in_session", ["former_token_hash"]
    )
    op.alter_column("account", "pace", server_default=None)
    op.alter_column("account", "keeps_memory", server_default=None)
    op.alter_column("account", "pin_wrong", server_default=None)
    op.alter_column("consent", "kind", server_default=None)


def downgrade() -> None:
    op.drop_constraint(
        op.f("uq_sign_in_session_former_token_hash"), "sign_in_session", type_="unique"
    )
    op.drop_column("sign_in_session", "last_seen_at")
    op.drop_column("sign_in_session", "rotated_at")
    op.drop_column("sign_in_session", "former_token_hash")
    op.drop_column("consent", "withdrawn_at")
    op.drop_column("consent", "kind")
    op.drop_column("call", "proved_at")
    op.drop_column("account", "onboarding_dismissed_at")
    op.drop_column("account", "pin_locked_until")
    op.drop_column("account", "pin_wrong")
    op.drop_column("account", "pin_index")
    op.drop_column("account", "transcript_days")
    op.drop_column("account", "keeps_memory")
    op.drop_column("account", "pause_seconds")
    op.drop_column("account", "pace")
    op.drop_column("account", "time_zone")
    op.drop_index(op.f("ix_notice_account_id"), table_name="notice")
    op.drop_table("notice")

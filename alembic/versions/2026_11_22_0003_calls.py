"""Calls, their transcripts and timings, and the consent to transcribe them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "call",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("call_sid", sa.String(), nullable=False),
        sa.Column("account_id", sa.String(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("status_sequence", sa.Integer(), nullable=False),
        sa.Column("is_attested", sa.Boolean(), nullable=False),
        sa.Column("token_hash", sa.LargeBinary(), nullable=True),
        sa.Column("token_expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("stream_sid", sa.String(), nullable=True),
        sa.Column("persona_version_id", sa.String(), nullable=True),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("stream_started_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("end_reason", sa.String(), nullable=True),
        sa.Column("talk_seconds", sa.Integer(), nullable=False),
        sa.Column("line_seconds", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(
            ["account_id"],
            ["account.id"],
            name=op.f("fk_call_account_id_account"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["persona_version_id"],
            ["persona_version.id"],
            name=op.f("fk_call_persona_version_id_persona_version"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_call")),
        sa.UniqueConstraint("call_sid", name=op.f("uq_call_call_sid")),
        sa.UniqueConstraint("stream_sid", name=op.f("uq_call_stream_sid")),
    )
    op.create_index(
        "ix_call_account_id_started_at", "call", ["account_id", "started_at"], unique=False
    )
    op.create_table(
        "entry",
        sa.Column("call_id", sa.String(), nullable=False),
        sa.Column("sequence", sa.Integer(), nullable=False),
        sa.Column("side", sa.String(), nullable=False),
        sa.Column("offset_ms", sa.Integer(), nullable=False),
        sa.Column("said_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("sealed_text", sa.LargeBinary(), nullable=False),
        sa.Column("sealed_unheard", sa.LargeBinary(), nullable=True),
        sa.Column("was_interrupted", sa.Boolean(), nullable=False),
        sa.Column("persona_version_id", sa.String(), nullable=True),
        sa.ForeignKeyConstraint(
            ["call_id"], ["call.id"], name=op.f("fk_entry_call_id_call"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["persona_version_id"],
            ["persona_version.id"],
            name=op.f("fk_entry_persona_version_id_persona_version"),
        ),
        sa.PrimaryKeyConstraint("call_id", "sequence", name=op.f("pk_entry")),
    )
    op.create_table(
        "turn_timing",
        sa.Column("call_id", sa.String(), nullable=False),
        sa.Column("turn", sa.Integer(), nullable=False),
        sa.Column("final_words_ms", sa.Float(precision=53), nullable=True),
        sa.Column("request_ms", sa.Float(precision=53), nullable=True),
        sa.Column("first_token_ms", sa.Float(precision=53), nullable=True),
        sa.Column("first_segment_ms", sa.Float(precision=53), nullable=True),
        sa.Column("first_byte_ms", sa.Float(precision=53), nullable=True),
        sa.Column("first_frame_ms", sa.Float(precision=53), nullable=True),
        sa.Column("first_mark_ms", sa.Float(precision=53), nullable=True),
        sa.Column("gap_ms", sa.Float(precision=53), nullable=True),
        sa.ForeignKeyConstraint(
            ["call_id"], ["call.id"], name=op.f("fk_turn_timing_call_id_call"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("call_id", "turn", name=op.f("pk_turn_timing")),
    )
    op.create_table(
        "consent",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("account_id", sa.String(), nullable=False),
        sa.Column("call_id", sa.String(), nullable=True),
        sa.Column("wording_version", sa.String(), nullable=False),
        sa.Column("given_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"],
            ["account.id"],
            name=op.f("fk_consent_account_id_account"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["call_id"], ["call.id"], name=op.f("fk_consent_call_id_call"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_consent")),
        sa.UniqueConstraint("call_id", name=op.f("uq_consent_call_id")),
    )
    op.create_index(op.f("ix_consent_account_id"), "consent", ["account_id"], unique=False)


def downgrade() -> None:
    op.drop_index(op.f("ix_consent_account_id"), table_name="consent")
    op.drop_table("consent")
    op.drop_table("turn_timing")
    op.drop_table("entry")
    op.drop_index("ix_call_account_id_started_at", table_name="call")
    op.drop_table("call")

"""Personas, their versions, and constants; every edit is announced to the programs."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "persona",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("slug", sa.String(), nullable=False),
        sa.Column("menu_key", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_persona")),
        sa.UniqueConstraint("menu_key", name=op.f("uq_persona_menu_key")),
        sa.UniqueConstraint("slug", name=op.f("uq_persona_slug")),
    )
    op.create_table(
        "persona_version",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("persona_id", sa.String(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("prompt", sa.String(), nullable=False),
        sa.Column("card", sa.String(), nullable=False),
        sa.Column("voice", sa.String(), nullable=False),
        sa.Column("voice_instructions", sa.String(), nullable=False),
        sa.Column("model", sa.String(), nullable=True),
        sa.Column("fillers", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("search_fillers", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("greeting", sa.String(), nullable=False),
        sa.Column("greeting_unnamed", sa.String(), nullable=False),
        sa.Column("pause_difference_seconds", sa.Float(precision=53), nullable=False),
        sa.Column("tagline", sa.String(), nullable=False),
        sa.Column("sample_lines", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["persona_id"], ["persona.id"], name=op.f("fk_persona_version_persona_id_persona")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_persona_version")),
        sa.UniqueConstraint(
            "persona_id", "number", name=op.f("uq_persona_version_persona_id_number")
        ),
    )
    op.create_index(
        "ix_persona_version_one_published",
        "persona_version",
        ["persona_id"],
        unique=True,
        postgresql_where=sa.text("status = 'published'"),
    )
    op.create_table(
        "constant",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("value", sa.Float(precision=53), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_constant")),
    )
    op.execute("""
        CREATE FUNCTION notify_configuration() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            PERFORM pg_notify('configuration', TG_TABLE_NAME);
            RETURN NULL;
        END
        $$
    """)
    for table in ("persona", "persona_version", "constant"):
        op.execute(
            f"CREATE TRIGGER notify_configuration AFTER INSERT OR UPDATE OR DELETE ON {table} "
            "FOR EACH STATEMENT EXECUTE FUNCTION notify_configuration()"
        )


def downgrade() -> None:
    op.drop_table("constant")
    op.drop_index(
        "ix_persona_version_one_published",
        table_name="persona_version",
        postgresql_where=sa.text("status = 'published'"),
    )
    op.drop_table("persona_version")
    op.drop_table("persona")
    op.execute("DROP FUNCTION notify_configuration")

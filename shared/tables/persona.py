"""The buddies' characters and their versions."""

from datetime import datetime

from sqlalchemy import Index, UniqueConstraint, text
from sqlmodel import Field

from shared.tables.base import FLOAT, INSTANT, TEXTS, Table, column


class Persona(Table, table=True):
    """A buddy's place in the menu; what it is like is in its versions."""

    __tablename__ = "persona"

    id: str = Field(primary_key=True)
    slug: str = Field(unique=True)
    menu_key: int = Field(unique=True)
    created_at: datetime = column(INSTANT)


class PersonaVersion(Table, table=True):
    """A character as it was at one time: draft, published or archived."""

    __tablename__ = "persona_version"
    __table_args__ = (
        UniqueConstraint("persona_id", "number"),
        Index(
            "ix_persona_version_one_published",
            "persona_id",
            unique=True,
            postgresql_where=text("status = 'published'"),
        ),
    )

    id: str = Field(primary_key=True)
    persona_id: str = Field(foreign_key="persona.id")
    number: int  # counts from 1 within the persona
    status: str
    name: str
    prompt: str
    card: str
    voice: str
    voice_instructions: str
    model: str | None = None  # unset: the installation's
    fillers: list[str] = column(TEXTS)
    search_fillers: list[str] = column(TEXTS)
    greeting: str
    greeting_unnamed: str
    pause_difference_seconds: float = column(FLOAT)
    tagline: str
    sample_lines: list[str] = column(TEXTS)
    created_at: datetime = column(INSTANT)

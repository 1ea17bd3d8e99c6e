"""Personas and constants: what the configuration cache reads and an operator edits."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import func
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import Session, col, select

from shared.ids import PersonaId, PersonaVersionId, new_id
from shared.tables.configuration import Constant
from shared.tables.persona import Persona, PersonaVersion


class VersionStatus(StrEnum):
    """Where a persona's version stands."""

    DRAFT = "draft"
    PUBLISHED = "published"
    ARCHIVED = "archived"


@dataclass(frozen=True, slots=True)
class Character:
    """What a version of a persona is like."""

    name: str
    prompt: str
    card: str
    voice: str
    voice_instructions: str
    model: str | None  # None: the installation's
    fillers: tuple[str, ...]
    search_fillers: tuple[str, ...]
    greeting: str  # with a slot for the {name}, and where it likes for the {weekday}
    greeting_unnamed: str
    pause_difference_seconds: float
    tagline: str
    sample_lines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PersonaView:
    """A published version, as a call uses it."""

    version_id: PersonaVersionId
    persona_id: PersonaId
    slug: str
    name: str
    menu_key: int
    prompt: str
    card: str
    voice: str
    voice_instructions: str
    model: str | None
    fillers: tuple[str, ...]
    search_fillers: tuple[str, ...]
    greeting: str
    greeting_unnamed: str
    pause_difference_seconds: float
    tagline: str
    sample_lines: tuple[str, ...]


def published(session: Session) -> tuple[PersonaView, ...]:
    """Return every persona's published version, in the order of the menu."""
    rows = session.exec(
        select(Persona, PersonaVersion)
        .join(PersonaVersion, col(PersonaVersion.persona_id) == Persona.id)
        .where(PersonaVersion.status == VersionStatus.PUBLISHED.value)
        .order_by(col(Persona.menu_key))
    )
    return tuple(_view(persona, version) for persona, version in rows)


def publish(
    session: Session, *, slug: str, menu_key: int, character: Character, now: datetime
) -> PersonaVersionId:
    """Make this the persona's published version; the same character again changes nothing."""
    persona = session.exec(
        select(Persona).where(Persona.slug == slug).with_for_update()
    ).one_or_none()
    if persona is None:
        persona = Persona(id=new_id("per"), slug=slug, menu_key=menu_key, created_at=now)
        session.add(persona)
        session.flush()
    elif persona.menu_key != menu_key:
        persona.menu_key = menu_key
    current = session.exec(
        select(PersonaVersion).where(
            PersonaVersion.persona_id == persona.id,
            PersonaVersion.status == VersionStatus.PUBLISHED.value,
        )
    ).one_or_none()
    if current is not None:
        if _character(current) == character:
            return PersonaVersionId(current.id)
        current.status = VersionStatus.ARCHIVED.value
        session.flush()
    newest = session.exec(
        select(func.max(PersonaVersion.number)).where(PersonaVersion.persona_id == persona.id)
    ).one()
    version = PersonaVersion(
        id=new_id("pv"),
        persona_id=persona.id,
        number=(newest or 0) + 1,
        status=VersionStatus.PUBLISHED.value,
        name=character.name,
        prompt=character.prompt,
        card=character.card,
        voice=character.voice,
        voice_instructions=character.voice_instructions,
        model=character.model,
        fillers=list(character.fillers),
        search_fillers=list(character.search_fillers),
        greeting=character.greeting,
        greeting_unnamed=character.greeting_unnamed,
        pause_difference_seconds=character.pause_difference_seconds,
        tagline=character.tagline,
        sample_lines=list(character.sample_lines),
        created_at=now,
    )
    session.add(version)
    session.flush()
    return PersonaVersionId(version.id)


def is_known(session: Session, *, slug: str) -> bool:
    """Say whether there is such a persona, whatever its versions."""
    return session.exec(select(Persona.id).where(Persona.slug == slug)).first() is not None


def constants(session: Session) -> Mapping[str, float]:
    """Return every constant by its name."""
    return {row.name: row.value for row in session.exec(select(Constant))}


def set_constant(session: Session, *, name: str, value: float, now: datetime) -> None:
    """Set a constant; running calls read it at their next turn."""
    session.execute(
        insert(Constant)
        .values(name=name, value=value, updated_at=now)
        .on_conflict_do_update(index_elements=["name"], set_={"value": value, "updated_at": now})
    )


def add_constant(session: Session, *, name: str, value: float, now: datetime) -> None:
    """Give a constant its first value; one that is there keeps the operator's."""
    session.execute(
        insert(Constant).values(name=name, value=value, updated_at=now).on_conflict_do_nothing()
    )


def _character(version: PersonaVersion) -> Character:
    return Character(
        name=version.name,
        prompt=version.prompt,
        card=version.card,
        voice=version.voice,
        voice_instructions=version.voice_instructions,
        model=version.model,
        fillers=tuple(version.fillers),
        search_fillers=tuple(version.search_fillers),
        greeting=version.greeting,
        greeting_unnamed=version.greeting_unnamed,
        pause_difference_seconds=version.pause_difference_seconds,
        tagline=version.tagline,
        sample_lines=tuple(version.sample_lines),
    )


def _view(persona: Persona, version: PersonaVersion) -> PersonaView:
    character = _character(version)
    return PersonaView(
        version_id=PersonaVersionId(version.id),
        persona_id=PersonaId(persona.id),
        slug=persona.slug,
        menu_key=persona.menu_key,
        **{name: getattr(character, name) for name in Character.__slots__},
    )

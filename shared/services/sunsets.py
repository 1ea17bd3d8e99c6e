"""Sunsets: which models the installation uses, what was told of them, and how they stand."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta

from sqlalchemy import delete, func
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import Session, col, select

from shared.domain.sunsets import ModelOutlook, outlooks
from shared.seed.model_ends import announced_ends
from shared.services import personas
from shared.settings import Settings
from shared.tables.sunset import ModelEnd

FORGOTTEN_AFTER = timedelta(days=30)  # a model that is on no list any more, or not used


def configured(settings: Settings) -> dict[str, tuple[str, ...]]:
    """Return the models that the settings name, each with what it is for."""
    voices = settings.voice_models
    spoken = [(voices[name], "speech") for name in settings.voice_vendors if name in voices]
    uses: dict[str, tuple[str, ...]] = {}
    for model, use in ((settings.chat_model, "replies"), *spoken):
        uses[model] = (*uses.get(model, ()), use)
    return uses


def in_use(session: Session, *, settings: Settings) -> dict[str, tuple[str, ...]]:
    """Return the models that settings and published personas name, each with what it is for."""
    uses = configured(settings)
    for persona in personas.published(session):
        if persona.model is not None:
            uses[persona.model] = (*uses.get(persona.model, ()), f"replies of {persona.name}")
    return uses


def keep(session: Session, *, listed: Mapping[str, date | None], now: datetime) -> None:
    """Keep what a vendor's list told of models."""
    rows = [
        {"model": model, "ends_on": ends_on, "checked_at": now}
        for model, ends_on in sorted(listed.items())
    ]
    if rows:
        added = insert(ModelEnd).values(rows)
        session.execute(
            added.on_conflict_do_update(
                index_elements=["model"],
                set_={"ends_on": added.excluded.ends_on, "checked_at": added.excluded.checked_at},
            )
        )
    session.execute(delete(ModelEnd).where(col(ModelEnd.checked_at) < now - FORGOTTEN_AFTER))


def checked_at(session: Session) -> datetime | None:
    """Return when a vendor's list was read last; None: never."""
    return session.exec(select(func.max(ModelEnd.checked_at))).one()


def standing(session: Session, *, settings: Settings, now: datetime) -> tuple[ModelOutlook, ...]:
    """Return how the models in use stand, the soonest end first."""
    told = {row.model: row.ends_on for row in session.exec(select(ModelEnd))}
    return outlooks(
        in_use(session, settings=settings),
        told=told,
        announced=announced_ends(),
        today=now.astimezone(UTC).date(),
    )

"""What an operator sees at a glance: calls in progress, how fast and how dear, and what ends soon."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session, col, select

from shared.domain.sunsets import ModelOutlook
from shared.ids import CallId
from shared.services import call_timings, spending, sunsets
from shared.services.accounts import SignedIn
from shared.services.call_timings import DayOfCalls
from shared.services.oversight import NotAnOperator
from shared.settings import Settings
from shared.tables.call import Call
from shared.tables.persona import PersonaVersion
from shared.tables.talk_time import Reservation

MOST_SHOWN = 100


@dataclass(frozen=True, slots=True)
class RunningView:
    """A call on the line."""

    call_id: CallId
    buddy: str | None  # None: it is with the reception
    started_at: datetime
    talked_seconds: int


@dataclass(frozen=True, slots=True)
class Operations:
    """How it stands."""

    running: tuple[RunningView, ...]
    day: DayOfCalls
    spent_micros: int  # today, UTC, as estimated
    budget_micros: int
    models: tuple[ModelOutlook, ...]
    models_checked_at: datetime | None


def overview(
    session: Session, *, operator: SignedIn, settings: Settings, now: datetime
) -> Operations:
    """Return how it stands; raise `NotAnOperator` for anybody else."""
    if not operator.is_operator:
        raise NotAnOperator
    return Operations(
        running=_running(session),
        day=call_timings.of_day(session, operator=operator, now=now),
        spent_micros=spending.spent(session, now=now),
        budget_micros=spending.limits(session).daily_budget_micros,
        models=sunsets.standing(session, settings=settings, now=now),
        models_checked_at=sunsets.checked_at(session),
    )


def _running(session: Session) -> tuple[RunningView, ...]:
    rows = session.exec(
        select(Call.id, PersonaVersion.name, Call.started_at, Reservation.used_seconds)
        .join(PersonaVersion, col(Call.persona_version_id) == PersonaVersion.id, isouter=True)
        .join(Reservation, col(Reservation.call_id) == Call.id, isouter=True)
        .where(col(Call.ended_at).is_(None), col(Call.stream_started_at).is_not(None))
        .order_by(col(Call.started_at), col(Call.id))
        .limit(MOST_SHOWN)
    )
    return tuple(
        RunningView(CallId(call_id), buddy, started_at, used or 0)
        for call_id, buddy, started_at, used in rows
    )

"""Spending: what the day has cost so far, and whether one more call may start."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from sqlalchemy import text
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import Session

from shared.database import lock
from shared.domain import spending
from shared.domain.spending import Component, Load, Refusal, SpendLimits
from shared.ids import AccountId, CallId
from shared.seed.vendor_prices import vendor_prices
from shared.services import personas
from shared.tables.guarding import Spending

# A call that never got to a buddy, and of whose end nobody told us, keeps its line so long.
LONGEST_WAIT = timedelta(minutes=3)

_SPENT = text("SELECT coalesce(sum(micros), 0) FROM spending WHERE day = :day")
# A call is on the line until its stream or Twilio said otherwise, or its process seems dead.
_RUNNING = text(
    "SELECT count(*) AS in_all, "
    "  count(*) FILTER (WHERE call.number_index = "
    "    (SELECT number_index FROM call WHERE id = :call_id)) AS of_number "
    "FROM call LEFT JOIN reservation ON reservation.call_id = call.id "
    "WHERE call.ended_at IS NULL AND call.line_seconds IS NULL AND call.id <> :call_id "
    "  AND CASE WHEN reservation.call_id IS NULL THEN call.stream_started_at > :waiting_since "
    "      ELSE reservation.status = 'open' AND reservation.expires_at >= :now END"
)
_TALKED = text(
    "SELECT (SELECT coalesce(sum(used_seconds), 0) FROM ledger_entry "
    "        WHERE account_id = :account_id AND booked_at >= :since) "
    "     + (SELECT coalesce(sum(used_seconds), 0) FROM reservation "
    "        WHERE account_id = :account_id AND status = 'open')"
)


def book(session: Session, *, micros: Mapping[Component, int], now: datetime) -> int:
    """Add what was spent, in millionths of a dollar; return what the day (UTC) has cost."""
    rows = [
        {"day": _day(now), "component": component.value, "micros": cost}
        for component, cost in sorted(micros.items())  # in one order: nobody waits for both
        if cost > 0
    ]
    if rows:
        added = insert(Spending).values(rows)
        session.execute(
            added.on_conflict_do_update(
                index_elements=["day", "component"],
                set_={"micros": Spending.micros + added.excluded.micros},
            )
        )
    return spent(session, now=now)


def book_pieces(session: Session, *, component: Component, pieces: int = 1, now: datetime) -> int:
    """Add so many messages, verifications or look-ups; return what the day has cost."""
    return book(session, micros={component: vendor_prices()[component].of(pieces)}, now=now)


def spent(session: Session, *, now: datetime) -> int:
    """Return what the day (UTC) has cost so far, in millionths of a dollar."""
    return int(session.execute(_SPENT, {"day": _day(now)}).scalar_one())


def limits(session: Session) -> SpendLimits:
    """Return the operator's limits as they are in the database."""
    constants = personas.constants(session)
    return spending.limits(constants.get)


def fair_use_left(session: Session, *, account_id: AccountId, now: datetime) -> int:
    """Return the seconds that fair use leaves an unlimited account this month; never below 0."""
    return max(0, limits(session).fair_use_seconds - talked(session, account_id, now=now))


def talked(session: Session, account_id: AccountId, *, now: datetime) -> int:
    """Return the seconds that the account has talked this month."""
    asked = {"account_id": account_id, "since": spending.month_began(now)}
    return int(session.execute(_TALKED, asked).scalar_one())


def admit(
    session: Session, *, call_id: CallId, fair_use_left: int | None, now: datetime
) -> Refusal | None:
    """Say why the call may not start, if so. Of calls at once each sees those before it."""
    lock(session, "admission")
    running = session.execute(
        _RUNNING, {"call_id": call_id, "waiting_since": now - LONGEST_WAIT, "now": now}
    ).one()
    load = Load(running.of_number, running.in_all, spent(session, now=now))
    return spending.refusal(limits(session), load, fair_use_left=fair_use_left)


def _day(now: datetime) -> object:
    return now.astimezone(UTC).date()

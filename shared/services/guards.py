"""Guards: how often something was done in a window of time, counted before it is done.

Every use is one conditional upsert, so that of any number of askers at once only so many get
through as the limit allows. All scopes of one ask are counted in one transaction and in one
order: who is refused by the last has used up none of the others, and no two wait for each other.
Windows that are over are deleted with what else is too old (`retention`).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, time, timedelta

from sqlalchemy import text
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import Session, col

from shared.database import key_ring
from shared.domain.spending import Component
from shared.domain.verification import Counted
from shared.domain.verification_refusals import TooManyCodes
from shared.seed.vendor_prices import vendor_prices
from shared.services import spending
from shared.tables.verification import GuardWindow

BUDGET = "budget"  # of the day, for all that the installation pays for

USED = text(
    "SELECT scope, key, used FROM guard_window WHERE (scope, key, started_at) IN "
    "(SELECT * FROM unnest(CAST(:scopes AS text[]), CAST(:keys AS bytea[]), "
    "CAST(:starts AS timestamptz[])))"
)


def look(session: Session, uses: Sequence[Counted]) -> None:
    """Raise `TooManyCodes` where something is used up; count nothing and wait for nobody.

    So a flood costs a look each, and does not stand in line with those who get through.
    """
    keys = [_key(session, use) for use in uses]
    used = {
        (scope, bytes(key)): count
        for scope, key, count in session.execute(
            USED,
            {
                "scopes": [use.scope.value for use in uses],
                "keys": keys,
                "starts": [use.started_at for use in uses],
            },
        )
    }
    for use, key in zip(uses, keys, strict=True):
        if used.get((use.scope.value, key), 0) >= use.limit:
            raise TooManyCodes(use.scope, use.ends_at)


def take(session: Session, uses: Iterable[Counted]) -> None:
    """Count one use of each; raise `TooManyCodes`, which has to undo the transaction."""
    for use in uses:
        if not _take(session, use):
            raise TooManyCodes(use.scope, use.ends_at)


def want_budget(session: Session, *, now: datetime) -> None:
    """Refuse where the operator's day is spent, or everything that costs money is switched off."""
    limits = spending.limits(session)
    if limits.is_paused or spending.spent(session, now=now) >= limits.daily_budget_micros:
        tomorrow = now.astimezone(UTC).date() + timedelta(days=1)
        raise TooManyCodes(BUDGET, datetime.combine(tomorrow, time.min, UTC))


def book(session: Session, *, with_look_up: bool, now: datetime) -> None:
    """Book what the vendor is about to be asked for."""
    pieces = (Component.VERIFICATION, *((Component.LOOKUP,) if with_look_up else ()))
    micros = {component: vendor_prices()[component].of(1) for component in pieces}
    spending.book(session, micros=micros, now=now)


def _key(session: Session, use: Counted) -> bytes:
    return key_ring(session).blind_index(f"guard_{use.scope}", use.key)


def _take(session: Session, use: Counted) -> bool:
    if use.limit < 1:
        return False
    key = _key(session, use)
    window = insert(GuardWindow).values(
        scope=use.scope.value, key=key, started_at=use.started_at, used=1
    )
    taken = session.execute(
        window.on_conflict_do_update(
            index_elements=["scope", "key", "started_at"],
            set_={"used": GuardWindow.used + 1},
            where=col(GuardWindow.used) < use.limit,
        ).returning(col(GuardWindow.used))
    )
    return taken.first() is not None

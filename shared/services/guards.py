"""Guards: how often something was done in a window of time, counted before it is done.

Every use is one conditional upsert, so that of any number of askers at once only so many get
through as the limit allows. All scopes of one ask are counted in one transaction and in one
order: who is refused by the last has used up none of the others, and no two wait for each other.
Windows that are over are deleted with what else is too old (`retention`).
"""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy.dialects.postgresql import insert
from sqlmodel import Session, col

from shared.database import key_ring
from shared.domain.verification import Counted
from shared.domain.verification_refusals import TooManyCodes
from shared.tables.verification import GuardWindow


def take(session: Session, uses: Iterable[Counted]) -> None:
    """Count one use of each; raise `TooManyCodes`, which has to undo the transaction."""
    for use in uses:
        if not _take(session, use):
            raise TooManyCodes(use.scope, use.ends_at)


def _take(session: Session, use: Counted) -> bool:
    if use.limit < 1:
        return False
    key = key_ring(session).blind_index(f"guard_{use.scope}", use.key)
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

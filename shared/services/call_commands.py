"""What the programs ask of running calls, which live in the voice service."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from sqlmodel import Session, col, select

from shared.ids import AccountId, CallId
from shared.listener import CALL_COMMANDS, notify
from shared.tables.call import Call

END: Final = "end"  # the command's verb; what follows the colon is the call
LOST: Final = "lost"  # what follows is a stream: Twilio says that it broke
PROFILE: Final = "profile"  # of the account after the colon: it was edited


def request_end(
    session: Session, *, account_id: AccountId, call_id: CallId | None = None
) -> tuple[CallId, ...]:
    """Have the account's running calls, or the one named, end with a goodbye; return which.

    For what is about to be deleted: the calls hear of it when the transaction commits, and write
    nothing more that a deleted call would have to keep.
    """
    running = select(Call.id).where(Call.account_id == account_id, col(Call.ended_at).is_(None))
    if call_id is not None:
        running = running.where(Call.id == call_id)
    found = tuple(CallId(running_id) for running_id in session.exec(running))
    for running_id in found:
        notify(session, CALL_COMMANDS, f"{END}:{running_id}")
    return found


def announce_profile(session: Session, *, account_id: AccountId) -> None:
    """Let the account's running calls know that its profile was edited."""
    notify(session, CALL_COMMANDS, f"{PROFILE}:{account_id}")


def existing(session: Session, *, call_ids: Sequence[CallId]) -> frozenset[CallId]:
    """Return which of these calls have not been deleted."""
    return frozenset(map(CallId, session.exec(select(Call.id).where(col(Call.id).in_(call_ids)))))

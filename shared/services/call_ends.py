"""The last row of a call: that it is over, why, and that pages hear of it."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import delete
from sqlmodel import Session, col

from shared.listener import CALL_ENTRIES, notify
from shared.services import stream_tokens
from shared.tables.call import Call, Unanswered


def end(
    session: Session, call: Call, reason: str, *, now: datetime, status: str = "completed"
) -> None:
    """Keep that the call is over; what it held has been settled, or will be."""
    call.status = status
    call.ended_at = now
    call.end_reason = reason
    call.stream_lost_at = call.lost_reason = None
    stream_tokens.forget(call)
    session.execute(delete(Unanswered).where(col(Unanswered.call_id) == call.id))
    session.flush()
    notify(session, CALL_ENTRIES, call.id)

"""Calls whose end nobody told us: their process died, and no other heard Twilio tell of it.

Until a sweep finds them they seem to go on, and their caller, who dials again, to be on another
line. Twilio knows, but has to be asked: that is the voice service's part.
"""

from __future__ import annotations

from datetime import datetime

from sqlmodel import Session, select

from shared.ids import CallId
from shared.services import reservations, talk_time
from shared.tables.call import Call


def end_missed(session: Session, *, call_sid: str, now: datetime) -> None:
    """End a call of which Twilio says that it is over, as one whose line was lost."""
    call = session.exec(
        select(Call).where(Call.call_sid == call_sid).with_for_update(key_share=True)
    ).one_or_none()
    if call is None or call.ended_at is not None:
        return
    held = reservations.lock(session, CallId(call.id), now=now)
    call.stream_lost_at = call.stream_lost_at or now
    call.lost_reason = call.lost_reason or "line_lost"
    talk_time.end_lost(session, call, held, now=now)

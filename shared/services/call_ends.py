"""The end of a call, or of one of its streams: why, what it came to, and that pages hear of it."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import delete, func, select
from sqlmodel import Session, col

from shared.domain.timings import CallFigures
from shared.ids import CallId
from shared.listener import CALL_ENTRIES, notify
from shared.services import being_said, stream_tokens
from shared.tables.call import Call, TurnTiming, Unanswered


def end(
    session: Session,
    call: Call,
    reason: str,
    *,
    now: datetime,
    status: str = "completed",
    is_told: bool = False,
) -> None:
    """Keep that the call is over; what it held has been settled, or will be.

    Where its own process has not told of the end, what it left is all there is.
    """
    if is_told:
        being_said.forget(session, CallId(call.id))
    else:
        take_over(session, call)
    call.status = status
    call.ended_at = now
    call.end_reason = reason
    call.stream_lost_at = call.lost_reason = None
    stream_tokens.forget(call)
    session.execute(delete(Unanswered).where(col(Unanswered.call_id) == call.id))
    session.flush()
    notify(session, CALL_ENTRIES, call.id)


def take_over(session: Session, call: Call) -> None:
    """Keep of a call what its process had told when it was heard of last."""
    being_said.write_down(session, CallId(call.id))
    told = session.execute(
        select(
            func.max(TurnTiming.answer_ms),
            func.max(TurnTiming.interruptions),
            func.max(TurnTiming.underruns),
            func.max(TurnTiming.speculations_prepared),
            func.max(TurnTiming.speculations_committed),
        ).where(col(TurnTiming.call_id) == call.id)
    ).one()
    answer_ms, *counts = told
    keep(call, CallFigures(answer_ms, *(count or 0 for count in counts)))


def keep(call: Call, figures: CallFigures) -> None:
    """Keep what the call has come to so far; what was told before never shrinks."""
    call.answer_ms = figures.answer_ms if call.answer_ms is None else call.answer_ms
    call.interruptions = max(call.interruptions, figures.interruptions)
    call.underruns = max(call.underruns, figures.underruns)
    prepared, committed = figures.speculations_prepared, figures.speculations_committed
    call.speculations_prepared = max(call.speculations_prepared, prepared)
    call.speculations_committed = max(call.speculations_committed, committed)


def figures_of(call: Call) -> CallFigures:
    """Return what the call has come to so far."""
    return CallFigures(
        answer_ms=call.answer_ms,
        interruptions=call.interruptions,
        underruns=call.underruns,
        speculations_prepared=call.speculations_prepared,
        speculations_committed=call.speculations_committed,
    )

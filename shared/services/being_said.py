"""A buddy's sentence that the process died in: it becomes an entry, as far as it was heard.

While a sentence plays, the voice service keeps it as the entry that it would be were it cut off
now, sealed as such. Who ends the call or goes on with it puts it where it belongs.
"""

from __future__ import annotations

from typing import Final

from sqlalchemy import delete, text
from sqlmodel import Session, col

from shared.ids import CallId
from shared.tables.call import BeingSaid

# A process that lives after all has written the entry itself, or will, and knows better.
_WRITE_DOWN: Final = text(
    """
    WITH cut AS (DELETE FROM being_said WHERE call_id = :call_id RETURNING *)
    INSERT INTO entry (call_id, sequence, side, kind, offset_ms, said_at, sealed_text,
                       sealed_unheard, was_interrupted, persona_version_id)
    SELECT call_id, sequence, 'buddy', 'words', offset_ms, said_at, sealed_text,
           sealed_unheard, true, persona_version_id
    FROM cut ORDER BY sequence DESC LIMIT 1
    ON CONFLICT (call_id, sequence) DO NOTHING
    """
)


def write_down(session: Session, call_id: CallId) -> None:
    """Make an entry of what was being said when the call's process was heard of last."""
    session.execute(_WRITE_DOWN, {"call_id": call_id})


def forget(session: Session, call_id: CallId) -> None:
    """Keep nothing of it: the process lives, and writes down itself what was heard."""
    session.execute(delete(BeingSaid).where(col(BeingSaid.call_id) == call_id))

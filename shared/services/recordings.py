"""Recordings of calls: kept where the operator wants it, and read like any call, for a reason.

What a tape holds is the voice service's; here it is JSON that is sealed and goes with its call.
"""

from __future__ import annotations

import json
import zlib
from base64 import b85decode, b85encode
from datetime import datetime
from typing import Any

from sqlmodel import Session

from shared.database import key_ring
from shared.errors import DomainError
from shared.ids import CallId
from shared.services import accounts, oversight
from shared.services.call_record import CallDetail
from shared.tables.call import Call
from shared.tables.recording import CallRecording


class NotRecorded(DomainError):
    """There is no recording of this call."""

    code = "not_recorded"

    def __init__(self) -> None:
        super().__init__(
            "this call was not recorded; calls are while the constant record_calls is 1"
        )


def keep(session: Session, *, call_id: CallId, tape: bytes, now: datetime) -> None:
    """Keep a call's tape, JSON in bytes; that of a call that was deleted meanwhile is dropped."""
    if session.get(Call, call_id) is None:
        return
    packed = b85encode(zlib.compress(tape)).decode("ascii")
    session.merge(
        CallRecording(
            call_id=call_id,
            sealed_tape=key_ring(session).seal(packed, "tape", call_id),
            recorded_at=now,
        )
    )


def read(
    session: Session, *, operator_email: str, call_id: CallId, reason: str, now: datetime
) -> tuple[bytes, CallDetail]:
    """Return anybody's tape and transcript to an operator, and write down who read it and why.

    Raise `NotAnOperator`, `ReasonMissing`, `CallNotFound` or `NotRecorded`.
    """
    operator_id = accounts.operator_with(session, email=operator_email)
    if operator_id is None:
        raise oversight.NotAnOperator
    detail = oversight.look(
        session, operator_id=operator_id, call_id=call_id, reason=reason, now=now
    )
    tape = _tape(session, call_id)
    if tape is None:
        raise NotRecorded
    return tape, detail


def plain(session: Session, *, call_id: CallId) -> Any:
    """Return a call's tape as plain values; None where there is none."""
    tape = _tape(session, call_id)
    return json.loads(tape) if tape is not None else None


def _tape(session: Session, call_id: CallId) -> bytes | None:
    found = session.get(CallRecording, call_id)
    if found is None:
        return None
    packed = key_ring(session).open(found.sealed_tape, "tape", call_id)
    return zlib.decompress(b85decode(packed))

"""Recordings of calls: kept where the operator wants it, and read like any call, for a reason.

What a tape holds is the voice service's; here it is JSON that is sealed and goes with its call.
"""

from __future__ import annotations

import json
import zlib
from base64 import b85decode, b85encode
from datetime import datetime
from typing import Any

import msgspec
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
    """Keep the tape of one of a call's streams, JSON in bytes, behind those of its earlier ones.

    That of a call that was deleted meanwhile is dropped.
    """
    if session.get(Call, call_id) is None:
        return
    tapes = b"[" + b",".join((*_tapes(session, call_id), tape)) + b"]"
    packed = b85encode(zlib.compress(tapes)).decode("ascii")
    session.merge(
        CallRecording(
            call_id=call_id,
            sealed_tape=key_ring(session).seal(packed, "tape", call_id),
            recorded_at=now,
        )
    )


def read(
    session: Session, *, operator_email: str, call_id: CallId, reason: str, now: datetime
) -> tuple[tuple[bytes, ...], CallDetail]:
    """Return anybody's tapes, one a stream, and transcript to an operator, and write down who read it and why.

    Raise `NotAnOperator`, `ReasonMissing`, `CallNotFound` or `NotRecorded`.
    """
    operator_id = accounts.operator_with(session, email=operator_email)
    if operator_id is None:
        raise oversight.NotAnOperator
    detail = oversight.look(
        session, operator_id=operator_id, call_id=call_id, reason=reason, now=now
    )
    tapes = _tapes(session, call_id)
    if not tapes:
        raise NotRecorded
    return tapes, detail


def plain(session: Session, *, call_id: CallId) -> Any:
    """Return a call's tapes as plain values; None where there is none."""
    return [json.loads(tape) for tape in _tapes(session, call_id)] or None


def _tapes(session: Session, call_id: CallId) -> tuple[bytes, ...]:
    found = session.get(CallRecording, call_id)
    if found is None:
        return ()
    packed = key_ring(session).open(found.sealed_tape, "tape", call_id)
    kept = zlib.decompress(b85decode(packed))
    if not kept.startswith(b"["):  # one that was kept when a call had one stream
        return (kept,)
    return tuple(map(bytes, msgspec.json.decode(kept, type=list[msgspec.Raw])))

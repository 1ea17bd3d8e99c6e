"""Recordings: sealed, read for a reason, exported, and gone with their call."""

from __future__ import annotations

import json
import zlib
from base64 import b85encode
from datetime import timedelta

import pytest
from sqlmodel import Session, select

from shared.database import Database, key_ring
from shared.domain.retention import RetentionRules
from shared.ids import CallId
from shared.services import accounts, calls, erasure, export, oversight, recordings, retention
from shared.services.oversight import NotAnOperator, ReasonMissing
from shared.services.recordings import NotRecorded
from shared.tables.recording import CallRecording
from tests.support.builders import NOW, claims, open_call

REASON = "They asked us why the answer took so long."
TAPE = json.dumps({"said": "my cat is called Nelson"}).encode()


def recorded_call(database: Database) -> CallId:
    call_id = open_call(database).call_id
    database.transact_now(recordings.keep, call_id=call_id, tape=TAPE, now=NOW)
    return call_id


def operator(database: Database) -> str:
    email = "op@example.com"
    database.transact_now(accounts.add_operator, email=email, now=NOW)
    database.transact_now(
        accounts.sign_in, identity=claims("op", email=email), user_agent="", now=NOW
    )
    return email


def stored(session: Session) -> list[bytes]:
    return list(session.exec(select(CallRecording.sealed_tape)))


def test_a_tape_is_sealed_and_read_by_an_operator_who_leaves_a_trace(database: Database) -> None:
    call_id = recorded_call(database)

    tapes, detail = database.transact_now(
        recordings.read, operator_email=operator(database), call_id=call_id, reason=REASON, now=NOW
    )

    owner = database.transact_now(calls.owner, call_id=call_id)
    assert owner is not None
    looks = database.transact_now(oversight.looks, account_id=owner)
    assert tapes == (TAPE,)
    assert detail.card.call_id == call_id
    assert [look.reason for look in looks] == [REASON]
    assert b"Nelson" not in database.transact_now(stored)[0]


def test_every_stream_of_a_call_has_its_tape(database: Database) -> None:
    call_id = recorded_call(database)
    more = b'{"said": "go on"}'
    database.transact_now(recordings.keep, call_id=call_id, tape=more, now=NOW)

    tapes, _ = database.transact_now(
        recordings.read, operator_email=operator(database), call_id=call_id, reason=REASON, now=NOW
    )

    assert tapes == (TAPE, more)
    assert database.transact_now(recordings.plain, call_id=call_id) == [
        json.loads(TAPE),
        json.loads(more),
    ]


def test_a_tape_from_when_a_call_had_one_stream_can_be_read(database: Database) -> None:
    call_id = recorded_call(database)

    def keep_alone(session: Session) -> None:
        packed = b85encode(zlib.compress(TAPE)).decode("ascii")
        sealed = key_ring(session).seal(packed, "tape", call_id)
        session.get_one(CallRecording, call_id).sealed_tape = sealed

    database.transact_now(keep_alone)

    assert database.transact_now(recordings.plain, call_id=call_id) == [json.loads(TAPE)]


def test_nobody_else_reads_one_and_nobody_without_a_reason(database: Database) -> None:
    call_id = recorded_call(database)
    email = operator(database)

    with pytest.raises(NotAnOperator):
        database.transact_now(
            recordings.read, operator_email="x@example.com", call_id=call_id, reason=REASON, now=NOW
        )
    with pytest.raises(ReasonMissing):
        database.transact_now(
            recordings.read, operator_email=email, call_id=call_id, reason="", now=NOW
        )


def test_a_call_that_was_not_recorded_says_so(database: Database) -> None:
    call_id = open_call(database).call_id

    with pytest.raises(NotRecorded, match="record_calls"):
        database.transact_now(
            recordings.read,
            operator_email=operator(database),
            call_id=call_id,
            reason=REASON,
            now=NOW,
        )


def test_it_is_exported_with_its_call_and_deleted_with_it(database: Database) -> None:
    call_id = recorded_call(database)
    owner = database.transact_now(calls.owner, call_id=call_id)
    assert owner is not None

    values = database.transact_now(export.call, account_id=owner, call_id=call_id)
    database.transact_now(erasure.delete_call, account_id=owner, call_id=call_id, now=NOW)
    database.transact_now(recordings.keep, call_id=call_id, tape=TAPE, now=NOW)

    assert values["recording"] == [json.loads(TAPE)]
    assert database.transact_now(stored) == []


def test_it_is_kept_no_longer_than_the_rule_says(database: Database) -> None:
    recorded_call(database)
    rules = RetentionRules(recordings_days=30)

    early = database.transact_now(retention.enforce, rules=rules, now=NOW + timedelta(days=29))
    late = database.transact_now(retention.enforce, rules=rules, now=NOW + timedelta(days=31))

    assert "recordings" not in early.deleted
    assert late.deleted["recordings"] == 1

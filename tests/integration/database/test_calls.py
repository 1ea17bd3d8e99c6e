"""Calls from webhook to history."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlmodel import Session

from shared.database import Database
from shared.domain.timings import CallFigures
from shared.services import calls, talk_time
from shared.services.calls import CallNotFound, StreamRefused
from shared.services.new_accounts import AccountKind
from shared.tables.call import Call
from tests.support.builders import (
    KIM,
    NOW,
    SAM,
    open_call,
    published_persona,
    registered_account,
)


def test_a_repeated_webhook_finds_the_same_call(database: Database) -> None:
    first, second = (
        database.transact_now(
            calls.take_call, call_sid="CA1", number=SAM, is_attested=True, now=NOW
        )
        for _ in range(2)
    )

    assert (first.call_id, first.account_id) == (second.call_id, second.account_id)
    assert first.stream_token != second.stream_token


def test_the_pretrial_is_granted_once_a_number(database: Database) -> None:
    opened = open_call(database, "CA1")
    again = open_call(database, "CA2")

    assert (opened.caller, opened.seconds_left) == (AccountKind.TEMPORARY, 300)
    assert (again.account_id, again.seconds_left) == (opened.account_id, 300)


def test_a_withheld_number_gets_an_account_for_that_call_only(database: Database) -> None:
    first = open_call(database, "CA1", number=None)
    second = open_call(database, "CA2", number=None)

    assert (first.caller, first.seconds_left) == (AccountKind.WITHHELD, 60)
    assert first.account_id != second.account_id


def test_a_token_opens_its_own_call_once_and_in_time(database: Database) -> None:
    taken = database.transact_now(
        calls.take_call, call_sid="CA1", number=SAM, is_attested=False, now=NOW
    )
    database.transact_now(calls.take_call, call_sid="CA2", number=KIM, is_attested=False, now=NOW)

    def open_with(call_sid: str, token: str, *, seconds_later: int = 1) -> None:
        database.transact_now(
            calls.open_stream,
            call_sid=call_sid,
            stream_sid=f"MZ{call_sid}",
            token=token,
            now=NOW + timedelta(seconds=seconds_later),
        )

    with pytest.raises(StreamRefused):
        open_with("CA2", taken.stream_token)
    with pytest.raises(StreamRefused):
        open_with("CA1", taken.stream_token, seconds_later=61)
    with pytest.raises(StreamRefused):
        open_with("CA1", "guessed")
    open_with("CA1", taken.stream_token)
    with pytest.raises(StreamRefused):
        open_with("CA1", taken.stream_token)


def test_a_call_is_shown_to_its_own_account_only(database: Database) -> None:
    version_id = published_persona(database)
    opened = open_call(database)
    stranger = registered_account(database, "kim")
    database.transact_now(
        calls.choose_persona, call_id=opened.call_id, persona_version_id=version_id, now=NOW
    )

    detail = database.transact_now(
        calls.detail, account_id=opened.account_id, call_id=opened.call_id
    )

    assert (detail.card.persona_name, detail.card.menu_key, detail.card.is_live) == ("Ben", 2, True)
    with pytest.raises(CallNotFound):
        database.transact_now(calls.detail, account_id=stranger, call_id=opened.call_id)
    with pytest.raises(CallNotFound):
        database.transact_now(
            calls.entries_after, account_id=stranger, call_id=opened.call_id, sequence=0
        )
    assert database.transact_now(calls.history, account_id=stranger, before=None, limit=9) == ()


def test_ending_a_call_settles_it_once(database: Database) -> None:
    opened = open_call(database)
    database.transact_now(talk_time.reserve, call_id=opened.call_id, used_seconds=0, now=NOW)

    for used in (7, 9):
        database.transact_now(
            calls.end_call,
            call_id=opened.call_id,
            end_reason="caller_hung_up",
            used_seconds=used,
            now=NOW,
        )

    (card,) = database.transact_now(
        calls.history, account_id=opened.account_id, before=None, limit=9
    )
    left = database.transact_now(talk_time.overview, account_id=opened.account_id, now=NOW)
    assert (card.seconds, card.end_reason, card.is_live) == (7, "caller_hung_up", False)
    assert left.seconds_left == 293


def test_replies_prepared_ahead_are_counted_and_a_withheld_number_gets_none(
    database: Database,
) -> None:
    opened = open_call(database)
    withheld = open_call(database, "CA2", number=None)

    database.transact_now(
        calls.end_call,
        call_id=opened.call_id,
        end_reason="caller_hung_up",
        used_seconds=7,
        now=NOW,
        figures=CallFigures(speculations_prepared=3, speculations_committed=2),
    )

    def counted(session: Session) -> tuple[int, int]:
        call = session.get_one(Call, opened.call_id)
        return call.speculations_prepared, call.speculations_committed

    assert (opened.speculates, withheld.speculates) == (True, False)
    assert database.transact_now(counted) == (3, 2)

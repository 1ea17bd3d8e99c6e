"""Status callbacks: late, repeated, or all that is heard of a call's end."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlmodel import Session

from shared.database import Database
from shared.ids import CallId
from shared.services import calls, talk_time
from shared.services.calls import CallCard, OpenedCall, StreamRefused
from shared.tables.call import Entry
from tests.support.builders import NOW, SAM, open_call, published_persona


def status(
    database: Database, value: str, *, sequence: int | None = None, seconds_later: int = 0
) -> None:
    database.transact_now(
        calls.update_status,
        call_sid="CA1",
        status=value,
        sequence_number=sequence,
        duration_seconds=9 if value == "completed" else None,
        now=NOW + timedelta(seconds=seconds_later),
    )


def card_of(database: Database, account_id: str) -> CallCard:
    (card,) = database.transact_now(
        calls.history,
        account_id=account_id,  # type: ignore[arg-type]
        before=None,
        limit=9,
    )
    return card


def test_a_callback_that_comes_late_changes_nothing(database: Database) -> None:
    opened = open_call(database)
    status(database, "in-progress", sequence=2)
    status(database, "ringing", sequence=1)

    assert card_of(database, opened.account_id).status == "in-progress"

    status(database, "completed", sequence=3)
    status(database, "in-progress", sequence=4)
    status(database, "completed", sequence=3)

    assert card_of(database, opened.account_id).status == "completed"


def test_a_call_that_hung_up_before_its_stream_is_over(database: Database) -> None:
    taken = database.transact_now(
        calls.take_call, call_sid="CA1", number=SAM, is_attested=True, now=NOW
    )

    status(database, "no-answer")

    card = card_of(database, taken.account_id)
    assert (card.status, card.is_live, card.end_reason) == ("no-answer", False, "caller_hung_up")
    with pytest.raises(StreamRefused):
        database.transact_now(
            calls.open_stream,
            call_sid="CA1",
            stream_sid="MZ1",
            token=taken.stream_token,
            now=NOW,
        )


def test_a_call_whose_stream_lives_is_left_to_it(database: Database) -> None:
    opened = open_call(database)
    database.transact_now(talk_time.reserve, call_id=opened.call_id, used_seconds=0, now=NOW)

    status(database, "completed")

    assert card_of(database, opened.account_id).is_live
    database.transact_now(
        calls.end_call,
        call_id=opened.call_id,
        end_reason="caller_hung_up",
        used_seconds=6,
        now=NOW,
    )
    card = card_of(database, opened.account_id)
    assert (card.is_live, card.seconds) == (False, 6)


def test_a_call_whose_process_died_is_settled_by_its_callback(database: Database) -> None:
    opened = open_call(database)
    database.transact_now(talk_time.reserve, call_id=opened.call_id, used_seconds=0, now=NOW)

    status(database, "completed", seconds_later=talk_time.LEASE_SECONDS + 1)

    card = card_of(database, opened.account_id)
    left = database.transact_now(talk_time.overview, account_id=opened.account_id, now=NOW)
    assert (card.is_live, card.seconds, left.seconds_left) == (False, 10, 290)


def end(database: Database, opened: OpenedCall, used_seconds: int) -> None:
    database.transact_now(
        calls.end_call,
        call_id=opened.call_id,
        end_reason="talk_time_over",
        used_seconds=used_seconds,
        now=NOW,
    )


def seconds_left(database: Database, opened: OpenedCall) -> int:
    return database.transact_now(
        talk_time.overview, account_id=opened.account_id, now=NOW
    ).seconds_left


def test_a_call_that_seemed_dead_to_a_callback_is_booked_as_it_ended(database: Database) -> None:
    opened = open_call(database)
    database.transact_now(talk_time.reserve, call_id=opened.call_id, used_seconds=0, now=NOW)
    status(database, "completed", seconds_later=talk_time.LEASE_SECONDS + 1)

    end(database, opened, 3)

    card = card_of(database, opened.account_id)
    assert (card.is_live, card.seconds, card.end_reason) == (False, 3, "talk_time_over")
    assert seconds_left(database, opened) == 297


@pytest.mark.parametrize("has_reserved", [True, False])
def test_what_was_talked_is_paid_though_the_callback_came_first(
    database: Database, *, has_reserved: bool
) -> None:
    opened = open_call(database)
    status(database, "completed")
    if has_reserved:  # the greeting began while the callback was on its way
        database.transact_now(talk_time.reserve, call_id=opened.call_id, used_seconds=0, now=NOW)

    end(database, opened, 6)
    end(database, opened, 9)

    card = card_of(database, opened.account_id)
    assert (card.is_live, card.seconds, card.end_reason) == (False, 6, "caller_hung_up")
    assert seconds_left(database, opened) == 294


def test_a_callback_for_an_unknown_call_does_no_harm(database: Database) -> None:
    status(database, "completed")


def test_a_call_nobody_heard_of_again_is_ended(database: Database) -> None:
    opened = open_call(database)

    early = database.transact_now(calls.end_forgotten, now=NOW + timedelta(minutes=14))
    late = database.transact_now(calls.end_forgotten, now=NOW + timedelta(minutes=16))

    assert (early, late) == ((), (opened.call_id,))
    assert card_of(database, opened.account_id).end_reason == "failed"


def test_history_goes_back_page_by_page(database: Database) -> None:
    published_persona(database)
    opened = [
        open_call(database, f"CA{hours}", now=NOW + timedelta(hours=hours)) for hours in range(3)
    ]

    first = database.transact_now(
        calls.history, account_id=opened[0].account_id, before=None, limit=2
    )
    rest = database.transact_now(
        calls.history, account_id=opened[0].account_id, before=first[-1].started_at, limit=2
    )

    shown = [card.call_id for card in (*first, *rest)]
    assert shown == [call.call_id for call in reversed(opened)]


def test_entries_are_opened_in_order_and_from_where_one_asks(database: Database) -> None:
    opened = open_call(database)
    ring = database.key_ring

    def write(session: Session, call_id: CallId) -> None:
        for sequence in (2, 1, 3):
            session.add(
                Entry(
                    call_id=call_id,
                    sequence=sequence,
                    side="buddy",
                    offset_ms=sequence * 1500,
                    said_at=NOW,
                    sealed_text=ring.seal(f"words {sequence}", "entry", call_id, sequence),
                    sealed_unheard=ring.seal("the rest", "unheard", call_id, sequence)
                    if sequence == 3
                    else None,
                    was_interrupted=sequence == 3,
                )
            )

    database.transact_now(write, opened.call_id)

    detail = database.transact_now(
        calls.detail, account_id=opened.account_id, call_id=opened.call_id
    )
    after = database.transact_now(
        calls.entries_after, account_id=opened.account_id, call_id=opened.call_id, sequence=2
    )

    assert [entry.text for entry in detail.entries] == ["words 1", "words 2", "words 3"]
    assert after == detail.entries[2:]
    assert (after[0].unheard, after[0].was_interrupted, after[0].offset_seconds) == (
        "the rest",
        True,
        4.5,
    )

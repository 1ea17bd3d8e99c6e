"""Talk time of one call: reserved, renewed, settled, and changed by a plan."""

from __future__ import annotations

from datetime import datetime, timedelta

from shared.database import Database
from shared.ids import CallId
from shared.services import calls, talk_time
from tests.support.builders import NOW, subscribe
from tests.support.talk_time_books import (
    LEASE,
    MOMENT,
    Books,
    account_with,
    reserve,
    settle,
    sweep,
)


def test_a_call_is_kept_a_quantum_ahead_until_nothing_is_left(database: Database) -> None:
    account = account_with(database, 25)
    call_id = account.call()

    granted = [reserve(database, call_id, used) for used in (0, 7, 14, 21, 25)]

    assert granted == [(10, 15), (17, 8), (24, 1), (25, 0), (25, 0)]


def test_asking_again_takes_nothing_more(database: Database) -> None:
    account = account_with(database, 300)
    call_id = account.call()

    assert [reserve(database, call_id, 0) for _ in range(3)] == [(10, 290)] * 3


def test_settling_gives_back_what_was_not_used_and_books_once(database: Database) -> None:
    account = account_with(database, 300)
    call_id = account.call()
    reserve(database, call_id, 0)

    booked = [settle(database, call_id, used) for used in (4, 4, 9)]

    assert booked == [4, 4, 4]
    assert account.books() == Books(left=296, held=0, ledger=296, used=4)


def test_a_settled_call_is_granted_nothing(database: Database) -> None:
    account = account_with(database, 300)
    call_id = account.call()
    reserve(database, call_id, 0)
    settle(database, call_id, 4)

    assert reserve(database, call_id, 9) == (10, 296)
    assert account.books().held == 0


def test_the_same_cause_grants_once(database: Database) -> None:
    account = account_with(database, 0)

    assert [account.grant(60), account.grant(60)] == [True, False]
    assert account.books() == Books(left=60, held=0, ledger=60, used=0)


def test_a_dead_call_is_charged_what_it_held_and_ends(database: Database) -> None:
    account = account_with(database, 300)
    call_id = account.call()
    reserve(database, call_id, 0)
    reserve(database, call_id, 7)

    early = sweep(database, NOW + LEASE)
    swept = sweep(database, NOW + LEASE + MOMENT)
    again = sweep(database, NOW + LEASE + MOMENT)

    (card,) = database.transact_now(
        calls.history, account_id=account.account_id, before=None, limit=9
    )
    assert (early, swept, again) == ((), (call_id,), ())
    assert (card.seconds, card.end_reason, card.is_live) == (17, "failed", False)
    assert account.books() == Books(left=283, held=0, ledger=283, used=17)


def test_a_call_that_was_swept_and_lives_goes_on_without_loss(database: Database) -> None:
    account = account_with(database, 300)
    call_id = account.call()
    reserve(database, call_id, 0)
    sweep(database, NOW + LEASE + MOMENT)

    granted = reserve(database, call_id, 35, NOW + LEASE + MOMENT)
    detail = database.transact_now(calls.detail, account_id=account.account_id, call_id=call_id)
    settle(database, call_id, 40)

    assert granted == (45, 255)
    assert (detail.card.is_live, detail.card.status) == (True, "in-progress")
    assert account.books() == Books(left=260, held=0, ledger=260, used=40)


def test_a_hang_up_after_the_sweep_is_booked_as_it_was(database: Database) -> None:
    account = account_with(database, 300)
    call_id = account.call()
    reserve(database, call_id, 0)
    sweep(database, NOW + LEASE + MOMENT)

    database.transact_now(
        calls.end_call, call_id=call_id, end_reason="caller_hung_up", used_seconds=3, now=NOW
    )

    (card,) = database.transact_now(
        calls.history, account_id=account.account_id, before=None, limit=9
    )
    assert (card.seconds, card.end_reason) == (3, "caller_hung_up")
    assert account.books() == Books(left=297, held=0, ledger=297, used=3)


def test_what_was_talked_while_nobody_could_be_asked_is_paid(database: Database) -> None:
    account = account_with(database, 300)
    call_id = account.call()
    reserve(database, call_id, 0)

    assert settle(database, call_id, 25) == 25
    assert account.books().left == 275


def test_a_call_that_never_could_reserve_is_paid_when_it_ends(database: Database) -> None:
    account = account_with(database, 300)

    settle(database, account.call(), 12)

    assert account.books() == Books(left=288, held=0, ledger=288, used=12)


def test_nobody_is_charged_below_zero(database: Database) -> None:
    account = account_with(database, 5)
    call_id = account.call()
    reserve(database, call_id, 0)

    settle(database, call_id, 30)

    assert account.books() == Books(left=0, held=0, ledger=0, used=30)


def test_an_unlimited_account_books_its_use_and_keeps_its_seconds(database: Database) -> None:
    account = account_with(database, 300)
    subscribe(database, account.account_id, until=NOW + timedelta(days=30))
    call_id = account.call()

    granted = database.transact_now(talk_time.reserve, call_id=call_id, used_seconds=0, now=NOW)
    settle(database, call_id, 7)

    assert (granted.held_seconds, granted.seconds_left) == (10, None)
    assert account.books() == Books(left=300, held=0, ledger=300, used=7)
    assert database.transact_now(
        talk_time.overview, account_id=account.account_id, now=NOW
    ).is_unlimited


def test_a_plan_that_ends_during_a_call_charges_only_what_follows(database: Database) -> None:
    account = account_with(database, 300)
    subscribe(database, account.account_id, until=NOW + MOMENT)
    call_id = account.call()
    database.transact_now(talk_time.reserve, call_id=call_id, used_seconds=0, now=NOW)

    reserve(database, call_id, 10, NOW + MOMENT)
    settle(database, call_id, 14, NOW + MOMENT)

    assert account.books() == Books(left=296, held=0, ledger=296, used=14)


def unlimited(database: Database, call_id: CallId, used: int, now: datetime) -> int:
    """Renew a call that must find itself unlimited; return what it holds."""
    granted = database.transact_now(talk_time.reserve, call_id=call_id, used_seconds=used, now=now)
    assert granted.seconds_left is None
    return granted.held_seconds


def test_who_subscribes_while_talking_is_charged_nothing_from_then_on(database: Database) -> None:
    account = account_with(database, 60)
    call_id = account.call()
    for used in (0, 7, 14):
        reserve(database, call_id, used)
    subscribe(database, account.account_id, until=NOW + timedelta(days=30))

    held = [unlimited(database, call_id, used, NOW) for used in (21, 61, 500)]
    during = account.books()
    settle(database, call_id, 505)

    assert held == [31, 71, 510]
    assert during == Books(left=46, held=0, ledger=46, used=0)  # 14 s were told before
    assert account.books() == Books(left=46, held=0, ledger=46, used=505)


def test_who_subscribes_and_hangs_up_before_the_next_renewal_pays_no_more(
    database: Database,
) -> None:
    account = account_with(database, 60)
    call_id = account.call()
    reserve(database, call_id, 0)
    reserve(database, call_id, 7)
    subscribe(database, account.account_id, until=NOW + timedelta(days=30))

    settle(database, call_id, 12)

    assert account.books() == Books(left=53, held=0, ledger=53, used=12)


def test_before_and_after_a_plan_is_charged_and_nothing_in_between(database: Database) -> None:
    account = account_with(database, 60)
    call_id = account.call()
    reserve(database, call_id, 0)
    reserve(database, call_id, 7)
    subscribe(database, account.account_id, until=NOW + MOMENT)
    unlimited(database, call_id, 14, NOW)  # up to 24 s: 7 of them were told before the plan

    reserve(database, call_id, 24, NOW + MOMENT)
    settle(database, call_id, 30, NOW + MOMENT)

    assert account.books() == Books(left=47, held=0, ledger=47, used=30)  # 60 - 7 - 6


def test_a_call_that_dies_once_its_account_subscribed_costs_no_more(database: Database) -> None:
    account = account_with(database, 60)
    call_id = account.call()
    reserve(database, call_id, 0)
    reserve(database, call_id, 7)
    subscribe(database, account.account_id, until=NOW + timedelta(days=30))

    sweep(database, NOW + LEASE + MOMENT)

    assert account.books() == Books(left=53, held=0, ledger=53, used=17)


def test_a_plan_does_not_give_back_what_a_call_used_before_it_seemed_dead(
    database: Database,
) -> None:
    account = account_with(database, 60)
    call_id = account.call()
    for used in (0, 7, 14):
        reserve(database, call_id, used)
    sweep(database, NOW + LEASE + MOMENT)
    subscribe(database, account.account_id, until=NOW + timedelta(days=30))

    unlimited(database, call_id, 40, NOW + LEASE + MOMENT)
    settle(database, call_id, 50, NOW + LEASE + MOMENT)

    assert account.books() == Books(left=46, held=0, ledger=46, used=50)


def test_what_a_sweep_booked_before_a_plan_stays_booked_when_the_call_lives(
    database: Database,
) -> None:
    account = account_with(database, 15)
    call_id = account.call()
    for used in (0, 7, 12):  # three seconds ahead, for there are no more
        reserve(database, call_id, used)
    subscribe(database, account.account_id, until=NOW + timedelta(days=30))
    sweep(database, NOW + LEASE + MOMENT)

    unlimited(database, call_id, 12, NOW + LEASE + MOMENT)
    settle(database, call_id, 40, NOW + LEASE + MOMENT)

    assert account.books() == Books(left=3, held=0, ledger=3, used=40)

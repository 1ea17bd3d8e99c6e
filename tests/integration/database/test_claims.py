"""Numbers that find their owner: calls from before are offered, numbers of others move."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from functools import partial
from threading import Barrier

from sqlmodel import Session, select

from shared.database import Database, DatabaseUrls
from shared.domain.verification import Channel, Limits
from shared.ids import AccountId, NoticeId, VerificationId
from shared.phone import PhoneNumber
from shared.services import (
    call_record,
    calls,
    claims,
    notices,
    phone_lines,
    talk_time,
    verifications,
)
from shared.services.claims import Offer
from shared.services.notices import NoticeKind, NoticeView
from shared.services.verifications import Proved
from shared.tables.call import Call
from shared.tables.talk_time import LedgerEntry, Reservation, TalkTime
from tests.support.builders import NOW, SAM, open_call, registered_account
from tests.support.database import open_test_database

LIMITS = Limits()
NUMBERS = [PhoneNumber(f"+1415555014{last}") for last in range(5)]


def asked(database: Database, account_id: AccountId, number: PhoneNumber = SAM) -> VerificationId:
    begun = database.transact_now(
        verifications.begin,
        account_id=account_id,
        number=number,
        channel=Channel.SMS,
        address="203.0.113.9",
        limits=LIMITS,
        now=NOW,
    )
    return begun.verification_id


def prove(database: Database, account_id: AccountId, number: PhoneNumber = SAM) -> Proved:
    which = asked(database, account_id, number)
    return database.transact_now(verifications.approve, verification_id=which, now=NOW)


def offers(database: Database, account_id: AccountId) -> tuple[Offer, ...]:
    return database.transact_now(claims.offers, account_id=account_id)


def accept(database: Database, account_id: AccountId, notice_id: NoticeId) -> bool:
    return database.transact_now(claims.accept, account_id=account_id, notice_id=notice_id, now=NOW)


def history(database: Database, account_id: AccountId) -> list[str]:
    cards = database.transact_now(calls.history, account_id=account_id, before=None, limit=99)
    return [card.call_id for card in cards]


def waiting(database: Database, account_id: AccountId) -> tuple[NoticeView, ...]:
    return database.transact_now(notices.waiting, account_id=account_id)


def seconds_left(database: Database, account_id: AccountId) -> int:
    return database.transact_now(talk_time.overview, account_id=account_id, now=NOW).seconds_left


def test_calls_from_before_are_offered_and_come_along_on_a_yes(database: Database) -> None:
    earlier = open_call(database, "CA1", now=NOW - timedelta(days=5))
    later = open_call(database, "CA2", now=NOW - timedelta(days=2))
    account_id = registered_account(database)

    proved = prove(database, account_id)
    offered = offers(database, account_id)
    before = (history(database, account_id), seconds_left(database, account_id))
    assert proved.offer is not None
    assert accept(database, account_id, proved.offer)

    assert offered == (Offer(proved.offer, 2, NOW - timedelta(days=2)),)
    assert before == ([], 900)
    assert history(database, account_id) == [later.call_id, earlier.call_id]
    assert seconds_left(database, account_id) == 900 + 300
    assert (offers(database, account_id), waiting(database, account_id)) == ((), ())


def test_after_a_no_they_are_out_of_reach_for_everybody(database: Database) -> None:
    call = open_call(database, "CA1")
    account_id = registered_account(database)
    notice_id = prove(database, account_id).offer
    assert notice_id is not None

    declined = database.transact_now(
        claims.decline, account_id=account_id, notice_id=notice_id, now=NOW
    )

    assert declined
    assert not accept(database, account_id, notice_id)
    assert offers(database, account_id) == ()
    assert history(database, account_id) == []
    assert database.transact_now(call_record.owner, call_id=call.call_id) == call.account_id


def test_somebody_elses_offer_is_nobodys(database: Database) -> None:
    open_call(database, "CA1")
    owner, stranger = registered_account(database), registered_account(database, "kim")
    notice_id = prove(database, owner).offer
    assert notice_id is not None

    assert not accept(database, stranger, notice_id)
    assert not database.transact_now(
        claims.decline, account_id=stranger, notice_id=notice_id, now=NOW
    )

    assert len(offers(database, owner)) == 1


def test_a_notice_that_is_no_offer_claims_nothing(database: Database) -> None:
    account_id = registered_account(database)
    notice_id = database.transact_now(
        notices.add,
        account_id=account_id,
        kind=NoticeKind.NUMBER_MOVED,
        detail=SAM.e164,
        now=NOW,
    )

    assert not accept(database, account_id, notice_id)


def test_a_number_that_never_got_through_is_not_worth_a_question(database: Database) -> None:
    account_id = registered_account(database)
    database.transact_now(phone_lines.holder, SAM, now=NOW)

    assert prove(database, account_id).offer is None


def test_offered_calls_that_are_deleted_meanwhile_are_no_offer(database: Database) -> None:
    call = open_call(database, "CA1")
    account_id = registered_account(database)
    prove(database, account_id)

    def delete(session: Session) -> None:
        session.delete(session.get_one(Call, call.call_id))

    database.transact_now(delete)

    assert offers(database, account_id) == ()


def test_proof_moves_a_number_and_tells_who_had_it(database: Database) -> None:
    former, owner = registered_account(database, "sam"), registered_account(database, "kim")
    prove(database, former)
    theirs = open_call(database, "CA1")

    proved = prove(database, owner)
    new = open_call(database, "CA2")

    assert (history(database, former), history(database, owner)) == (
        [theirs.call_id],
        [new.call_id],
    )
    assert (seconds_left(database, former), seconds_left(database, owner)) == (900, 0)
    assert (proved.granted_seconds, proved.offer) == (0, None)
    [notice] = waiting(database, former)
    assert (notice.kind, notice.detail) == (NoticeKind.NUMBER_MOVED, SAM.e164)
    assert waiting(database, owner) == ()

    dismissed = [
        database.transact_now(
            notices.dismiss, account_id=account_id, notice_id=notice.notice_id, now=NOW
        )
        for account_id in (owner, former, former)
    ]
    assert dismissed == [None, notice, None]
    assert waiting(database, former) == ()


def test_who_proves_the_same_number_again_is_told_nothing_new(database: Database) -> None:
    account_id = registered_account(database)
    which = asked(database, account_id)

    first = database.transact_now(verifications.approve, verification_id=which, now=NOW)
    again = database.transact_now(verifications.approve, verification_id=which, now=NOW)

    assert (first.line, first.granted_seconds) == (again.line, 900)
    assert (again.granted_seconds, waiting(database, account_id)) == (0, ())


def test_a_running_call_stays_with_who_began_it_unless_it_is_claimed(database: Database) -> None:
    call = open_call(database, "CA1")
    database.transact_now(talk_time.reserve, call_id=call.call_id, used_seconds=0, now=NOW)
    account_id = registered_account(database)
    notice_id = prove(database, account_id).offer
    assert notice_id is not None

    database.transact_now(talk_time.reserve, call_id=call.call_id, used_seconds=8, now=NOW)
    before = (seconds_left(database, call.account_id), seconds_left(database, account_id))
    accept(database, account_id, notice_id)
    database.transact_now(talk_time.reserve, call_id=call.call_id, used_seconds=16, now=NOW)
    database.transact_now(
        calls.end_call, call_id=call.call_id, end_reason="caller_hung_up", used_seconds=20, now=NOW
    )

    assert before == (300 - 18, 900)
    assert seconds_left(database, account_id) == 900 + 300 - 20
    assert balance(database) == ledger(database) == 900 + 300 - 20


def test_a_removed_number_is_unknown_again_and_its_calls_stay(database: Database) -> None:
    account_id = registered_account(database)
    line = prove(database, account_id).line
    mine = open_call(database, "CA1")

    other = registered_account(database, "kim")
    removed = [
        database.transact_now(phone_lines.remove, account_id=who, line_id=line.line_id)
        for who in (other, account_id, account_id)
    ]
    unknown = open_call(database, "CA2")

    assert removed == [None, line, None]
    assert history(database, account_id) == [mine.call_id]
    assert (unknown.caller, unknown.seconds_left) == (calls.CallerKind.TEMPORARY, 300)
    assert open_call(database, "CA3").account_id == unknown.account_id


def test_of_two_who_prove_a_number_at_once_one_has_it_and_one_knows(
    database_urls: DatabaseUrls,
) -> None:
    with open_test_database(database_urls) as database, ThreadPoolExecutor(2) as threads:
        for number in NUMBERS:
            both = [registered_account(database, f"{who}{number.e164}") for who in "ab"]
            open_call(database, f"CA{number.e164}", number=number)
            asks = [asked(database, account_id, number) for account_id in both]

            proved = list(threads.map(approving(database), asks))

            lines = [database.transact_now(phone_lines.lines, account_id=who) for who in both]
            told = [{notice.kind for notice in waiting(database, who)} for who in both]
            first = 0 if proved[0].offer is not None else 1
            assert [len(lines[first]), len(lines[1 - first])] == [0, 1]
            assert told[first] == {NoticeKind.CLAIM_OFFERED, NoticeKind.NUMBER_MOVED}
            assert told[1 - first] == set()
            assert sorted(one.granted_seconds for one in proved) == [0, 900]


def test_claiming_during_a_call_loses_no_second_and_makes_none(
    database_urls: DatabaseUrls,
) -> None:
    with (
        open_test_database(database_urls, pool_size=8) as database,
        ThreadPoolExecutor(6) as threads,
    ):
        running = [open_call(database, f"CA{n}").call_id for n in range(3)]
        account_id = registered_account(database)
        notice_id = prove(database, account_id).offer
        assert notice_id is not None
        barrier = Barrier(5, timeout=10)

        def talk(number: int) -> None:
            barrier.wait()
            for used in range(0, 40, 5):
                database.transact_now(
                    talk_time.reserve, call_id=running[number], used_seconds=used, now=NOW
                )
            database.transact_now(
                talk_time.settle, call_id=running[number], used_seconds=40, now=NOW
            )

        def claim(_: int) -> bool:
            barrier.wait()
            return accept(database, account_id, notice_id)

        talking = [threads.submit(talk, number) for number in range(3)]
        claiming = [threads.submit(claim, number) for number in range(2)]
        for one in talking:
            one.result(timeout=30)

        assert sorted(one.result(timeout=30) for one in claiming) == [False, True]
        assert balance(database) == ledger(database) == 900 + 300 - 3 * 40
        assert seconds_left(database, account_id) == balance(database)
        assert set(history(database, account_id)) == set(running)


def test_a_call_that_comes_in_while_its_number_is_proved_belongs_to_one_of_both(
    database_urls: DatabaseUrls,
) -> None:
    with open_test_database(database_urls) as database, ThreadPoolExecutor(2) as threads:
        for number in NUMBERS:
            account_id = registered_account(database, number.e164)
            which = asked(database, account_id, number)
            prove_it = approving(database)
            call_it = partial(open_call, database, f"CA{number.e164}", number=number)

            proving, calling = threads.submit(prove_it, which), threads.submit(call_it)
            proved, owner = proving.result(timeout=30), calling.result(timeout=30).account_id

            assert (owner == account_id) == (proved.offer is None)
            assert len(database.transact_now(phone_lines.lines, account_id=account_id)) == 1
            if proved.offer is not None:
                assert accept(database, account_id, proved.offer)
            assert len(history(database, account_id)) == 1


def approving(database: Database) -> Callable[[VerificationId], Proved]:
    """Return what a thread does whose vendor found the code right."""
    return lambda which: database.transact_now(
        verifications.approve, verification_id=which, now=NOW
    )


def balance(database: Database) -> int:
    """Return what all accounts have left and all open calls have taken."""

    def read(session: Session) -> int:
        left = sum(session.exec(select(TalkTime.seconds_left)))
        taken = session.exec(select(Reservation.taken_seconds).where(Reservation.status == "open"))
        return left + sum(taken)

    return database.transact_now(read)


def ledger(database: Database) -> int:
    """Return what the ledger says of all accounts together."""
    return database.transact_now(lambda session: sum(session.exec(select(LedgerEntry.seconds))))

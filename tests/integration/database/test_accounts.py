"""Signing in, operators, profiles, and numbers that find their owner."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta

from sqlalchemy import text
from sqlmodel import Session

from shared import wordings
from shared.database import Database
from shared.ids import AccountId
from shared.services import accounts, calls, consents, phone_lines, talk_time
from shared.services.accounts import AccountKind, SignedIn
from shared.wordings import ConsentKind
from tests.support.builders import (
    KIM,
    NOW,
    SAM,
    claims,
    open_call,
    published_persona,
    registered_account,
)


def sign_in(database: Database, subject: str = "sam") -> str:
    return database.transact_now(
        accounts.sign_in,
        identity=claims(subject, email=f"{subject}@example.com"),
        user_agent="a browser",
        now=NOW,
    ).token


def signed_in(database: Database, token: str, *, days_later: int = 0) -> SignedIn | None:
    return database.transact_now(
        accounts.signed_in, token=token, now=NOW + timedelta(days=days_later)
    )


def test_every_sign_in_has_a_token_of_its_own_for_the_same_account(database: Database) -> None:
    first, second = sign_in(database), sign_in(database)

    browsers = [signed_in(database, token) for token in (first, second)]

    assert first != second
    assert browsers[0] is not None
    assert browsers[1] is not None
    assert browsers[0].account_id == browsers[1].account_id
    assert browsers[0].session_id != browsers[1].session_id
    assert (browsers[0].email, browsers[0].spoken_name) == ("sam@example.com", "Sam")


def test_two_first_sign_ins_at_once_make_one_account(database: Database) -> None:
    with ThreadPoolExecutor(5) as threads:
        tokens = list(threads.map(lambda _: sign_in(database), range(5)))

    found = [signed_in(database, token) for token in tokens]

    assert len({browser.account_id for browser in found if browser}) == 1


def test_a_token_ends_with_signing_out_and_with_time(database: Database) -> None:
    token, other = sign_in(database), sign_in(database)

    assert signed_in(database, token, days_later=29) is not None
    assert signed_in(database, token, days_later=31) is None
    assert signed_in(database, "guessed") is None

    database.transact_now(accounts.sign_out, token=token, now=NOW)

    assert signed_in(database, token) is None
    assert signed_in(database, other) is not None


def test_an_operator_is_who_signs_in_with_the_verified_address(database: Database) -> None:
    database.transact_now(accounts.add_operator, email="Sam@Example.com", now=NOW)
    database.transact_now(accounts.add_operator, email="sam@example.com", now=NOW)
    sam, kim = signed_in(database, sign_in(database)), signed_in(database, sign_in(database, "kim"))
    liar = database.transact_now(
        accounts.sign_in,
        identity=replace(claims("liar"), is_email_verified=False),
        user_agent="",
        now=NOW,
    )

    unproved = signed_in(database, liar.token)

    assert [who.is_operator for who in (sam, kim, unproved) if who] == [True, False, False]


def test_a_changed_address_is_followed(database: Database) -> None:
    token = sign_in(database)
    database.transact_now(
        accounts.sign_in, identity=claims("sam", email="new@example.com"), user_agent="", now=NOW
    )

    browser = signed_in(database, token)

    assert browser is not None
    assert browser.email == "new@example.com"


def test_who_consented_on_the_site_is_known_on_the_phone(database: Database) -> None:
    account_id = registered_account(database)
    database.transact_now(phone_lines.attach_verified, account_id=account_id, number=SAM, now=NOW)
    before = open_call(database, "CA1")
    database.transact_now(
        calls.record_consent, call_id=before.call_id, wording_version="1", now=NOW
    )
    by_staying = open_call(database, "CA2")

    for kind in (ConsentKind.ADULT, ConsentKind.TRANSCRIPTION):
        answers = [open_call(database, f"CA-{kind}").has_consented]
        database.transact_now(
            consents.give,
            account_id=account_id,
            kind=kind,
            wording_version=wordings.current(kind).version,
            now=NOW,
        )

    on_the_site = open_call(database, "CA3")
    callers = (before, by_staying, on_the_site)
    assert [*answers, *(who.has_consented for who in callers)] == [False, False, False, True]
    assert on_the_site.caller is AccountKind.REGISTERED


def test_a_claimed_number_brings_its_calls_and_talk_time(database: Database) -> None:
    published_persona(database)
    before = open_call(database)
    account_id = registered_account(database)

    line = database.transact_now(
        phone_lines.attach_verified, account_id=account_id, number=SAM, now=NOW
    )
    again = database.transact_now(
        phone_lines.attach_verified, account_id=account_id, number=SAM, now=NOW
    )

    profile = database.transact_now(accounts.profile, account_id=account_id, now=NOW)
    cards = database.transact_now(calls.history, account_id=account_id, before=None, limit=9)
    assert again == line == profile.lines[0]
    assert (line.number, line.national) == ("+14155550123", "(415) 555-0123")
    assert [card.call_id for card in cards] == [before.call_id]
    assert profile.seconds_left == 300
    assert open_call(database, "CA2").account_id == account_id


def test_a_number_that_another_account_proves_moves_without_the_calls(
    database: Database,
) -> None:
    former, owner = registered_account(database, "sam"), registered_account(database, "kim")
    for account_id in (former, owner):
        database.transact_now(
            phone_lines.attach_verified, account_id=account_id, number=KIM, now=NOW
        )
        open_call(database, f"CA{account_id}", number=KIM)

    numbers_of = [
        database.transact_now(phone_lines.lines, account_id=account_id)
        for account_id in (former, owner)
    ]
    calls_of = [
        database.transact_now(calls.history, account_id=account_id, before=None, limit=9)
        for account_id in (former, owner)
    ]

    assert [len(numbers) for numbers in numbers_of] == [0, 1]
    assert [len(cards) for cards in calls_of] == [1, 1]


def test_deleting_the_account_does_not_bring_the_allowance_back(database: Database) -> None:
    first = open_call(database, "CA1")

    def delete(session: Session) -> None:
        session.execute(text("DELETE FROM account WHERE id = :id"), {"id": first.account_id})

    database.transact_now(delete)

    assert open_call(database, "CA2").seconds_left == 0


def test_two_calls_at_once_of_a_new_number_share_one_account(database: Database) -> None:
    with ThreadPoolExecutor(5) as threads:
        opened = list(threads.map(lambda n: open_call(database, f"CA{n}"), range(5)))

    account_ids = {call.account_id for call in opened}
    assert len(account_ids) == 1
    left = database.transact_now(
        talk_time.overview, account_id=AccountId(account_ids.pop()), now=NOW
    )
    assert left.seconds_left == 300


def test_nothing_personal_is_stored_in_clear(database: Database) -> None:
    database.transact_now(accounts.add_operator, email="boss@example.com", now=NOW)
    account_id = registered_account(database)
    database.transact_now(phone_lines.attach_verified, account_id=account_id, number=SAM, now=NOW)

    def everything(session: Session) -> str:
        tables = session.execute(
            text("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
        ).scalars()
        return "\n".join(
            str(row)
            for table in tables.all()
            for row in session.execute(
                text(f'SELECT t::text FROM "{table}" AS t')  # noqa: S608 - our own tables
            ).all()
        )

    stored = database.transact_now(everything)

    assert account_id in stored
    for secret in ("Sam", "sam@example.com", "boss@example.com", "4155550123", "a browser"):
        assert secret not in stored
        assert secret.encode().hex() not in stored

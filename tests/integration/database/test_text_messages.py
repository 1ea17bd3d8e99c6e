"""Who gets a text, how often, and who wants none any more."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta

import pytest
from sqlmodel import Session, col, select

from shared import wordings
from shared.database import Database
from shared.ids import AccountId, CallId, TextMessageId
from shared.phone import PhoneNumber
from shared.services import calls, consents, phone_lines, text_messages
from shared.services.text_messages import OptOut, PlannedText
from shared.tables.account import Account
from shared.tables.guarding import Spending, TextMessage
from shared.tables.verification import Verification
from shared.wordings import ConsentKind
from tests.support.builders import KIM, NOW, registered_account

SMS = ConsentKind.SERVICE_SMS


@pytest.fixture(name="account_id")
def agreeing_account(database: Database) -> AccountId:
    """Make an account with a verified line, that agreed to be texted."""
    account_id = registered_account(database)
    database.transact_now(phone_lines.attach_verified, account_id=account_id, number=KIM, now=NOW)
    agree(database, account_id)
    return account_id


def agree(database: Database, account_id: AccountId) -> None:
    version = wordings.current(SMS).version
    database.transact_now(
        consents.give, account_id=account_id, kind=SMS, wording_version=version, now=NOW
    )


def agrees(database: Database, account_id: AccountId) -> bool:
    return database.transact_now(consents.has, account_id=account_id, kind=SMS)


def called(database: Database, call_sid: str = "CA1", number: PhoneNumber | None = KIM) -> CallId:
    return database.transact_now(
        calls.take_call, call_sid=call_sid, number=number, is_attested=False, now=NOW
    ).call_id


def planned(database: Database, call_id: CallId, now: datetime = NOW) -> PlannedText | None:
    may = database.transact_now(text_messages.may_text, call_id=call_id, now=now)
    found = database.transact_now(text_messages.plan, call_id=call_id, now=now)
    assert may == (found is not None)  # what the caller is told is what happens
    return found


def row(database: Database, text_id: TextMessageId) -> tuple[str, str | None]:
    def read(session: Session) -> tuple[str, str | None]:
        text = session.get_one(TextMessage, text_id)
        return text.status, text.message_sid

    return database.transact_now(read)


@pytest.mark.usefixtures("account_id")
def test_caller_who_agreed_gets_one_text_a_day_and_its_price_is_booked(database: Database) -> None:
    call_id = called(database)

    first = planned(database, call_id)
    again = planned(database, called(database, "CA2"), NOW + timedelta(hours=23))
    next_day = planned(database, called(database, "CA3"), NOW + timedelta(hours=25))

    assert first is not None
    assert first.number == KIM
    assert again is None
    assert next_day is not None
    booked = database.transact_now(
        lambda session: session.exec(select(Spending.component, Spending.micros)).all()
    )
    assert {component for component, _ in booked} == {"sms"}


@pytest.mark.usefixtures("account_id")
def test_two_calls_that_end_at_once_send_one_text(database: Database) -> None:
    ended = [called(database, f"CA{number}") for number in range(4)]

    with ThreadPoolExecutor(4) as pool:
        found = list(
            pool.map(
                lambda call_id: database.transact_now(text_messages.plan, call_id=call_id, now=NOW),
                ended,
            )
        )

    assert sum(text is not None for text in found) == 1


def without_consent(session: Session, account_id: AccountId) -> None:
    consents.withdraw(session, account_id=account_id, kind=SMS, now=NOW)


def proved_by_a_spoken_code(session: Session, account_id: AccountId) -> None:
    session.add(
        Verification(
            id="ver_1",
            account_id=account_id,
            number_index=phone_lines.number_index(session, KIM),
            sealed_number=b"",
            channel="call",
            status="approved",
            created_at=NOW,
            expires_at=NOW,
        )
    )


def last_one_came_back(session: Session, account_id: AccountId) -> None:
    session.add(
        TextMessage(
            id="txt_old",
            account_id=account_id,
            kind="how_to_go_on",
            status="undelivered",
            created_at=NOW - timedelta(days=9),
        )
    )


def budget_spent(session: Session, _account_id: AccountId) -> None:
    session.add(Spending(day=NOW.date(), component="line", micros=10**12))


@pytest.mark.parametrize(
    "makes",
    [without_consent, proved_by_a_spoken_code, last_one_came_back, budget_spent],
    ids=lambda make: make.__name__,
)
def test_no_text_is_sent_where(
    database: Database,
    account_id: AccountId,
    makes: Callable[[Session, AccountId], None],
) -> None:
    call_id = called(database)
    database.transact_now(lambda session: makes(session, account_id))

    assert planned(database, call_id) is None


def test_number_that_nobody_proved_or_that_is_hidden_gets_no_text(database: Database) -> None:
    assert planned(database, called(database, "CA1", PhoneNumber("+14155550111"))) is None
    assert planned(database, called(database, "CA2", None)) is None


@pytest.mark.usefixtures("account_id")
def test_status_only_goes_forward_and_comes_before_the_answer_too(database: Database) -> None:
    text = planned(database, called(database))
    assert text is not None

    def told(status: str) -> tuple[str, str | None]:
        database.transact_now(text_messages.update_status, text_id=text.text_id, status=status)
        return row(database, text.text_id)

    assert told("delivered") == ("delivered", None)
    database.transact_now(
        text_messages.taken, text_id=text.text_id, message_sid="SM1", status="accepted"
    )
    assert told("sent") == ("delivered", "SM1")
    assert told("nonsense") == ("delivered", "SM1")


def test_refusal_of_whom_has_opted_out_takes_the_consent_back_and_any_other_does_not(
    database: Database, account_id: AccountId
) -> None:
    for opted_out, hours in ((False, 0), (True, 30)):
        at = NOW + timedelta(hours=hours)
        text = planned(database, called(database, f"CA{hours}"), at)
        assert text is not None
        database.transact_now(
            text_messages.refused, text_id=text.text_id, opted_out=opted_out, now=at
        )
        assert row(database, text.text_id) == ("refused", None)
        assert agrees(database, account_id) is not opted_out


def test_stop_takes_the_consent_back_and_start_renews_it(
    database: Database, account_id: AccountId
) -> None:
    def writes(keyword: OptOut) -> bool:
        database.transact_now(text_messages.answer, number=KIM, keyword=keyword, now=NOW)
        return agrees(database, account_id)

    assert [writes(word) for word in (OptOut.HELP, OptOut.STOP, OptOut.STOP)] == [
        True,
        False,
        False,
    ]
    assert [writes(word) for word in (OptOut.HELP, OptOut.START, OptOut.START)] == [
        False,
        True,
        True,
    ]


def test_start_of_whom_never_agreed_is_no_consent(database: Database) -> None:
    account_id = registered_account(database)
    database.transact_now(phone_lines.attach_verified, account_id=account_id, number=KIM, now=NOW)

    database.transact_now(text_messages.answer, number=KIM, keyword=OptOut.START, now=NOW)

    assert not agrees(database, account_id)


def test_text_of_a_stranger_makes_no_account(database: Database) -> None:
    database.transact_now(
        text_messages.answer, number=PhoneNumber("+14155550111"), keyword=OptOut.STOP, now=NOW
    )

    found = database.transact_now(lambda session: session.exec(select(col(Account.id))).all())
    assert found == []


@pytest.mark.parametrize(
    ("opt_out_type", "body", "keyword"),
    [
        ("STOP", "stop it", OptOut.STOP),
        ("", " Stop ", OptOut.STOP),
        ("", "unstop", OptOut.START),
        ("", "please stop calling", None),
        ("NONSENSE", "hello", None),
    ],
)
def test_keyword_is_what_twilio_says_or_the_word_alone(
    opt_out_type: str, body: str, keyword: OptOut | None
) -> None:
    assert text_messages.keyword(opt_out_type=opt_out_type, body=body) is keyword

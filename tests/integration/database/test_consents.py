"""Consents: given once, in words that exist, and taken back at any time."""

from __future__ import annotations

from datetime import timedelta

import pytest

from shared import wordings
from shared.database import Database
from shared.ids import AccountId
from shared.services import calls, consents, phone_lines
from shared.services.consents import UnknownWording
from shared.wordings import ConsentKind
from tests.support.builders import NOW, SAM, open_call, registered_account

LATER = NOW + timedelta(days=1)
SMS = ConsentKind.SERVICE_SMS


def give(database: Database, account_id: AccountId, kind: ConsentKind = SMS) -> None:
    version = wordings.current(kind).version
    database.transact_now(
        consents.give, account_id=account_id, kind=kind, wording_version=version, now=NOW
    )


def has(database: Database, account_id: AccountId, kind: ConsentKind = SMS) -> bool:
    return database.transact_now(consents.has, account_id=account_id, kind=kind)


def test_a_consent_is_given_once_and_for_its_kind_only(database: Database) -> None:
    account_id = registered_account(database)

    give(database, account_id)
    give(database, account_id)

    (consent,) = database.transact_now(consents.overview, account_id=account_id)
    assert (consent.kind, consent.wording_version, consent.given_at) == (SMS, "service-1", NOW)
    assert has(database, account_id)
    assert not has(database, account_id, ConsentKind.ADULT)


def test_what_was_taken_back_is_kept_and_can_be_given_anew(database: Database) -> None:
    account_id = registered_account(database)
    give(database, account_id)

    withdrawn = [
        database.transact_now(consents.withdraw, account_id=account_id, kind=SMS, now=LATER)
        for _ in range(2)
    ]
    standing = has(database, account_id)
    give(database, account_id)

    kept = database.transact_now(consents.overview, account_id=account_id)
    assert (withdrawn, standing, has(database, account_id)) == ([True, False], False, True)
    assert sorted(consent.withdrawn_at is None for consent in kept) == [False, True]


def test_words_that_nobody_wrote_are_refused(database: Database) -> None:
    account_id = registered_account(database)

    with pytest.raises(UnknownWording):
        database.transact_now(
            consents.give, account_id=account_id, kind=SMS, wording_version="otp-1", now=NOW
        )

    assert not has(database, account_id)


def test_staying_on_the_line_is_consent_to_that_call_alone(database: Database) -> None:
    account_id = registered_account(database)
    database.transact_now(phone_lines.attach_verified, account_id=account_id, number=SAM, now=NOW)
    call_id = open_call(database).call_id

    database.transact_now(
        calls.record_consent, call_id=call_id, wording_version="notice-1", now=NOW
    )
    withdrawn = database.transact_now(
        consents.withdraw, account_id=account_id, kind=ConsentKind.TRANSCRIPTION, now=LATER
    )

    (consent,) = database.transact_now(consents.overview, account_id=account_id)
    assert (consent.call_id, consent.withdrawn_at, withdrawn) == (call_id, None, False)
    assert not has(database, account_id, ConsentKind.TRANSCRIPTION)

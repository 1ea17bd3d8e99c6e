"""The audit's look at what is kept and at which words people agreed to."""

from __future__ import annotations

from datetime import timedelta

from sqlmodel import Session

from buddy.audit import data
from buddy.audit.findings import Verdict
from shared.database import Database
from shared.services import calls, consents
from shared.tables.account import Consent
from shared.wordings import ConsentKind, current
from tests.support.builders import NOW, call_in_progress, registered_account


def test_calls_that_are_older_than_allowed_are_counted(database: Database) -> None:
    call_id = call_in_progress(database)
    database.transact_now(
        calls.end_call, call_id=call_id, end_reason="caller_hung_up", used_seconds=1, now=NOW
    )

    (now,) = database.transact_now(data.kept, now=NOW + timedelta(days=2))
    late = database.transact_now(data.kept, now=NOW + timedelta(days=800))

    assert now.verdict is Verdict.FINE
    assert {found.verdict for found in late} == {Verdict.WRONG}
    assert any("calls" in found.text for found in late)


def test_words_that_nobody_has_are_wrong_and_former_ones_are_noted(database: Database) -> None:
    account_id = registered_account(database)
    adult = current(ConsentKind.ADULT).version
    database.transact_now(
        consents.give,
        account_id=account_id,
        kind=ConsentKind.ADULT,
        wording_version=adult,
        now=NOW,
    )
    in_order = database.transact_now(data.agreed_to)

    def agree_in_other_words(session: Session) -> None:
        for number, version in enumerate(("adult-0", "scribbled-1")):
            session.add(
                Consent(
                    id=f"con_{number}",
                    account_id=account_id,
                    kind="adult",
                    wording_version=version,
                    given_at=NOW,
                )
            )

    database.transact_now(agree_in_other_words)
    found = database.transact_now(data.agreed_to)

    assert [finding.verdict for finding in in_order] == [Verdict.FINE]
    assert adult in in_order[0].text
    wrong = [finding.text for finding in found if finding.verdict is Verdict.WRONG]
    assert len(wrong) == 2
    assert any("scribbled-1" in text for text in wrong)
    assert [f for f in found if f.verdict is Verdict.NOTE and "adult in former words" in f.text]

"""An operator's look at a call: for a reason, written down, and shown to its owner."""

from __future__ import annotations

from dataclasses import replace

import pytest

from shared.database import Database
from shared.ids import CallId
from shared.services import oversight, phone_lines
from shared.services.calls import CallNotFound
from shared.services.oversight import LookView, NotAnOperator, ReasonMissing
from tests.support.builders import NOW, SAM, open_call, registered_account, signed_in_operator

REASON = "They asked us why the call broke off."


def test_a_look_is_written_down_with_its_reason_and_the_owner_sees_it(database: Database) -> None:
    account_id = registered_account(database)
    database.transact_now(phone_lines.attach_verified, account_id=account_id, number=SAM, now=NOW)
    call_id = open_call(database).call_id

    detail = database.transact_now(
        oversight.read_call,
        operator=signed_in_operator(database),
        call_id=call_id,
        reason=REASON,
        now=NOW,
    )

    looks = database.transact_now(oversight.looks, account_id=account_id)
    assert detail.card.call_id == call_id
    assert looks == (LookView(NOW, call_id, REASON),)


def test_nobody_else_may_look(database: Database) -> None:
    call_id = open_call(database).call_id
    stranger = replace(signed_in_operator(database), is_operator=False)

    with pytest.raises(NotAnOperator):
        database.transact_now(
            oversight.read_call, operator=stranger, call_id=call_id, reason=REASON, now=NOW
        )


@pytest.mark.parametrize("reason", ["", "because", " " * 40, "x" * 301])
def test_a_look_without_a_reason_shows_nothing(database: Database, reason: str) -> None:
    opened = open_call(database)

    with pytest.raises(ReasonMissing):
        database.transact_now(
            oversight.read_call,
            operator=signed_in_operator(database),
            call_id=opened.call_id,
            reason=reason,
            now=NOW,
        )

    assert database.transact_now(oversight.looks, account_id=opened.account_id) == ()


def test_a_call_that_is_none_is_not_found(database: Database) -> None:
    with pytest.raises(CallNotFound):
        database.transact_now(
            oversight.read_call,
            operator=signed_in_operator(database),
            call_id=CallId("call_0"),
            reason=REASON,
            now=NOW,
        )

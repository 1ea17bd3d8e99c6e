"""Every service that takes an account and the id of a row, with an id of somebody else's.

They are found, not listed: a use case that is added later is tried too, or the test says that it
does not know how. What only the programs call, with ids they found themselves, is named below.
"""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import psycopg
import pytest
from psycopg import sql

import shared.services
from shared.database import Database, DatabaseUrls
from shared.errors import DomainError
from shared.ids import AccountId, CallId
from shared.services import accounts, calls, notices, phone_lines
from shared.services.notices import NoticeKind
from tests.support.builders import KIM, NOW, claims, open_call, registered_account

ROW_IDS = ("call_id", "notice_id", "line_id", "session_id")
# The id is no row of anybody's here, or the caller has found it and never a browser.
INTERNAL = {
    "checkouts.keep_customer": "Stripe's customer, as Stripe answered",
    "checkouts.forget_customer": "Stripe's customer, as Stripe answered",
}
# Counts what it ended of the attacker's own.
COUNTS = {"sign_in_sessions.revoke_others"}


@dataclass(frozen=True)
class Victim:
    """Somebody with a row of every kind."""

    account_id: AccountId
    ids: dict[str, str]


@pytest.fixture
def victim(database: Database) -> Victim:
    signed_in = database.transact_now(
        accounts.sign_in, identity=claims("victim"), user_agent="a browser", now=NOW
    )
    line = database.transact_now(
        phone_lines.attach_verified, account_id=signed_in.account_id, number=KIM, now=NOW
    )
    call = open_call(database, "CAvictim", number=KIM)
    notice = database.transact_now(
        notices.add,
        account_id=signed_in.account_id,
        kind=NoticeKind.NUMBER_MOVED,
        detail=KIM.e164,
        now=NOW,
    )
    session = database.transact_now(accounts.signed_in, token=signed_in.token, now=NOW)
    assert session is not None
    ids = {
        "call_id": call.call_id,
        "notice_id": notice,
        "line_id": line.line_id,
        "session_id": session.session_id,
    }
    return Victim(signed_in.account_id, {name: str(value) for name, value in ids.items()})


def use_cases() -> Iterator[tuple[str, Callable[..., Any]]]:
    """Yield every service that takes an account's id and that of a row."""
    for info in pkgutil.iter_modules(shared.services.__path__):
        module = importlib.import_module(f"{shared.services.__name__}.{info.name}")
        for name, function in inspect.getmembers(module, inspect.isfunction):
            parameters = inspect.signature(function).parameters
            is_own = function.__module__ == module.__name__ and not name.startswith("_")
            others = [p for p in parameters if p.endswith("_id") and p != "account_id"]
            if is_own and "account_id" in parameters and others:
                yield f"{info.name}.{name}", function


USE_CASES = dict(use_cases())


def arguments(function: Callable[..., Any], attacker: AccountId, victim: Victim) -> dict[str, Any]:
    """Return what the attacker would call it with; raise where a parameter is not known."""
    known: dict[str, Any] = {
        "account_id": attacker,
        "now": NOW + timedelta(minutes=1),
        "after": 0,
        "sequence": 0,
        **victim.ids,
    }
    parameters = list(inspect.signature(function).parameters.values())[1:]
    return {
        p.name: known[p.name]
        for p in parameters
        if p.name in known or p.default is inspect.Parameter.empty
    }


def rows(urls: DatabaseUrls) -> set[str]:
    """Return every row that there is, as text."""
    with psycopg.connect(urls.direct) as connection:
        tables = connection.execute(
            "SELECT tablename FROM pg_tables WHERE schemaname = 'public'"
        ).fetchall()
        return {
            f"{table}: {row}"
            for (table,) in tables
            for (row,) in connection.execute(
                sql.SQL("SELECT t::text FROM {} t").format(sql.Identifier(table))
            )
        }


@pytest.mark.parametrize("name", sorted(USE_CASES.keys() - INTERNAL))
def test_an_id_of_somebody_elses_opens_and_changes_nothing(
    database: Database, database_urls: DatabaseUrls, victim: Victim, name: str
) -> None:
    attacker = registered_account(database, "attacker")
    before = rows(database_urls)
    given = arguments(USE_CASES[name], attacker, victim)

    try:
        answer = database.transact_now(USE_CASES[name], **given)
    except DomainError:
        answer = None

    assert not answer or name in COUNTS, f"{name} answered {answer!r}"
    assert {row for row in before - rows(database_urls) if attacker not in row} == set()


@pytest.mark.parametrize("name", sorted(USE_CASES.keys() - INTERNAL))
def test_its_owner_is_answered(database: Database, victim: Victim, name: str) -> None:
    """The counterpart: the refusals would pass if the ids named nothing."""
    given = arguments(USE_CASES[name], victim.account_id, victim)

    database.transact_now(USE_CASES[name], **given)  # raises for what it does not find


def test_what_is_left_out_is_still_there() -> None:
    assert USE_CASES.keys() >= INTERNAL.keys()


def test_a_call_is_nobodys_but_its_accounts(database: Database, victim: Victim) -> None:
    attacker = registered_account(database, "attacker")

    assert (
        database.transact_now(calls.owner, call_id=CallId(victim.ids["call_id"]))
        == victim.account_id
    )
    assert database.transact_now(calls.history, account_id=attacker, before=None, limit=10) == ()

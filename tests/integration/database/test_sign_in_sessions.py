"""Tokens that are replaced every day, and what an old copy of one brings about."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta

import pytest

from shared.database import Database
from shared.services import accounts, sign_in_sessions
from shared.services.sign_in_sessions import NoSuchBrowser, Visit
from tests.support.builders import NOW, claims

DAY = timedelta(days=1)


def sign_in(database: Database, subject: str = "sam", *, user_agent: str = "a browser") -> str:
    return database.transact_now(
        accounts.sign_in,
        identity=claims(subject, email=f"{subject}@example.com"),
        user_agent=user_agent,
        now=NOW,
    ).token


def visit(database: Database, token: str, now: datetime) -> Visit | None:
    return database.transact_now(sign_in_sessions.visit, token=token, now=now)


def is_good(database: Database, token: str, now: datetime = NOW) -> bool:
    return database.transact_now(accounts.signed_in, token=token, now=now) is not None


def replaced(database: Database, token: str, now: datetime) -> str:
    found = visit(database, token, now)
    assert found is not None
    assert found.new_token is not None
    return found.new_token


def someone(database: Database, token: str) -> accounts.SignedIn:
    found = database.transact_now(accounts.signed_in, token=token, now=NOW)
    assert found is not None
    return found


def test_token_is_replaced_when_it_is_a_day_old(database: Database) -> None:
    token = sign_in(database)

    young = visit(database, token, NOW + DAY - timedelta(seconds=1))
    old = visit(database, token, NOW + DAY)

    assert young is not None
    assert young.new_token is None
    assert old is not None
    assert old.new_token not in (None, token)
    assert old.expires_at == NOW + sign_in_sessions.LIFETIME


def test_former_token_is_good_until_the_next_time(database: Database) -> None:
    first = sign_in(database)
    second = replaced(database, first, NOW + DAY)
    again = visit(database, first, NOW + DAY)  # the answer with the new one got lost

    assert again is not None
    assert again.new_token is None
    assert is_good(database, first, NOW + DAY)
    assert is_good(database, second, NOW + DAY)

    third = replaced(database, second, NOW + 2 * DAY)

    assert is_good(database, second, NOW + 2 * DAY)
    assert is_good(database, third, NOW + 2 * DAY)


def test_browser_that_never_got_its_new_token_gets_another(database: Database) -> None:
    first = sign_in(database)
    lost = replaced(database, first, NOW + DAY)

    second = replaced(database, first, NOW + 2 * DAY)

    assert is_good(database, second, NOW + 2 * DAY)
    assert is_good(database, first, NOW + 2 * DAY)
    assert not is_good(database, lost, NOW + 2 * DAY)


@pytest.mark.parametrize("use", [visit, is_good])
def test_token_older_than_that_is_a_copy_and_ends_the_session(
    database: Database, use: Callable[[Database, str, datetime], object]
) -> None:
    first = sign_in(database)
    second = replaced(database, first, NOW + DAY)
    third = replaced(database, second, NOW + 2 * DAY)

    assert not use(database, first, NOW + 2 * DAY)

    assert not is_good(database, third, NOW + 2 * DAY)
    assert not is_good(database, second, NOW + 2 * DAY)


def test_made_up_tokens_end_nothing(database: Database) -> None:
    token = sign_in(database)
    name = someone(database, token).session_id.removeprefix("sis_")

    for made_up in (
        "",
        "x",
        f"sis_{name}",
        name + "A" * 54,
        token[:-1] + ("A" if token[-1] != "A" else "B"),
        token + "A",
    ):
        assert not is_good(database, made_up)

    assert is_good(database, token)


def test_tabs_that_load_at_once_get_one_new_token_between_them(database: Database) -> None:
    token = sign_in(database)

    with ThreadPoolExecutor(5) as threads:
        visits = list(threads.map(lambda _: visit(database, token, NOW + DAY), range(5)))

    given = [found.new_token for found in visits if found is not None and found.new_token]
    assert len(given) == 1
    assert len(visits) == 5
    assert is_good(database, given[0], NOW + DAY)
    assert is_good(database, token, NOW + DAY)


def test_replacing_does_not_make_a_session_last_longer(database: Database) -> None:
    token = sign_in(database)
    newest = replaced(database, token, NOW + 29 * DAY)

    assert is_good(database, newest, NOW + 30 * DAY - timedelta(seconds=1))
    assert not is_good(database, newest, NOW + 30 * DAY)
    assert visit(database, newest, NOW + 30 * DAY) is None


def test_signing_out_with_the_former_token_ends_the_session_too(database: Database) -> None:
    first = sign_in(database)
    second = replaced(database, first, NOW + DAY)

    database.transact_now(accounts.sign_out, token=first, now=NOW + DAY)

    assert not is_good(database, second, NOW + DAY)


def test_owner_sees_each_browser_and_when_it_was_there(database: Database) -> None:
    desk, phone = (sign_in(database, user_agent=name) for name in ("desk", "phone"))
    sign_in(database, "kim")
    visit(database, desk, NOW + timedelta(hours=2))
    account_id = someone(database, phone).account_id

    views = database.transact_now(
        sign_in_sessions.browsers, account_id=account_id, now=NOW + timedelta(hours=3)
    )

    assert [(view.user_agent, view.signed_in_at, view.seen_at) for view in views] == [
        ("desk", NOW, NOW + timedelta(hours=2)),
        ("phone", NOW, NOW),
    ]


def test_one_browser_can_be_signed_out_from_another(database: Database) -> None:
    desk, phone, kims = sign_in(database), sign_in(database), sign_in(database, "kim")
    me, other = someone(database, desk), someone(database, phone)

    database.transact_now(
        sign_in_sessions.revoke,
        account_id=me.account_id,
        session_id=other.session_id,
        now=NOW,
    )

    assert [is_good(database, token) for token in (desk, phone, kims)] == [True, False, True]
    for gone in (other.session_id, someone(database, kims).session_id):
        with pytest.raises(NoSuchBrowser):
            database.transact_now(
                sign_in_sessions.revoke, account_id=me.account_id, session_id=gone, now=NOW
            )
    assert is_good(database, kims)


def test_all_other_browsers_can_be_signed_out_at_once(database: Database) -> None:
    desk, phone, tablet, kims = (
        sign_in(database, subject) for subject in ("sam", "sam", "sam", "kim")
    )
    me = someone(database, desk)

    ended = database.transact_now(
        sign_in_sessions.revoke_others,
        account_id=me.account_id,
        session_id=me.session_id,
        now=NOW,
    )

    assert ended == 2
    good = [is_good(database, token) for token in (desk, phone, tablet, kims)]
    assert good == [True, False, False, True]


def test_session_that_showed_its_token_goes_on_until_it_is_ended(database: Database) -> None:
    token = sign_in(database)
    session_id = someone(database, token).session_id
    for day in range(1, 4):
        token = replaced(database, token, NOW + day * DAY)

    def still(now: datetime) -> bool:
        found = database.transact_now(accounts.still_signed_in, session_id=session_id, now=now)
        return found is not None

    assert still(NOW + 3 * DAY)
    database.transact_now(accounts.sign_out, token=token, now=NOW + 3 * DAY)
    assert not still(NOW + 3 * DAY)

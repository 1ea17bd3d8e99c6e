"""What live pages read, each as one transaction, and each as somebody."""

from __future__ import annotations

import re
from datetime import datetime
from enum import StrEnum

from sqlmodel import Session

from buddy_site.watching import CallNews
from shared.database import Database
from shared.ids import AccountId, CallId
from shared.services import accounts, calls
from shared.services.accounts import SignedIn

SESSION_ID = re.compile(r"sis_[0-9a-f]{24}")


class Access(StrEnum):
    """What a browser may see of something, asked of the database at that moment."""

    THEIRS = "theirs"
    NOT_THEIRS = "not_theirs"  # somebody else's, or not there: the two are not told apart
    SIGNED_OUT = "signed_out"


class LiveReads:
    """The hub's view of the database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def news(self, account_id: AccountId, call_id: CallId, after: int) -> CallNews:
        """Return the call and its entries after `after`; raise `CallNotFound` for others'."""
        return await self._database.transact(
            _news, account_id=account_id, call_id=call_id, after=after
        )

    async def owner(self, call_id: CallId) -> AccountId | None:
        """Return whose call it is."""
        return await self._database.transact(calls.owner, call_id=call_id)


def who_opened(session: Session, *, token: str, now: datetime) -> SignedIn | None:
    """Return who opened a websocket, if their session still goes on.

    As it opened, we put the session in its token's place: the browser's own token may have been
    replaced several times since. Only where nobody could be asked then, it is still that one.
    """
    if SESSION_ID.fullmatch(token):
        return accounts.still_signed_in(session, session_id=token, now=now)
    return accounts.signed_in(session, token=token, now=now)


def access_to_account(
    session: Session, *, token: str, account_id: AccountId, now: datetime
) -> Access:
    """Return what the token's browser may see of the account now."""
    someone = who_opened(session, token=token, now=now)
    return Access.THEIRS if someone and someone.account_id == account_id else Access.SIGNED_OUT


def access_to_call(session: Session, *, token: str, call_id: CallId, now: datetime) -> Access:
    """Return what the token's browser may see of the call now."""
    someone = who_opened(session, token=token, now=now)
    if someone is None:
        return Access.SIGNED_OUT
    is_theirs = calls.owner(session, call_id=call_id) == someone.account_id
    return Access.THEIRS if is_theirs else Access.NOT_THEIRS


def _news(session: Session, *, account_id: AccountId, call_id: CallId, after: int) -> CallNews:
    found = calls.detail(session, account_id=account_id, call_id=call_id, after=after)
    return CallNews(found.card, found.entries)

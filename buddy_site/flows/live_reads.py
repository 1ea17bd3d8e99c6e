"""What live pages read, each as one transaction, and each as somebody."""

from __future__ import annotations

from datetime import datetime

from sqlmodel import Session, select

from buddy_site.live import CallNews
from shared.database import Database
from shared.ids import AccountId, CallId
from shared.services import accounts, calls
from shared.tables.call import Call


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
        return await self._database.transact(_owner, call_id=call_id)


def may_read_account(session: Session, *, token: str, account_id: AccountId, now: datetime) -> bool:
    """Return whether the token's browser is still signed in to this very account."""
    someone = accounts.signed_in(session, token=token, now=now)
    return someone is not None and someone.account_id == account_id


def may_read_call(session: Session, *, token: str, call_id: CallId, now: datetime) -> bool:
    """Return whether the token's browser is still signed in, and the call is still its own."""
    someone = accounts.signed_in(session, token=token, now=now)
    return someone is not None and _owner(session, call_id=call_id) == someone.account_id


def _news(session: Session, *, account_id: AccountId, call_id: CallId, after: int) -> CallNews:
    found = calls.detail(session, account_id=account_id, call_id=call_id)
    return CallNews(found.card, tuple(e for e in found.entries if e.sequence > after))


def _owner(session: Session, *, call_id: CallId) -> AccountId | None:
    owner = session.exec(select(Call.account_id).where(Call.id == call_id)).one_or_none()
    return AccountId(owner) if owner is not None else None

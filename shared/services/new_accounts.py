"""Makes accounts, for those who call as for those who sign in."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from sqlmodel import Session

from shared.database import key_ring
from shared.domain import names
from shared.ids import AccountId, new_id
from shared.sealing import KeyRing
from shared.tables.account import Account
from shared.tables.talk_time import TalkTime


class AccountKind(StrEnum):
    """How an account came to be."""

    WITHHELD = "withheld"  # for one call of a number nobody showed us
    TEMPORARY = "temporary"  # for a number nobody proved to own
    REGISTERED = "registered"  # somebody signed in


def new_account(
    session: Session, kind: AccountKind, *, now: datetime, spoken_name: str | None = None
) -> AccountId:
    """Make an account without talk time; a name that can't be spoken is left out."""
    account_id = AccountId(new_id("acc"))
    account = Account(
        id=account_id,
        kind=kind.value,
        created_at=now,
        registered_at=now if kind is AccountKind.REGISTERED else None,
    )
    account.sealed_spoken_name = seal_spoken_name(
        key_ring(session), account_id, names.from_provider(spoken_name)
    )
    session.add(account)
    session.flush()
    session.add(TalkTime(account_id=account_id))
    session.flush()
    return account_id


def seal_spoken_name(ring: KeyRing, account_id: AccountId, name: str | None) -> bytes | None:
    """Return what the account's row keeps of the name."""
    return ring.seal(name, "spoken_name", account_id) if name is not None else None


def open_spoken_name(session: Session, account: Account) -> str | None:
    """Return how the account's owner is called, if they said."""
    if account.sealed_spoken_name is None:
        return None
    return key_ring(session).open(account.sealed_spoken_name, "spoken_name", account.id)

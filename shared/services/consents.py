"""Consents: who agreed to what, in which words and when, and who took it back."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, update
from sqlmodel import Session, col, select

from shared.database import lock
from shared.errors import DomainError
from shared.ids import AccountId, CallId, new_id
from shared.tables.account import Consent
from shared.wordings import WORDINGS, ConsentKind


class UnknownWording(DomainError):
    """No wording of this kind has such a version: the page is older than the server."""

    code = "unknown_wording"

    def __init__(self) -> None:
        super().__init__("these words are not in use: load the page again")


@dataclass(frozen=True, slots=True)
class ConsentView:
    """One consent as its owner sees it; `call_id` where it was given on the line."""

    kind: ConsentKind
    wording_version: str
    call_id: CallId | None
    given_at: datetime
    withdrawn_at: datetime | None


def give(
    session: Session,
    *,
    account_id: AccountId,
    kind: ConsentKind,
    wording_version: str,
    now: datetime,
) -> None:
    """Keep that the account's owner agreed, on the site, to these words; once until withdrawn."""
    if wording_version not in {wording.version for wording in WORDINGS[kind]}:
        raise UnknownWording
    lock(session, "consent", account_id)
    found = session.exec(
        select(Consent.id).where(
            *_standing(account_id, kind), Consent.wording_version == wording_version
        )
    ).first()
    if found is None:
        session.add(
            Consent(
                id=new_id("con"),
                account_id=account_id,
                kind=kind.value,
                wording_version=wording_version,
                given_at=now,
            )
        )
        session.flush()


def withdraw(session: Session, *, account_id: AccountId, kind: ConsentKind, now: datetime) -> bool:
    """Take back what was given on the site; return whether there was anything to take back."""
    withdrawn = session.execute(
        update(Consent)
        .where(*_standing(account_id, kind))
        .values(withdrawn_at=now)
        .returning(col(Consent.id))
    )
    return withdrawn.first() is not None


def has(session: Session, *, account_id: AccountId, kind: ConsentKind) -> bool:
    """Return whether the account's owner agreed on the site and has not taken it back.

    Consent given on the line of a call holds for that call alone and does not count.
    """
    return session.exec(select(Consent.id).where(*_standing(account_id, kind))).first() is not None


def overview(session: Session, *, account_id: AccountId) -> tuple[ConsentView, ...]:
    """Return everything the account's owner agreed to, the newest first."""
    rows = session.exec(
        select(Consent)
        .where(Consent.account_id == account_id)
        .order_by(col(Consent.given_at).desc(), col(Consent.id))
    )
    return tuple(
        ConsentView(
            kind=ConsentKind(row.kind),
            wording_version=row.wording_version,
            call_id=CallId(row.call_id) if row.call_id is not None else None,
            given_at=row.given_at,
            withdrawn_at=row.withdrawn_at,
        )
        for row in rows
    )


def _standing(account_id: AccountId, kind: ConsentKind) -> tuple[ColumnElement[bool], ...]:
    return (
        col(Consent.account_id) == account_id,
        col(Consent.kind) == kind.value,
        col(Consent.call_id).is_(None),
        col(Consent.withdrawn_at).is_(None),
    )

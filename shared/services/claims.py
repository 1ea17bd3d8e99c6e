"""Claims: calls of a number before anybody proved to own it, offered to who proves it now.

The offer is a notice of the new owner, so that it stays until it is answered. Without a yes the
calls stay with the temporary account, where nobody can read them, until they are deleted for age.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func
from sqlmodel import Session, col, select

from shared.ids import AccountId, NoticeId
from shared.services import notices, phone_lines
from shared.services.notices import NoticeKind
from shared.tables.call import Call


@dataclass(frozen=True, slots=True)
class Offer:
    """Calls that may be claimed."""

    notice_id: NoticeId
    calls: int
    latest_at: datetime


def offer(
    session: Session, *, account_id: AccountId, former: AccountId, now: datetime
) -> NoticeId | None:
    """Offer a temporary account's calls; one without any is moved at once, and None returned."""
    if _found(session, former) is None:
        phone_lines.claim(session, former=former, account_id=account_id, now=now)
        return None
    return notices.add(
        session, account_id=account_id, kind=NoticeKind.CLAIM_OFFERED, detail=former, now=now
    )


def offers(session: Session, *, account_id: AccountId) -> tuple[Offer, ...]:
    """Return what the account may claim; calls that are deleted by now are no offer."""
    return tuple(
        Offer(notice.notice_id, *found)
        for notice in notices.waiting(session, account_id=account_id, kind=NoticeKind.CLAIM_OFFERED)
        if (found := _found(session, AccountId(notice.detail))) is not None
    )


def accept(session: Session, *, account_id: AccountId, notice_id: NoticeId, now: datetime) -> bool:
    """Move the offered calls, with what belongs to them, to the account; once."""
    former = _answered(session, account_id, notice_id, now=now)
    if former is None:
        return False
    phone_lines.claim(session, former=former, account_id=account_id, now=now)
    return True


def decline(session: Session, *, account_id: AccountId, notice_id: NoticeId, now: datetime) -> bool:
    """Leave the offered calls where they are."""
    return _answered(session, account_id, notice_id, now=now) is not None


def _answered(
    session: Session, account_id: AccountId, notice_id: NoticeId, *, now: datetime
) -> AccountId | None:
    notice = notices.dismiss(session, account_id=account_id, notice_id=notice_id, now=now)
    if notice is None or notice.kind is not NoticeKind.CLAIM_OFFERED:
        return None
    return AccountId(notice.detail)


def _found(session: Session, former: AccountId) -> tuple[int, datetime] | None:
    calls, latest_at = session.exec(
        select(func.count(col(Call.id)), func.max(Call.started_at)).where(Call.account_id == former)
    ).one()
    return (calls, latest_at) if calls else None

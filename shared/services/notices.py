"""Notices: what happened to an account while its owner was not looking."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlmodel import Session, col, select

from shared.database import key_ring
from shared.ids import AccountId, NoticeId, new_id
from shared.tables.account import Notice

MOST_SHOWN = 20


class NoticeKind(StrEnum):
    """What there is to tell; the detail of each is said beside it."""

    NUMBER_MOVED = "number_moved"  # the number (E.164), which another account proved to own
    CLAIM_OFFERED = "claim_offered"  # the temporary account whose calls may be claimed


@dataclass(frozen=True, slots=True)
class NoticeView:
    """A notice as its owner sees it."""

    notice_id: NoticeId
    kind: NoticeKind
    detail: str
    created_at: datetime


def add(
    session: Session, *, account_id: AccountId, kind: NoticeKind, detail: str, now: datetime
) -> NoticeId:
    """Leave a notice for the account's owner."""
    notice_id = NoticeId(new_id("notice"))
    session.add(
        Notice(
            id=notice_id,
            account_id=account_id,
            kind=kind.value,
            sealed_detail=key_ring(session).seal(detail, "notice", notice_id),
            created_at=now,
        )
    )
    session.flush()
    return notice_id


def waiting(
    session: Session, *, account_id: AccountId, kind: NoticeKind | None = None
) -> tuple[NoticeView, ...]:
    """Return what was not dismissed yet, the newest first."""
    found = (
        select(Notice)
        .where(Notice.account_id == account_id, col(Notice.dismissed_at).is_(None))
        .order_by(col(Notice.created_at).desc(), col(Notice.id))
        .limit(MOST_SHOWN)
    )
    if kind is not None:
        found = found.where(Notice.kind == kind.value)
    return tuple(_view(session, row) for row in session.exec(found))


def dismiss(
    session: Session, *, account_id: AccountId, notice_id: NoticeId, now: datetime
) -> NoticeView | None:
    """Take the notice away, once; None where it is gone already or somebody else's."""
    notice = session.exec(
        select(Notice)
        .where(
            Notice.id == notice_id,
            Notice.account_id == account_id,
            col(Notice.dismissed_at).is_(None),
        )
        .with_for_update()
    ).one_or_none()
    if notice is None:
        return None
    notice.dismissed_at = now
    session.flush()
    return _view(session, notice)


def _view(session: Session, notice: Notice) -> NoticeView:
    sealed = notice.sealed_detail
    return NoticeView(
        notice_id=NoticeId(notice.id),
        kind=NoticeKind(notice.kind),
        detail=key_ring(session).open(sealed, "notice", notice.id) if sealed is not None else "",
        created_at=notice.created_at,
    )

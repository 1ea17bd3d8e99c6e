"""Phone lines: whose number it is, and how it becomes somebody's."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, update
from sqlmodel import Session, col, select

from shared.database import key_ring, lock
from shared.ids import AccountId, PhoneLineId, new_id
from shared.phone import PhoneNumber
from shared.services import talk_time
from shared.services.new_accounts import AccountKind, new_account
from shared.tables.account import Account, Consent
from shared.tables.call import Call
from shared.tables.phone_line import PhoneLine
from shared.tables.talk_time import Reservation


@dataclass(frozen=True, slots=True)
class LineView:
    """A phone line as its owner sees it."""

    line_id: PhoneLineId
    number: str  # E.164
    national: str


@dataclass(frozen=True, slots=True)
class Holder:
    """The account that a number belongs to."""

    account_id: AccountId
    kind: AccountKind


def holder(session: Session, number: PhoneNumber, *, now: datetime) -> Holder:
    """Return whose the number is; a number nobody holds gets a temporary account."""
    line = _line(session, number)
    if line is not None:
        account = session.get_one(Account, line.account_id)
        return Holder(AccountId(account.id), AccountKind(account.kind))
    account_id = new_account(session, AccountKind.TEMPORARY, now=now)
    _add(session, account_id, number, verified_at=None, now=now)
    return Holder(account_id, AccountKind.TEMPORARY)


def attach_verified(
    session: Session, *, account_id: AccountId, number: PhoneNumber, now: datetime
) -> LineView:
    """Make a proved number the account's; what a temporary account had under it moves too."""
    lock(session, number.e164)
    line = _line(session, number)
    if line is None:
        line = _add(session, account_id, number, verified_at=now, now=now)
    elif line.account_id != account_id:
        former = session.get_one(Account, line.account_id)
        line.account_id = account_id
        line.verified_at = now
        session.flush()
        if former.kind == AccountKind.TEMPORARY:
            _move_everything(session, former, account_id, now=now)
    elif line.verified_at is None:
        line.verified_at = now
    return _view(session, line)


def lines(session: Session, *, account_id: AccountId) -> tuple[LineView, ...]:
    """Return the numbers that the account proved to own, the oldest first."""
    rows = session.exec(
        select(PhoneLine)
        .where(PhoneLine.account_id == account_id, col(PhoneLine.verified_at).is_not(None))
        .order_by(col(PhoneLine.created_at), col(PhoneLine.id))
    )
    return tuple(_view(session, row) for row in rows)


def number_index(session: Session, number: PhoneNumber) -> bytes:
    """Return what a number is looked up by."""
    return key_ring(session).blind_index("phone_number", number.e164)


def _move_everything(
    session: Session, former: Account, account_id: AccountId, *, now: datetime
) -> None:
    """Move a temporary account's calls, consents and talk time, and leave it empty."""
    # Calls first: who settles or renews one waits for its lock and then finds the new owner.
    session.exec(
        select(Call.id)
        .where(Call.account_id == former.id)
        .order_by(col(Call.id))
        .with_for_update(key_share=True)
    ).all()
    held = session.exec(
        select(func.coalesce(func.sum(Reservation.taken_seconds), 0)).where(
            Reservation.account_id == former.id, Reservation.status == talk_time.OPEN
        )
    ).one()
    for table in (Call, Consent, Reservation):
        session.execute(
            update(table).where(col(table.account_id) == former.id).values(account_id=account_id)
        )
    talk_time.transfer(
        session, former=AccountId(former.id), account_id=account_id, held=held, now=now
    )


def _line(session: Session, number: PhoneNumber) -> PhoneLine | None:
    index = number_index(session, number)
    return session.exec(select(PhoneLine).where(PhoneLine.number_index == index)).one_or_none()


def _add(
    session: Session,
    account_id: AccountId,
    number: PhoneNumber,
    *,
    verified_at: datetime | None,
    now: datetime,
) -> PhoneLine:
    line_id = new_id("line")
    line = PhoneLine(
        id=line_id,
        account_id=account_id,
        number_index=number_index(session, number),
        sealed_number=key_ring(session).seal(number.e164, "phone_number", line_id),
        verified_at=verified_at,
        created_at=now,
    )
    session.add(line)
    session.flush()
    return line


def _view(session: Session, line: PhoneLine) -> LineView:
    number = PhoneNumber(key_ring(session).open(line.sealed_number, "phone_number", line.id))
    return LineView(PhoneLineId(line.id), number.e164, number.national)

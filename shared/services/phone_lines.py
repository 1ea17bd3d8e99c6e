"""Phone lines: whose number it is, and how it becomes somebody's."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, func, update
from sqlmodel import Session, col, select

from shared.database import key_ring, lock
from shared.ids import AccountId, PhoneLineId, new_id
from shared.listener import ACCOUNT, notify
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
    is_verified: bool = False  # the number was proved to be the account's


@dataclass(frozen=True, slots=True)
class TakenOver:
    """A number that has a new owner, and who had it until now."""

    line: LineView
    former: Holder | None


def holder(session: Session, number: PhoneNumber, *, now: datetime) -> Holder:
    """Return whose the number is; a number nobody holds gets a temporary account."""
    line = _line(session, number)
    if line is not None:
        return _holder(session, line)
    account_id = new_account(session, AccountKind.TEMPORARY, now=now)
    _add(session, account_id, number, verified_at=None, now=now)
    return Holder(account_id, AccountKind.TEMPORARY)


def holder_if_known(session: Session, number: PhoneNumber) -> Holder | None:
    """Return whose the number is, if it is anybody's."""
    line = _line(session, number)
    return _holder(session, line) if line is not None else None


def take_over(
    session: Session, *, account_id: AccountId, number: PhoneNumber, now: datetime
) -> TakenOver:
    """Make a proved number the account's; whoever had it keeps their calls and talk time."""
    lock(session, number.e164)
    line, former = _line(session, number), None
    if line is None:
        line = _add(session, account_id, number, verified_at=now, now=now)
    else:
        if line.account_id != account_id:
            former = _holder(session, line)
            line.account_id = account_id
            line.verified_at = now
            notify(session, ACCOUNT, former.account_id)
        elif line.verified_at is None:
            line.verified_at = now
        session.flush()
    notify(session, ACCOUNT, account_id)
    return TakenOver(_view(session, line), former)


def attach_verified(
    session: Session, *, account_id: AccountId, number: PhoneNumber, now: datetime
) -> LineView:
    """Make a proved number the account's, and claim what a temporary account had under it."""
    taken = take_over(session, account_id=account_id, number=number, now=now)
    if taken.former is not None and taken.former.kind is AccountKind.TEMPORARY:
        claim(session, former=taken.former.account_id, account_id=account_id, now=now)
    return taken.line


def claim(session: Session, *, former: AccountId, account_id: AccountId, now: datetime) -> None:
    """Move a temporary account's calls, consents and talk time, and leave it empty."""
    # Calls first: who settles or renews one waits for its lock and then finds the new owner.
    session.exec(
        select(Call.id)
        .where(Call.account_id == former)
        .order_by(col(Call.id))
        .with_for_update(key_share=True)
    ).all()
    held = session.exec(
        select(func.coalesce(func.sum(Reservation.taken_seconds), 0)).where(
            Reservation.account_id == former, Reservation.status == talk_time.OPEN
        )
    ).one()
    for table in (Call, Consent, Reservation):
        session.execute(
            update(table).where(col(table.account_id) == former).values(account_id=account_id)
        )
    talk_time.transfer(session, former=former, account_id=account_id, held=held, now=now)
    notify(session, ACCOUNT, account_id)


def remove(session: Session, *, account_id: AccountId, line_id: PhoneLineId) -> LineView | None:
    """Take a number off the account, which keeps its calls; None where it has no such line.

    Whoever calls from the number then is unknown again.
    """
    found = session.exec(
        select(PhoneLine).where(PhoneLine.id == line_id, PhoneLine.account_id == account_id)
    ).one_or_none()
    if found is None:
        return None
    view = _view(session, found)
    lock(session, view.number)  # no call is being taken from it, and nobody is proving it
    gone = session.execute(
        delete(PhoneLine)
        .where(col(PhoneLine.id) == line_id, col(PhoneLine.account_id) == account_id)
        .returning(col(PhoneLine.id))
    )
    if gone.first() is None:
        return None
    notify(session, ACCOUNT, account_id)
    return view


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


def _holder(session: Session, line: PhoneLine) -> Holder:
    account = session.get_one(Account, line.account_id)
    kind = AccountKind(account.kind)
    is_verified = kind is AccountKind.REGISTERED and line.verified_at is not None
    return Holder(AccountId(account.id), kind, is_verified)


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

"""Verifications: proving, by a code that the vendor sends and checks, that a number is one's own.

Asking the vendor stands between two transactions: `begin` counts the ask and keeps what is about
to happen, `sent` or `refused` what came of it. Whatever is lost in between, the row is there to go
on from. Nothing here looks at whose the number is until it is proved, so that neither an answer
nor its time tells.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func
from sqlmodel import Session, col, select

from shared.database import key_ring, lock
from shared.domain import verification as rules
from shared.domain.verification import OPEN, Channel, Limits, Status
from shared.domain.verification_refusals import (
    CodeExpired,
    NoVerification,
    NumberAlreadyYours,
    ResendTooEarly,
    TooManyChecks,
    TooManyCodes,
    TooManyNumbers,
)
from shared.ids import AccountId, NoticeId, VerificationId, new_id
from shared.phone import PhoneNumber
from shared.services import allowances, claims, guards, notices, phone_lines
from shared.services.new_accounts import AccountKind
from shared.services.notices import NoticeKind
from shared.services.phone_lines import LineView
from shared.tables.phone_line import PhoneLine
from shared.tables.verification import Verification

SENDS = "sends"  # of one code; counted in its row
SHOWN_FOR = timedelta(hours=1)  # after that nobody comes back to a code


@dataclass(frozen=True, slots=True)
class Begun:
    """What the vendor has to be asked now."""

    verification_id: VerificationId
    number: PhoneNumber
    channel: Channel
    is_first: bool  # nothing was sent for this verification yet
    abandoned_sid: str | None  # of the verification that this one replaces


@dataclass(frozen=True, slots=True)
class Checking:
    """Which verification a code is for; without an id of the vendor's, the number tells."""

    verification_id: VerificationId
    number: PhoneNumber
    verification_sid: str | None


@dataclass(frozen=True, slots=True)
class Proved:
    """A number that is the account's now."""

    line: LineView
    granted_seconds: int
    offer: NoticeId | None  # calls of the number that may be claimed


@dataclass(frozen=True, slots=True)
class StepView:
    """How far the account is with proving a number."""

    number: PhoneNumber
    channel: Channel
    was_sent: bool  # False: the line receives no texts, but may be called
    is_certain: bool  # the vendor said that it sent the code
    is_expired: bool
    resend_at: datetime | None  # None: now
    sends_left: int
    tries_left: int


def begin(
    session: Session,
    *,
    account_id: AccountId,
    number: PhoneNumber,
    channel: Channel,
    address: str,
    limits: Limits,
    now: datetime,
) -> Begun:
    """Count an ask for a code and keep it; another number ends the verification there was."""
    uses = rules.counted(
        number=number, account_id=account_id, address=address, limits=limits, now=now
    )
    guards.look(session, uses)
    guards.want_budget(session, now=now)
    lock(session, "verification", account_id)
    _want_new(session, account_id, number, limits)
    current = _open(session, account_id, now=now)
    abandoned_sid = None
    if current is not None and _number(session, current) != number:
        abandoned_sid = _end(session, current, Status.CANCELED, now=now)
        current = None
    if current is not None:
        _want_patience(current, limits, now=now)
    guards.take(session, uses)
    if current is None:
        current = _add(session, account_id, number, channel, limits, now=now)
    current.channel = channel.value
    current.sends += 1
    current.last_sent_at = now
    session.flush()
    guards.book(session, with_look_up=current.sends == 1, now=now)
    return Begun(VerificationId(current.id), number, channel, current.sends == 1, abandoned_sid)


def sent(session: Session, *, verification_id: VerificationId, verification_sid: str) -> bool:
    """Keep that the vendor sent the code; say whether anybody still waits for it."""
    row = _locked(session, verification_id)
    if row is None or row.status not in OPEN:
        return False
    row.status = Status.PENDING.value
    row.verification_sid = verification_sid
    session.flush()
    return True


def refused(
    session: Session, *, verification_id: VerificationId, is_final: bool, now: datetime
) -> None:
    """Keep that nothing was sent; a final refusal of the first code ends the verification."""
    row = _locked(session, verification_id)
    if row is None or row.status not in OPEN:
        return
    row.sends = max(0, row.sends - 1)
    if row.sends == 0:
        row.last_sent_at = None
        if is_final:
            _end(session, row, Status.FAILED, now=now)
    session.flush()


def checking(session: Session, *, account_id: AccountId, limits: Limits, now: datetime) -> Checking:
    """Count a try at the code, before the vendor is asked about it."""
    lock(session, "verification", account_id)
    row = _newest(session, account_id, now=now)
    if row is None or row.sends == 0:
        raise NoVerification
    if row.checks >= limits.checks:
        raise TooManyChecks
    if row.expires_at <= now:
        raise CodeExpired
    row.checks += 1
    session.flush()
    return Checking(VerificationId(row.id), _number(session, row), row.verification_sid)


def wrong(
    session: Session, *, verification_id: VerificationId, limits: Limits, now: datetime
) -> int:
    """Return how many tries are left; without any, the verification is over."""
    row = _locked(session, verification_id)
    if row is None or row.status not in OPEN:
        return 0
    left = max(0, limits.checks - row.checks)
    if left == 0:
        _end(session, row, Status.TOO_MANY_CHECKS, now=now)
    return left


def gone(
    session: Session, *, verification_id: VerificationId, status: Status, now: datetime
) -> None:
    """Keep that the vendor holds no such code any more."""
    row = _locked(session, verification_id)
    if row is not None and row.status in OPEN:
        _end(session, row, status, now=now)


def approve(session: Session, *, verification_id: VerificationId, now: datetime) -> Proved:
    """Make the number the account's, once the vendor found the code right."""
    row = _locked(session, verification_id)
    if row is None:
        raise NoVerification
    if row.status != Status.APPROVED:
        _end(session, row, Status.APPROVED, now=now)
    account_id, number = AccountId(row.account_id), _number(session, row)
    taken = phone_lines.take_over(session, account_id=account_id, number=number, now=now)
    offer = None
    match taken.former:
        case phone_lines.Holder(former, AccountKind.TEMPORARY):
            offer = claims.offer(session, account_id=account_id, former=former, now=now)
        case phone_lines.Holder(former, _):
            notices.add(
                session,
                account_id=former,
                kind=NoticeKind.NUMBER_MOVED,
                detail=number.e164,
                now=now,
            )
        case None:
            pass
    granted = allowances.grant_trial(session, account_id=account_id, number=number, now=now)
    return Proved(taken.line, granted, offer)


def cancel(session: Session, *, account_id: AccountId, now: datetime) -> str | None:
    """End what is being verified; return the vendor's id of it, if there is one to cancel."""
    lock(session, "verification", account_id)
    row = _newest(session, account_id, now=now)
    return _end(session, row, Status.CANCELED, now=now) if row is not None else None


def step(
    session: Session, *, account_id: AccountId, limits: Limits, now: datetime
) -> StepView | None:
    """Return how far the account is; None where no number is being proved."""
    row = _newest(session, account_id, now=now)
    if row is None:
        return None
    return StepView(
        number=_number(session, row),
        channel=Channel(row.channel),
        was_sent=row.sends > 0,
        is_certain=row.verification_sid is not None,
        is_expired=row.expires_at <= now,
        resend_at=rules.resend_at(row.sends, row.last_sent_at, limits),
        sends_left=max(0, limits.sends - row.sends),
        tries_left=max(0, limits.checks - row.checks),
    )


def _want_new(session: Session, account_id: AccountId, number: PhoneNumber, limits: Limits) -> None:
    index = phone_lines.number_index(session, number)
    of_account = select(func.count(col(PhoneLine.id))).where(
        PhoneLine.account_id == account_id, col(PhoneLine.verified_at).is_not(None)
    )
    if session.exec(of_account.where(PhoneLine.number_index == index)).one():
        raise NumberAlreadyYours
    if session.exec(of_account).one() >= limits.lines:
        raise TooManyNumbers


def _want_patience(row: Verification, limits: Limits, *, now: datetime) -> None:
    if row.sends >= limits.sends:
        raise TooManyCodes(SENDS, row.expires_at)
    until = rules.resend_at(row.sends, row.last_sent_at, limits)
    if until is not None and now < until:
        raise ResendTooEarly(until)


def _add(
    session: Session,
    account_id: AccountId,
    number: PhoneNumber,
    channel: Channel,
    limits: Limits,
    *,
    now: datetime,
) -> Verification:
    verification_id = new_id("ver")
    row = Verification(
        id=verification_id,
        account_id=account_id,
        number_index=phone_lines.number_index(session, number),
        sealed_number=key_ring(session).seal(number.e164, "verification_number", verification_id),
        channel=channel.value,
        status=Status.STARTING.value,
        created_at=now,
        expires_at=now + limits.code_lifetime,
    )
    session.add(row)
    return row


def _newest(session: Session, account_id: AccountId, *, now: datetime) -> Verification | None:
    """Return what the account is proving; what ran out stays until it is answered.

    Whoever changes it holds the account's lock, or the row's.
    """
    return session.exec(
        select(Verification)
        .where(
            Verification.account_id == account_id,
            col(Verification.status).in_([status.value for status in OPEN]),
            Verification.created_at > now - SHOWN_FOR,
        )
        .order_by(col(Verification.created_at).desc(), col(Verification.id))
        .limit(1)
    ).one_or_none()


def _open(session: Session, account_id: AccountId, *, now: datetime) -> Verification | None:
    """Return what the account is proving; what ran out is ended."""
    row = _newest(session, account_id, now=now)
    if row is not None and row.expires_at <= now:
        _end(session, row, Status.EXPIRED, now=now)
        return None
    return row


def _locked(session: Session, verification_id: VerificationId) -> Verification | None:
    return session.exec(
        select(Verification).where(Verification.id == verification_id).with_for_update()
    ).one_or_none()


def _end(session: Session, row: Verification, status: Status, *, now: datetime) -> str | None:
    """End the verification; return its id at the vendor where the vendor may still hold it."""
    row.status = status.value
    row.ended_at = now
    session.flush()
    return row.verification_sid if row.expires_at > now else None


def _number(session: Session, row: Verification) -> PhoneNumber:
    return PhoneNumber(key_ring(session).open(row.sealed_number, "verification_number", row.id))

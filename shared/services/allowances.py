"""Allowances: talk time given once, however often one registers, moves a number or leaves.

What was given is remembered by blind indexes alone, which outlive every account: that a number,
an account or an identity has had it, how much and when, and nothing of who that was.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy.dialects.postgresql import insert
from sqlmodel import Session, col, select

from shared.database import key_ring
from shared.domain.plans import Allowance
from shared.ids import AccountId
from shared.phone import PhoneNumber
from shared.seed import plans
from shared.services import talk_time
from shared.services.phone_lines import number_index
from shared.tables.account import GoogleIdentity
from shared.tables.talk_time import AllowanceTaken


def grant_withheld(session: Session, *, account_id: AccountId, call_sid: str, now: datetime) -> int:
    """Give a call of a withheld number its seconds; return how many."""
    allowance = plans.allowances().withheld
    return _grant(session, account_id, allowance, f"withheld:{call_sid}", now=now)


def grant_pretrial(
    session: Session, *, account_id: AccountId, number: PhoneNumber, now: datetime
) -> int:
    """Give a number its seconds unless it ever had them; return how many it got."""
    allowance, index = plans.allowances().pretrial, number_index(session, number)
    if not _take(session, allowance, [index], now=now):
        return 0
    return _grant(session, account_id, allowance, f"pretrial:{index.hex()}", now=now)


def grant_trial(
    session: Session, *, account_id: AccountId, number: PhoneNumber, now: datetime
) -> int:
    """Give an account that verified the number its seconds; return how many it got.

    None where the number, the account or an identity that opens the account ever had them; what
    has not had them then may still get them elsewhere.
    """
    allowance, index = plans.allowances().trial, number_index(session, number)
    holders = [index, _account_index(session, account_id), *_identities(session, account_id)]
    if not _take(session, allowance, holders, now=now):
        return 0
    return _grant(session, account_id, allowance, f"trial:{index.hex()}", now=now)


def _take(
    session: Session, allowance: Allowance, holders: Sequence[bytes], *, now: datetime
) -> bool:
    """Note that all holders had the allowance; change nothing and say no if one has already."""
    before = session.begin_nested()
    # In one order everywhere, so that of two who ask at once one waits and neither waits for both.
    added = session.execute(
        insert(AllowanceTaken)
        .values(
            [
                {
                    "allowance": allowance.name,
                    "holder_index": holder,
                    "seconds": allowance.seconds,
                    "taken_at": now,
                }
                for holder in sorted(set(holders))
            ]
        )
        .on_conflict_do_nothing()
        .returning(col(AllowanceTaken.holder_index))
    ).all()
    if len(added) < len(set(holders)):
        before.rollback()
        return False
    before.commit()
    return True


def _grant(
    session: Session, account_id: AccountId, allowance: Allowance, cause: str, *, now: datetime
) -> int:
    was_granted = talk_time.grant(
        session, account_id=account_id, seconds=allowance.seconds, cause=cause, now=now
    )
    return allowance.seconds if was_granted else 0


def _account_index(session: Session, account_id: AccountId) -> bytes:
    return key_ring(session).blind_index("account", account_id)


def _identities(session: Session, account_id: AccountId) -> list[bytes]:
    identities = session.exec(
        select(GoogleIdentity.issuer, GoogleIdentity.subject).where(
            GoogleIdentity.account_id == account_id
        )
    )
    ring = key_ring(session)
    return [ring.blind_index("identity", f"{issuer} {subject}") for issuer, subject in identities]

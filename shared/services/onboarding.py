"""Onboarding: what a new account has still before it, read from what it has done."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session, col, select

from shared.ids import AccountId
from shared.services import accounts, entitlements
from shared.tables.account import Account
from shared.tables.call import Call
from shared.tables.phone_line import PhoneLine


@dataclass(frozen=True, slots=True)
class Onboarding:
    """How far an account has come; nothing of it is a click that somebody might not have made."""

    is_adult: bool
    has_line: bool
    has_called: bool
    has_favourite: bool
    has_plan: bool
    is_dismissed: bool

    @property
    def is_complete(self) -> bool:
        """Return whether nothing is left but the plan, which nobody needs."""
        return self.is_adult and self.has_line and self.has_called and self.has_favourite


def progress(session: Session, *, account_id: AccountId, now: datetime) -> Onboarding:
    """Return how far the account has come."""
    account = session.get_one(Account, account_id)
    line = select(PhoneLine.id).where(
        PhoneLine.account_id == account_id, col(PhoneLine.verified_at).is_not(None)
    )
    call = select(Call.id).where(
        Call.account_id == account_id, col(Call.stream_started_at).is_not(None)
    )
    return Onboarding(
        is_adult=accounts.is_adult(session, account_id=account_id),
        has_line=session.exec(line).first() is not None,
        has_called=session.exec(call).first() is not None,
        has_favourite=account.favourite_persona_id is not None,
        has_plan=entitlements.of(session, account_id, now=now).is_unlimited,
        is_dismissed=account.onboarding_dismissed_at is not None,
    )


def dismiss(session: Session, *, account_id: AccountId, now: datetime) -> None:
    """Show the checklist no more."""
    session.get_one(Account, account_id).onboarding_dismissed_at = now


def resume(session: Session, *, account_id: AccountId) -> None:
    """Show the checklist again."""
    session.get_one(Account, account_id).onboarding_dismissed_at = None

"""PINs: how a caller proves to be the account's owner where the line itself proves nothing."""

from __future__ import annotations

import hmac
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlmodel import Session, select

from shared.database import key_ring
from shared.domain.pins import Tries, checked_pin
from shared.ids import AccountId, CallId
from shared.services.talk_time import CallNotFound
from shared.tables.account import Account
from shared.tables.call import Call


class PinOutcome(StrEnum):
    """What became of a PIN that somebody typed."""

    RIGHT = "right"
    WRONG = "wrong"
    LOCKED = "locked"  # wrong too often: for a while nobody may try
    NOT_SET = "not_set"


@dataclass(frozen=True, slots=True)
class PinAnswer:
    """What became of it, and how many tries there are before it is locked."""

    outcome: PinOutcome
    tries_left: int = 0


def set_pin(session: Session, *, account_id: AccountId, pin: str) -> None:
    """Keep a new PIN, with all its tries; raise `PinRefused` or `PinTooEasy`."""
    account = _locked(session, account_id)
    account.pin_index = _index(session, account_id, checked_pin(pin))
    _keep(account, Tries())


def remove_pin(session: Session, *, account_id: AccountId) -> None:
    """Have no PIN any more."""
    account = _locked(session, account_id)
    account.pin_index = None
    _keep(account, Tries())


def check_pin(session: Session, *, account_id: AccountId, pin: str, now: datetime) -> PinAnswer:
    """Say whether the PIN is right; a wrong one costs a try, also when two try at once."""
    account = _locked(session, account_id)
    if account.pin_index is None:
        return PinAnswer(PinOutcome.NOT_SET)
    tries = Tries(account.pin_wrong, account.pin_locked_until)
    if not tries.left(now):
        return PinAnswer(PinOutcome.LOCKED)
    if hmac.compare_digest(account.pin_index, _index(session, account_id, pin)):
        _keep(account, Tries())
        return PinAnswer(PinOutcome.RIGHT, Tries().left(now))
    tries = tries.after_wrong(now)
    _keep(account, tries)
    left = tries.left(now)
    return PinAnswer(PinOutcome.WRONG if left else PinOutcome.LOCKED, left)


def prove_call(session: Session, *, call_id: CallId, pin: str, now: datetime) -> PinAnswer:
    """Check the PIN of the call's account; with the right one the call is proved."""
    call = session.get(Call, call_id)
    if call is None:
        raise CallNotFound
    answer = check_pin(session, account_id=AccountId(call.account_id), pin=pin, now=now)
    if answer.outcome is PinOutcome.RIGHT and call.proved_at is None:
        call.proved_at = now
    return answer


def _locked(session: Session, account_id: AccountId) -> Account:
    return session.exec(
        select(Account)
        .where(Account.id == account_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).one()


def _keep(account: Account, tries: Tries) -> None:
    account.pin_wrong = tries.wrong
    account.pin_locked_until = tries.locked_until


def _index(session: Session, account_id: AccountId, pin: str) -> bytes:
    """Hash the PIN with the installation's key: ten thousand guesses are nothing without it."""
    return key_ring(session).blind_index("pin", f"{account_id}:{pin}")

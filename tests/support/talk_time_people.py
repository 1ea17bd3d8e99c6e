"""Who talks: accounts, numbers and calls as random events find them, and what they share."""

from __future__ import annotations

import random
from collections.abc import Sequence
from contextlib import suppress
from typing import TypeVar

from shared.ids import AccountId
from shared.phone import PhoneNumber
from tests.support.builders import NOW
from tests.support.talk_time_model import LEASE, Account, Call

T = TypeVar("T")

KEPT_CALLS = 60  # ended ones that late events may still reach


class People:
    """The model's side of the world: what there ought to be."""

    def __init__(self, seed: int | str, *, people: int) -> None:
        self.random = random.Random(seed)  # noqa: S311 - a seed is what is wanted
        self.now = NOW
        self.granted = 0  # seconds, in all
        self.left_behind = 0  # seconds of deleted accounts
        self.cost = 0  # seconds that ended calls have cost
        self.numbers = [PhoneNumber(f"+1415{2_000_000 + n}") for n in range(people)]
        self.subjects = [f"subject-{n}" for n in range(people)]
        self.holders: dict[PhoneNumber, Account] = {}
        self.accounts: dict[AccountId, Account] = {}
        self.running: list[Call] = []
        self.ended: list[Call] = []
        self._had: set[tuple[str, object]] = set()  # who had which allowance

    def _deleted(self, call: Call) -> None:
        if call.status == "open":
            renewed_at = call.lease_until - LEASE
            since = max(0, int((self.now - renewed_at).total_seconds()))
            call.talked_on = True  # what it was charged is an estimate
            call.settle(min(len(call.seconds), call.reported + since), self.now)
        call.status = "gone"
        call.account.calls.discard(call)

    def _speak(self, call: Call) -> None:
        call.spoken += self.random.randint(0, max(0, min(9, call.may_talk - call.spoken)))

    def _stop_running(self, call: Call) -> None:
        with suppress(ValueError):
            self.running.remove(call)
            self.ended.append(call)
        if len(self.ended) > KEPT_CALLS:
            oldest = next((one for one in self.ended if one.status != "open"), None)
            if oldest is not None:
                self._forget(oldest)

    def _forget(self, call: Call) -> None:
        """Stop watching a call to which nothing happens any more."""
        self.ended.remove(call)
        self.cost += call.cost
        call.account.calls.discard(call)

    def _new_account(self, account_id: AccountId) -> Account:
        assert account_id not in self.accounts
        return self.accounts.setdefault(account_id, Account(account_id))

    def _grant(self, account: Account, seconds: int) -> None:
        account.left += seconds
        self.granted += seconds

    def _first(self, allowance: str, holder: object) -> bool:
        is_first = (allowance, holder) not in self._had
        self._had.add((allowance, holder))
        return is_first

    def _one_of(self, things: Sequence[T]) -> T | None:
        return self.random.choice(things) if things else None

"""Random events of accounts: gifts, proofs of numbers, claims, plans and deletions."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlmodel import Session

from shared.services import accounts, allowances, erasure, phone_lines, talk_time
from shared.tables.billing import Subscription
from tests.support.builders import claims
from tests.support.talk_time_model import Account, claim
from tests.support.talk_time_people import People

CLAIMED_AT_ONCE = 0.7  # of the proofs of a number that somebody called from


class AccountEvents(People):
    """What may happen to accounts."""

    _gifts = 0

    def __init__(self, seed: int | str, *, people: int) -> None:
        super().__init__(seed, people=people)
        self._offers: list[tuple[Account, Account]] = []  # who may claim whose calls

    def gift(self, session: Session) -> None:
        if (account := self._one_of(list(self.accounts.values()))) is None:
            return
        self._gifts += 1
        seconds = self.random.randint(1, 400)
        granted = [
            talk_time.grant(
                session,
                account_id=account.account_id,
                seconds=seconds,
                cause=f"gift:{self._gifts}",
                now=self.now,
            )
            for _ in range(self.random.randint(1, 2))  # the webhook comes twice
        ]
        assert granted == [True, False][: len(granted)]
        self._grant(account, seconds)

    def verify(self, session: Session) -> None:
        """Prove a number: it moves from whoever had it; what nobody had signed in to is claimed."""
        subject, number = self.random.choice(self.subjects), self.random.choice(self.numbers)
        account_id = accounts.register(session, identity=claims(subject), now=self.now)
        account = self.accounts.get(account_id) or self._new_account(account_id)
        account.subject = subject
        phone_lines.take_over(session, account_id=account_id, number=number, now=self.now)
        former, self.holders[number] = self.holders.get(number), account
        if former is not None and former.subject is None:
            self._offers.append((former, account))
            if self.random.random() < CLAIMED_AT_ONCE:
                self.claim(session)
        granted = allowances.grant_trial(
            session, account_id=account_id, number=number, now=self.now
        )
        holders = {("trial", number), ("trial", account_id), ("trial", subject)}
        assert granted == (0 if holders & self._had else 900)
        if granted:
            self._had |= holders
            self._grant(account, granted)

    def claim(self, session: Session) -> None:
        """Take the calls and the talk time that were offered with a number."""
        if not self._offers:
            return
        former, account = self._offers.pop()
        if {former.account_id, account.account_id} <= self.accounts.keys():
            phone_lines.claim(
                session,
                former=former.account_id,
                account_id=account.account_id,
                now=self.now,
            )
            claim(former, account)

    def remove_number(self, session: Session) -> None:
        """Take a number off its account: whoever calls from it then is unknown again."""
        number = self._one_of([n for n, a in self.holders.items() if a.subject is not None])
        if number is None:
            return
        account_id = self.holders.pop(number).account_id
        (line,) = [
            view
            for view in phone_lines.lines(session, account_id=account_id)
            if view.number == number.e164
        ]
        phone_lines.remove(session, account_id=account_id, line_id=line.line_id)

    def subscribe(self, session: Session) -> None:
        account = self._one_of([a for a in self.accounts.values() if a.subject is not None])
        if account is not None:
            self._plan(session, account, self.now + timedelta(seconds=self.random.randint(1, 300)))

    def unsubscribe(self, session: Session) -> None:
        account = self._one_of([a for a in self.accounts.values() if a.plan_until is not None])
        if account is not None:
            self._plan(session, account, self.now)

    def delete_call(self, session: Session) -> None:
        call = self._one_of(self.running + self.ended)
        if call is None or call.status == "gone":
            return
        erasure.delete_call(
            session, account_id=call.account.account_id, call_id=call.call_id, now=self.now
        )
        self._deleted(call)

    def delete_account(self, session: Session) -> None:
        if (account := self._one_of(list(self.accounts.values()))) is None:
            return
        erasure.delete_account(session, account_id=account.account_id, now=self.now)
        for call in tuple(account.calls):
            self._deleted(call)
        self.left_behind += account.left
        del self.accounts[account.account_id]
        self.holders = {n: a for n, a in self.holders.items() if a is not account}

    def _plan(self, session: Session, account: Account, until: datetime) -> None:
        session.merge(
            Subscription(
                id=f"sub_{account.account_id}",
                account_id=account.account_id,
                status="active",
                price_id="price_monthly",
                started_at=self.now,
                current_period_start=self.now,
                current_period_end=until,
                cancel_at_period_end=True,
                synced_at=self.now,
            )
        )
        account.plan_until = until

"""Many people, many calls and everything that may happen to them, at random but from one seed.

Each event is carried out by the services on a real database, and by a model that counts
seconds. After each, the database itself proves of every account that was touched that what is
left and what is held add up to the ledger, and every answer is what the model expects.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from typing import TypeVar

from sqlalchemy import text
from sqlmodel import Session

from shared.database import Database
from shared.ids import AccountId, CallId
from shared.phone import PhoneNumber
from shared.services import accounts, allowances, calls, erasure, phone_lines, talk_time
from shared.services.calls import CallNotFound
from shared.tables.billing import Subscription
from tests.support.builders import NOW, claims
from tests.support.talk_time_model import LEASE, Account, Call, claim

T = TypeVar("T")

# What runs in the database after every change: nothing may commit, or go on, unless it adds up.
PROOF = """
CREATE FUNCTION prove_talk_time() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    owner text := CASE WHEN TG_OP = 'DELETE' THEN OLD.account_id ELSE NEW.account_id END;
    has_left int := (SELECT seconds_left FROM talk_time WHERE account_id = owner);
    holds int := (SELECT coalesce(sum(taken_seconds), 0) FROM reservation
                  WHERE account_id = owner AND status = 'open');
    proved int := (SELECT coalesce(sum(seconds), 0) FROM ledger_entry WHERE account_id = owner);
BEGIN
    IF has_left + holds <> proved THEN
        RAISE EXCEPTION '% has %, holds %, but its ledger says %', owner, has_left, holds, proved;
    END IF;
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER proof AFTER INSERT OR UPDATE ON talk_time
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION prove_talk_time();
CREATE CONSTRAINT TRIGGER proof AFTER INSERT OR UPDATE OR DELETE ON reservation
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION prove_talk_time();
CREATE CONSTRAINT TRIGGER proof AFTER INSERT OR UPDATE ON ledger_entry
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION prove_talk_time();
"""
PROVE = "SET CONSTRAINTS ALL IMMEDIATE; SET CONSTRAINTS ALL DEFERRED"
EVENTS_A_TRANSACTION = 20
CLAIMED_AT_ONCE = 0.7  # of the proofs of a number that somebody called from
KEPT_CALLS = 60  # ended ones that late events may still reach
WITH_NUMBER = 0.95  # of the calls
FEWEST_RUNNING, MOST_RUNNING = 8, 60


class World:
    """People who talk, pay, move and leave."""

    def __init__(self, database: Database, seed: int | str, *, people: int = 40) -> None:
        self.database = database
        self.random = random.Random(seed)  # noqa: S311 - a seed is what is wanted
        self.now = NOW
        self.happened: Counter[str] = Counter()
        self.granted = 0  # seconds, in all
        self.left_behind = 0  # seconds of deleted accounts
        self.cost = 0  # seconds that ended calls have cost
        self.numbers = [PhoneNumber(f"+1415{2_000_000 + n}") for n in range(people)]
        self.subjects = [f"subject-{n}" for n in range(people)]
        self.holders: dict[PhoneNumber, Account] = {}
        self.accounts: dict[AccountId, Account] = {}
        self.running: list[Call] = []
        self.ended: list[Call] = []
        self._offers: list[tuple[Account, Account]] = []  # who may claim whose calls
        self._had: set[tuple[str, object]] = set()  # who had which allowance
        self._sids = 0
        self._gifts = 0
        self._events: dict[Callable[[Session], None], int] = {
            self.renew: 600,
            self.ring: 70,
            self.hang_up: 60,
            self.lose_an_answer: 40,
            self.repeat_an_old_report: 40,
            self.renew_what_ended: 20,
            self.hang_up_again: 20,
            self.callback: 30,
            self.crash: 12,
            self.talk_on_alone: 15,
            self.sweep: 15,
            self.gift: 40,
            self.verify: 25,
            self.claim: 8,
            self.remove_number: 5,
            self.subscribe: 12,
            self.unsubscribe: 10,
            self.delete_call: 4,
            self.delete_account: 3,
        }

    @property
    def events(self) -> int:
        """How many events have happened."""
        return sum(self.happened.values())

    @property
    def calls(self) -> int:
        """How many calls there were."""
        return self._sids

    def run(self, events: int) -> None:
        """Let so many events happen."""
        chosen = self.random.choices(
            tuple(self._events), weights=tuple(self._events.values()), k=events
        )
        for start in range(0, events, EVENTS_A_TRANSACTION):
            self.database.transact_now(self._happen, chosen[start : start + EVENTS_A_TRANSACTION])

    def _happen(self, session: Session, events: list[Callable[[Session], None]]) -> None:
        for event in events:
            self.now += timedelta(seconds=self.random.random() / 4)
            event(session)
            session.flush()
            session.expunge_all()  # the next one reads what is in the database
            session.connection().exec_driver_sql(PROVE)
            self.happened[event.__name__] += 1

    # Calls.

    def ring(self, session: Session) -> None:
        if len(self.running) >= MOST_RUNNING:
            return self.hang_up(session)
        number = self.random.choice(self.numbers) if self.random.random() < WITH_NUMBER else None
        self._sids += 1
        sid = f"CA{self._sids}"
        taken = self._take(session, sid, number)
        if self.random.random() < 0.2:
            assert self._take(session, sid, number) == taken  # the webhook comes twice
        account = self.holders.get(number) if number is not None else None
        if account is None:
            account = self._new_account(taken[1])
            if number is None:
                self._grant(account, 60)
            else:
                self.holders[number] = account
        assert account.account_id == taken[1]
        if number is not None and account.subject is None and self._first("pretrial", number):
            self._grant(account, 300)
        call = Call(taken[0], sid, account, number)
        account.calls.add(call)
        self.running.append(call)
        return None

    def renew(self, session: Session) -> None:
        if (call := self._one_of(self.running)) is None:
            return
        self._speak(call)
        self._reserve(session, call, call.spoken)
        call.may_talk = len(call.seconds)

    def lose_an_answer(self, session: Session) -> None:
        if (call := self._one_of(self.running)) is not None:
            self._speak(call)
            self._reserve(session, call, call.spoken)

    def repeat_an_old_report(self, session: Session) -> None:
        if (call := self._one_of(self.running)) is not None:
            self._reserve(session, call, self.random.randint(0, call.spoken))

    def talk_on_alone(self, session: Session) -> None:
        """Talk while the database is away."""
        if (call := self._one_of(self.running)) is not None:
            call.spoken += self.random.randint(1, 25)
            call.talked_on = True

    def hang_up(self, session: Session) -> None:
        if len(self.running) < FEWEST_RUNNING:
            return self.ring(session)
        call = self.random.choice(self.running)
        self._speak(call)
        if self.random.random() < 0.3:
            self._call_back(session, call)  # Twilio was faster
        self._end(session, call)
        return None

    def hang_up_again(self, session: Session) -> None:
        if (call := self._one_of(self.ended)) is not None and call.is_alive:
            self._end(session, call)

    def renew_what_ended(self, session: Session) -> None:
        if (call := self._one_of(self.ended)) is not None and call.status == "settled":
            self._reserve(session, call, call.spoken)

    def callback(self, session: Session) -> None:
        if (call := self._one_of(self.running + self.ended[-10:])) is not None:
            self._call_back(session, call)

    def crash(self, session: Session) -> None:
        if (call := self._one_of(self.running)) is not None:
            self._speak(call)
            call.is_alive = False
            self._stop_running(call)

    def sweep(self, session: Session) -> None:
        if self.random.random() < 0.1:
            self.now += LEASE  # a stop of everything
        self._sweep(session)

    # Accounts.

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

    # The end.

    def finish(self) -> None:
        """End every call and prove everything once more, from the rows themselves."""
        for call in tuple(self.running):
            self.database.transact_now(self._end, call)
        self.now += LEASE + timedelta(seconds=1)
        while any(call.status == "open" for call in self.ended):
            self.database.transact_now(self._sweep)
        for call in tuple(self.ended):
            self._forget(call)
        found = self.database.transact_now(_books)
        assert found == {
            account.account_id: (account.left, 0, account.left)
            for account in self.accounts.values()
        }
        kept = sum(account.left for account in self.accounts.values())
        assert self.granted == kept + self.cost + self.left_behind

    # How it is done.

    def _take(
        self, session: Session, sid: str, number: PhoneNumber | None
    ) -> tuple[CallId, AccountId]:
        taken = calls.take_call(
            session, call_sid=sid, number=number, is_attested=True, now=self.now
        )
        return taken.call_id, taken.account_id

    def _reserve(self, session: Session, call: Call, used: int) -> None:
        try:
            granted = talk_time.reserve(
                session, call_id=call.call_id, used_seconds=used, now=self.now
            )
        except CallNotFound:
            assert call.status == "gone"
            self._stop_running(call)
        else:
            call.reserve(granted, used, self.now)

    def _end(self, session: Session, call: Call) -> None:
        self._stop_running(call)
        try:
            calls.end_call(
                session,
                call_id=call.call_id,
                end_reason="caller_hung_up",
                used_seconds=call.spoken,
                now=self.now,
            )
        except CallNotFound:
            assert call.status == "gone"
            return
        if call.status != "new" or call.spoken or not call.has_ended:
            call.settle(call.spoken, self.now)
        call.has_ended = True

    def _call_back(self, session: Session, call: Call) -> None:
        status = self.random.choice(["ringing", "in-progress", "completed"])
        calls.update_status(
            session,
            call_sid=call.call_sid,
            status=status,
            sequence_number=self.random.randint(0, 3),
            duration_seconds=9,
            now=self.now,
        )
        if status != "completed" or call.status == "gone" or call.has_ended:
            return
        if call.status == "open" and call.lease_until >= self.now:
            return
        if call.status == "open":
            call.sweep(self.now)
        call.has_ended = True

    def _sweep(self, session: Session) -> None:
        expired = {
            call.call_id: call
            for call in (*self.running, *self.ended)
            if call.status == "open" and call.lease_until < self.now
        }
        swept = talk_time.sweep(session, now=self.now)
        assert len(swept) == min(len(expired), talk_time.SWEEP_AT_ONCE)
        for call_id in swept:
            expired[call_id].sweep(self.now)

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


def prove_every_change(database: Database) -> None:
    """Have the database refuse whatever does not add up."""
    database.transact_now(lambda session: session.execute(text(PROOF)))


def _books(session: Session) -> dict[AccountId, tuple[int, int, int]]:
    """Return what every account has left, what its calls hold, and what its ledger adds up to."""
    rows = session.execute(
        text(
            "SELECT account_id, seconds_left, "
            "(SELECT coalesce(sum(taken_seconds), 0) FROM reservation "
            "  WHERE account_id = t.account_id AND status = 'open'), "
            "(SELECT coalesce(sum(seconds), 0) FROM ledger_entry WHERE account_id = t.account_id) "
            "FROM talk_time AS t"
        )
    )
    return {account_id: (left, held, ledger) for account_id, left, held, ledger in rows}

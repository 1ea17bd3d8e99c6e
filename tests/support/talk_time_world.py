"""Many people, many calls and everything that may happen to them, at random but from one seed.

Each event is carried out by the services on a real database, and by a model that counts
seconds. After each, the database itself proves of every account that was touched that what is
left and what is held add up to the ledger, and every answer is what the model expects.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from datetime import timedelta

from sqlmodel import Session

from shared.database import Database
from tests.support.talk_time_accounts import AccountEvents
from tests.support.talk_time_model import LEASE
from tests.support.talk_time_proof import PROVE, books_of_all
from tests.support.talk_time_streams import StreamEvents

EVENTS_A_TRANSACTION = 20


class World(StreamEvents, AccountEvents):
    """People who talk, pay, move and leave."""

    def __init__(self, database: Database, seed: int | str, *, people: int = 40) -> None:
        super().__init__(seed, people=people)
        self.database = database
        self.happened: Counter[str] = Counter()
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
            self.lose_stream: 25,
            self.take_over: 30,
            self.ask_for_what_was_replaced: 10,
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

    def finish(self) -> None:
        """End every call and prove everything once more, from the rows themselves."""
        for call in tuple(self.running):
            self.database.transact_now(self._end, call)
        self.now += LEASE + timedelta(seconds=1)
        while any(call.status == "open" for call in self.ended):
            self.database.transact_now(self._sweep)
        for call in tuple(self.ended):
            self._forget(call)
        found = self.database.transact_now(books_of_all)
        assert found == {
            account.account_id: (account.left, 0, account.left)
            for account in self.accounts.values()
        }
        kept = sum(account.left for account in self.accounts.values())
        assert self.granted == kept + self.cost + self.left_behind

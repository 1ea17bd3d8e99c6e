"""What talk time ought to be, kept second by second, without a database and without formulas.

Every second a call may talk is noted in the order in which it was granted, as paid or free. What
a call costs is then counted, where the services compute it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from shared.ids import AccountId, CallId
from shared.phone import PhoneNumber
from shared.services.talk_time import LEASE_SECONDS, QUANTUM_SECONDS, Granted

LEASE = timedelta(seconds=LEASE_SECONDS)
FREE, PAID, BOOKED = 0, 1, 2  # what is booked is not given back any more


@dataclass(eq=False, slots=True)
class Account:
    """An account, and all that it should have."""

    account_id: AccountId
    left: int = 0
    subject: str | None = None  # its identity; None: temporary, or of a withheld number
    plan_until: datetime | None = None
    calls: set[Call] = field(default_factory=set)

    def is_unlimited(self, now: datetime) -> bool:
        return self.plan_until is not None and now < self.plan_until


@dataclass(eq=False, slots=True)
class Call:
    """A call: what was really said in it, and what it was granted."""

    call_id: CallId
    call_sid: str
    account: Account
    number: PhoneNumber | None
    spoken: int = 0
    reported: int = 0  # what it told last of what was said
    may_talk: int = 0  # as far as the last answer that reached it says
    seconds: bytearray = field(default_factory=bytearray)  # each of the above, as granted
    status: str = "new"  # then open, swept or settled; gone once deleted
    is_alive: bool = True
    has_ended: bool = False
    was_unlimited: bool = False
    talked_on: bool = False  # while nobody could be asked
    lease_until: datetime = datetime.min  # noqa: DTZ901 - compared with nothing before it is set

    @property
    def cost(self) -> int:
        """What it has cost, or costs if it uses all that it holds."""
        return self.seconds.count(PAID) + self.seconds.count(BOOKED)

    # What the services do.

    def reserve(self, granted: Granted, used: int, now: datetime) -> None:
        """Take a grant in, and hold it against what it should be."""
        account, is_unlimited = self.account, self.account.is_unlimited(now)
        self._reopen()
        if self.status != "settled":
            self._plan_begins(is_unlimited=is_unlimited)
            self.status, self.lease_until = "open", now + LEASE
            self.reported = max(self.reported, used)
            wanted = max(0, self.reported + QUANTUM_SECONDS - len(self.seconds))
            grown = wanted if is_unlimited else min(wanted, account.left)
            self._hold(grown, is_unlimited=is_unlimited)
            assert granted.held_seconds == len(self.seconds)
        assert granted.seconds_left == (None if is_unlimited else account.left)

    def settle(self, used: int, now: datetime) -> int:
        """Return what has to be booked as used once the call ended."""
        if self.status == "settled":
            return self.reported
        self._reopen()
        is_unlimited = self.account.is_unlimited(now)
        self._plan_begins(is_unlimited=is_unlimited)
        used = max(self.reported, used)
        more = max(0, used - len(self.seconds))
        self._hold(
            more if is_unlimited else min(more, self.account.left), is_unlimited=is_unlimited
        )
        self._close("settled", used)
        self._check_what_it_cost()
        return used

    def sweep(self, now: datetime) -> None:
        """Charge all that it held, for it seems dead."""
        self._plan_begins(is_unlimited=self.account.is_unlimited(now))
        self._close("swept", len(self.seconds))
        self.has_ended = True
        assert len(self.seconds) <= self.spoken + QUANTUM_SECONDS
        assert self.talked_on or self.spoken <= len(self.seconds)

    def _hold(self, seconds: int, *, is_unlimited: bool) -> None:
        self.seconds += bytes([FREE if is_unlimited else PAID]) * seconds
        self.was_unlimited |= is_unlimited
        if not is_unlimited:
            self.account.left -= seconds

    def _plan_begins(self, *, is_unlimited: bool) -> None:
        """Give back what was taken and not told to be used before the plan was seen."""
        if not is_unlimited:
            return
        self.was_unlimited = True
        for second, kind in enumerate(self.seconds):
            if kind == PAID and second < self.reported:
                self.seconds[second] = BOOKED
            elif kind == PAID:
                self.seconds[second] = FREE
                self.account.left += 1

    def _close(self, status: str, used: int) -> None:
        self.account.left += self.seconds[used:].count(PAID)
        del self.seconds[used:]
        self.status, self.reported = status, used

    def _reopen(self) -> None:
        if self.status != "swept":
            return
        self.status, self.has_ended = "open", False
        self.reported = max(0, len(self.seconds) - QUANTUM_SECONDS)

    def _check_what_it_cost(self) -> None:
        """Nothing was charged that was not said; what was said was charged where there was any."""
        assert self.cost <= self.reported
        if not self.talked_on:
            assert self.reported == self.spoken
            assert self.was_unlimited or self.cost == self.spoken

    # What becomes of accounts.

    def move(self, account: Account) -> None:
        """Go over to another account, with what it holds."""
        self.account.calls.discard(self)
        account.calls.add(self)
        self.account = account


def claim(former: Account, account: Account) -> None:
    """Move a temporary account's calls and talk time."""
    for call in tuple(former.calls):
        call.move(account)
    account.left += former.left
    former.left = 0

"""What talk time ought to be, kept second by second, without a database and without formulas.

Every second a call may talk is noted in the order in which it was granted, as paid or free. What
a call costs is then counted, where the services compute it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from shared.ids import AccountId, CallId
from shared.phone import PhoneNumber
from shared.services.resumptions import MOST_RESUMES
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
    stream_sid: str | None = None  # of its latest stream; None: it never had one
    lost_at: datetime | None = None  # when that broke
    resumes: int = 0
    is_line_over: bool = False  # Twilio has told how long it lasted
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
        self.renew(used, now)
        if self.status != "settled":
            assert granted.held_seconds == len(self.seconds)
        assert granted.seconds_left == (None if is_unlimited else account.left)

    def renew(self, used: int, now: datetime) -> None:
        """Hold a quantum more than was told to be used, as far as there is talk time."""
        account, is_unlimited = self.account, self.account.is_unlimited(now)
        self._reopen()
        if self.status != "settled":
            self._plan_begins(is_unlimited=is_unlimited)
            self.status, self.lease_until = "open", now + LEASE
            self.reported = max(self.reported, used)
            wanted = max(0, self.reported + QUANTUM_SECONDS - len(self.seconds))
            grown = wanted if is_unlimited else min(wanted, account.left)
            self._hold(grown, is_unlimited=is_unlimited)

    def lose(self, used: int, now: datetime) -> None:
        """Take note that its stream broke, and what had been used by then."""
        if self.has_ended or self.is_line_over:
            self.settle(used, now)
            self.has_ended = True
            return
        if self.status == "open":
            self.renew(used, now)
        self.lost_at = now

    def may_go_on(self) -> bool:
        """Return whether another stream may take it over."""
        is_over = self.has_ended and self.status != "swept"
        return not is_over and not self.is_line_over and self.resumes < MOST_RESUMES

    def wait_for_a_stream(self, now: datetime) -> None:
        """Take note that its stream is gone, whoever knows of that."""
        if self.status == "swept":
            self._reopen()
            self.lease_until = now + LEASE
        self.lost_at = self.lost_at or now
        self.resumes += 1

    def go_on(self, now: datetime) -> int:
        """Let another stream have it; return what was used, as far as anybody can know."""
        if self.status == "open":
            self._believe_the_clock()
            self.lease_until = now + LEASE
        self.lost_at = None
        self.spoken = self.reported
        self.may_talk = len(self.seconds)
        self.is_alive = True
        return self.reported

    def end_lost(self, now: datetime) -> None:
        """End it, for nobody went on with it."""
        if self.status == "open":
            self._believe_the_clock()
            self.spoken = self.reported
            self.settle(self.reported, now)
        self.lost_at, self.has_ended = None, True

    def _believe_the_clock(self) -> None:
        """Take it that the caller talked from the last renewal until the stream broke."""
        lost_at = self.lost_at or self.lease_until
        since = max(0, int((lost_at - (self.lease_until - LEASE)).total_seconds()))
        self.reported = min(self.reported + since, max(len(self.seconds), self.reported))
        assert self.talked_on or abs(self.reported - self.spoken) <= QUANTUM_SECONDS

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

"""Talk time: what is left while it is being talked, and where every second went."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, tzinfo
from typing import Any

import reflex as rx

from buddy_site import ledger_words, paths, runtime, words
from buddy_site.state.followed import FollowedState
from shared.ids import AccountId
from shared.services import phone_lines, talk_time_record
from shared.services.talk_time_record import LedgerRow

PAGE_ROWS = 20
MOST_ROWS = 400  # in one tab


@dataclass
class LedgerLine:
    """An entry of the ledger as the page shows it."""

    when: str
    when_in_full: str
    what: str
    path: str  # of the call, where it is still there
    change: str
    is_gain: bool
    balance: str


def ledger_line(row: LedgerRow, now: datetime, where: tzinfo) -> LedgerLine:
    """Put an entry into words."""
    return LedgerLine(
        when=words.moment(row.booked_at, now, where),
        when_in_full=words.full_moment(row.booked_at, where),
        what=ledger_words.what(row),
        path=paths.call(row.call_id) if row.call_id is not None else "",
        change=ledger_words.change(row),
        is_gain=row.seconds > 0,
        balance=words.length(row.balance),
    )


class TalkTimeState(FollowedState, rx.State):
    """The page about talk time."""

    left: str = ""
    left_exactly: str = ""
    running: str = ""
    held: str = ""
    is_unlimited: bool = False
    is_used_up: bool = False
    has_line: bool = False
    fair_use: str = ""
    longest_call: str = ""
    rows: list[LedgerLine] = []
    has_more: bool = False

    _path: str = paths.TALK_TIME
    _wanted: int = PAGE_ROWS

    @rx.event
    async def show_more(self) -> Any:
        """Show older entries as well."""
        self._wanted = min(self._wanted + PAGE_ROWS, MOST_ROWS)
        return await self._refresh()

    async def _read(self, account_id: AccountId) -> None:
        site, where = runtime.current(), words.zone(self._zone())
        now = site.clock.now()
        standing = await site.database.transact(
            talk_time_record.standing, account_id=account_id, now=now
        )
        entries = await site.database.transact(
            talk_time_record.entries, account_id=account_id, limit=self._wanted + 1
        )
        lines = await site.database.transact(phone_lines.lines, account_id=account_id)
        self.left = ledger_words.left(standing, has_line=bool(lines))
        self.left_exactly = words.length(standing.seconds_left)
        self.running = ledger_words.running(standing)
        self.held = ledger_words.held(standing)
        self.is_unlimited = standing.is_unlimited
        self.is_used_up = standing.seconds_left == 0 and not standing.is_unlimited
        self.has_line = bool(lines)
        self.fair_use = ledger_words.fair_use(standing) if standing.is_unlimited else ""
        self.longest_call = words.talk_time(
            standing.limits.longest_call_seconds, is_unlimited=False
        )
        self.rows = [ledger_line(row, now, where) for row in entries[: self._wanted]]
        self.has_more = len(entries) > self._wanted and self._wanted < MOST_ROWS
        self.trouble = ""

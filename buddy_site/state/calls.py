"""An account's calls, newest first, and those of its first page."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, tzinfo
from typing import Any

import reflex as rx

from buddy_site import paths, runtime, theme, words
from buddy_site.state.followed import FollowedState
from shared import wordings
from shared.ids import AccountId
from shared.services import accounts, calls
from shared.services.calls import CallCard
from shared.wordings import Document

PAGE_ROWS = 20
RECENT_ROWS = 3
MOST_ROWS = 400  # in one tab; older calls are still there to search for


@dataclass
class CallRow:
    """A call as a list shows it."""

    path: str
    buddy: str
    tone: str
    when: str
    when_in_full: str
    talked: str
    ending: str
    is_live: bool


def call_row(card: CallCard, now: datetime, where: tzinfo) -> CallRow:
    """Put a call into words."""
    if card.is_live:
        ending = words.LIVE_STATUSES.get(card.status, "Live now")
    else:
        ending = words.ending(card.status, card.end_reason)
    return CallRow(
        path=paths.call(card.call_id),
        buddy=card.persona_name or ("No buddy yet" if card.is_live else "No buddy"),
        tone=theme.tone(card.persona_name or ""),
        when=words.moment(card.started_at, now, where),
        when_in_full=words.full_moment(card.started_at, where),
        talked="" if card.is_live or not card.seconds else words.length(card.seconds),
        ending=ending,
        is_live=card.is_live,
    )


def _live_first(rows: list[CallRow]) -> list[CallRow]:
    return sorted(rows, key=lambda row: not row.is_live)


class CallsState(FollowedState, rx.State):
    """The list of calls."""

    rows: list[CallRow] = []
    has_more: bool = False

    _path: str = paths.CALLS
    _wanted: int = PAGE_ROWS

    @rx.event
    async def show_more(self) -> Any:
        """Show older calls as well."""
        self._wanted = min(self._wanted + PAGE_ROWS, MOST_ROWS)
        return await self._refresh()

    async def _read(self, account_id: AccountId) -> None:
        site, where = runtime.current(), words.zone(self._zone())
        cards = await site.database.transact(
            calls.history, account_id=account_id, before=None, limit=self._wanted + 1
        )
        now = site.clock.now()
        self.rows = _live_first([call_row(card, now, where) for card in cards[: self._wanted]])
        self.has_more = len(cards) > self._wanted and self._wanted < MOST_ROWS
        self.trouble = ""


@dataclass
class ChangeRow:
    """A document that changes, or has changed."""

    words: str
    path: str


DOCUMENTS = {
    Document.TERMS: ("Our terms", paths.TERMS),
    Document.PRIVACY_POLICY: ("Our privacy policy", paths.PRIVACY_POLICY),
    Document.CRISIS_PROTOCOL: ("Our crisis protocol", paths.CRISIS),
}


def change_row(which: Document) -> ChangeRow:
    """Put a document's new version into words."""
    title, path = DOCUMENTS[which]
    since = wordings.document(which).since
    return ChangeRow(f"{title} has a new version, from {since.day} {since:%B %Y} on.", path)


class HomeState(FollowedState, rx.State):
    """The first page after signing in."""

    name: str = ""
    talk_time: str = ""
    is_unlimited: bool = False
    lines: list[str] = []
    recent: list[CallRow] = []
    changes: list[ChangeRow] = []  # of documents

    _path: str = paths.HOME

    async def _read(self, account_id: AccountId) -> None:
        site, where = runtime.current(), words.zone(self._zone())
        profile = await site.database.transact(
            accounts.profile, account_id=account_id, now=site.clock.now()
        )
        cards = await site.database.transact(
            calls.history, account_id=account_id, before=None, limit=PAGE_ROWS
        )
        now = site.clock.now()
        self.name = profile.spoken_name or ""
        self.talk_time = words.talk_time(profile.seconds_left, is_unlimited=profile.is_unlimited)
        self.is_unlimited = profile.is_unlimited
        self.lines = [words.international(line.number) for line in profile.lines]
        rows = _live_first([call_row(card, now, where) for card in cards])
        self.recent = rows[:RECENT_ROWS]
        self.changes = [
            change_row(which) for which in wordings.announced(now.astimezone(where).date())
        ]
        self.trouble = ""

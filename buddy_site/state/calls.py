"""An account's calls, newest first, and those of its first page."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime, tzinfo
from typing import Any

import reflex as rx

from buddy_site import paths, runtime, theme, words
from buddy_site.flows.live_reads import Access, access_to_account
from buddy_site.state.private import PrivateState, to_sign_in
from shared.database import StoreUnavailable
from shared.ids import AccountId
from shared.services import accounts, calls
from shared.services.calls import CallCard

PAGE_ROWS = 20
RECENT_ROWS = 3
MOST_ROWS = 400  # in one tab; older calls are still there to search for
RECHECK_SECONDS = 15.0  # how long a page without news may outlive its session
RETRY_SECONDS = 2.0  # after the database did not answer


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


class CallsState(PrivateState, rx.State):
    """The list of calls."""

    rows: list[CallRow] = []
    has_more: bool = False
    is_loaded: bool = False

    _wanted: int = PAGE_ROWS

    @rx.event
    async def load(self) -> Any:
        """Show the newest calls."""
        return await self._refresh(paths.CALLS)

    @rx.event
    async def show_more(self) -> Any:
        """Show older calls as well."""
        self._wanted = min(self._wanted + PAGE_ROWS, MOST_ROWS)
        return await self._refresh(paths.CALLS)

    @rx.event(background=True)
    async def follow(self) -> AsyncIterator[Any]:
        """Keep the list as it is in the database while the page is open."""
        async for event in follow_account(self, paths.CALLS):
            yield event

    async def _refresh(self, path: str) -> Any:
        try:
            someone = await self._admitted()
            if someone is None:
                return to_sign_in(path)
            await self._read(someone.account_id)
        except StoreUnavailable:
            self.trouble = words.TROUBLE
        self.is_loaded = True
        return None

    async def _read(self, account_id: AccountId) -> None:
        site, where = runtime.current(), words.zone(self._zone())
        cards = await site.database.transact(
            calls.history, account_id=account_id, before=None, limit=self._wanted + 1
        )
        now = site.clock.now()
        self.rows = _live_first([call_row(card, now, where) for card in cards[: self._wanted]])
        self.has_more = len(cards) > self._wanted and self._wanted < MOST_ROWS
        self.trouble = ""


class HomeState(PrivateState, rx.State):
    """The first page after signing in."""

    name: str = ""
    talk_time: str = ""
    is_unlimited: bool = False
    lines: list[str] = []
    recent: list[CallRow] = []
    is_loaded: bool = False

    @rx.event
    async def load(self) -> Any:
        """Show the account's number, talk time and latest calls."""
        return await self._refresh(paths.HOME)

    @rx.event(background=True)
    async def follow(self) -> AsyncIterator[Any]:
        """Keep the page as it is in the database while it is open."""
        async for event in follow_account(self, paths.HOME):
            yield event

    async def _refresh(self, path: str) -> Any:
        try:
            someone = await self._admitted()
            if someone is None:
                return to_sign_in(path)
            await self._read(someone.account_id)
        except StoreUnavailable:
            self.trouble = words.TROUBLE
        self.is_loaded = True
        return None

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
        self.trouble = ""


async def follow_account(state: Any, path: str) -> AsyncIterator[Any]:
    """Refresh `state` whenever its account's calls change, for as long as its visitor may read.

    Reflex cancels this when the tab goes away; that the tab is still the one it was started for
    is checked as well.
    """
    while True:
        async with state:
            try:
                someone = await state._admitted()  # noqa: SLF001 - what every private state has
                break
            except StoreUnavailable:
                state.trouble = words.TROUBLE
        await asyncio.sleep(RETRY_SECONDS)  # noqa: TID251 - nothing tells when it is back
    async with state:
        token, socket = state._token(), state.router.session.session_id  # noqa: SLF001 - as above
    if someone is None or token is None:
        return
    site = runtime.current()
    with site.hub.watch_account(someone.account_id) as watcher:
        is_behind = True  # a call may have begun between the page's first read and now
        patience = 0.0
        while True:
            changed = await watcher.changed(patience) or is_behind
            patience = RECHECK_SECONDS
            try:
                access = await site.database.transact(
                    access_to_account,
                    token=token,
                    account_id=someone.account_id,
                    now=site.clock.now(),
                )
            except StoreUnavailable:
                is_behind, patience = True, RETRY_SECONDS
                continue
            async with state:
                if state.router.session.session_id != socket:
                    return
                if access is not Access.THEIRS:
                    state._forget()  # noqa: SLF001 - as above
                elif changed:
                    try:
                        await state._read(someone.account_id)  # noqa: SLF001 - as above
                        is_behind = False
                    except StoreUnavailable:
                        state.trouble = words.TROUBLE
                        is_behind, patience = True, RETRY_SECONDS
            if access is not Access.THEIRS:
                yield to_sign_in(path)
                return

"""One call: its words while they are said, and its record afterwards, at the same address.

The database holds the truth and the hub brings news of it. The state keeps the last entries
and one interim; a reconnected tab runs everything anew.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from typing import Any

import reflex as rx

from buddy_site import paths, runtime, theme, words
from buddy_site.flows.live_reads import Access, access_to_call
from buddy_site.state.followed import RECHECK_SECONDS, RETRY_SECONDS
from buddy_site.state.private import PrivateState, to_sign_in
from buddy_site.transcript_rows import EntryRow, entry_rows, is_off_the_record
from buddy_site.watching import Delivery, Interim, Watcher
from shared.database import StoreUnavailable
from shared.ids import AccountId, CallId
from shared.services import calls, erasure
from shared.services.accounts import SignedIn
from shared.services.calls import CallCard, CallNotFound, EntryKind, EntryView

LIVE_ENTRIES = 50  # every new entry sends the whole list
RECORD_ENTRIES = 400
EARLIER_ENTRIES = 200
CALL_ID = re.compile(r"call_[0-9a-z]{1,64}")

# Who reads along at the end stays at the end; who has scrolled away is left alone.
STAY_AT_THE_END = """
requestAnimationFrame(() => requestAnimationFrame(() => {
  const end = document.getElementById("now");
  const below = end ? end.getBoundingClientRect().bottom - window.innerHeight : 0;
  if (below > 0 && below < 320) end.scrollIntoView({ block: "end" });
}));
"""


class CallState(PrivateState, rx.State):
    """The call that the page's address names."""

    is_loaded: bool = False
    is_missing: bool = False
    is_live: bool = False
    status: str = ""
    buddy: str = ""
    tone: str = theme.NEUTRAL_TONE
    when: str = ""
    length: str = ""
    ending: str = ""
    entries: list[EntryRow] = []
    earlier_count: int = 0
    interim_speaker: str = ""
    interim_side: str = ""
    interim_text: str = ""

    is_off_the_record: bool = False  # right now
    is_silent: bool = True  # nothing to read yet

    _call_id: str = ""
    _window: int = 0
    _views: dict[int, EntryView] = {}

    @rx.event
    async def load(self) -> Any:
        """Show the call as it is in the database now."""
        try:
            someone = await self._enter()
            if someone is None:
                return to_sign_in(self.router.url.path)
            await self._snapshot(someone.account_id)
        except StoreUnavailable:
            self.trouble = words.TROUBLE
            self.is_loaded = True
        return None

    @rx.event
    async def show_earlier(self) -> Any:
        """Show more of what was said before the first entry on the page."""
        try:
            someone = await self._enter()
            if someone is None:
                return to_sign_in(self.router.url.path)
            self._window += EARLIER_ENTRIES
            await self._snapshot(someone.account_id)
        except StoreUnavailable:
            self.trouble = words.TROUBLE
        return None

    @rx.event
    async def delete(self) -> Any:
        """Delete the call with every word; one that runs ends with a goodbye."""
        try:
            someone = await self._enter()
            if someone is None:
                return to_sign_in(self.router.url.path)
            site = runtime.current()
            await site.database.transact(
                erasure.delete_call,
                account_id=someone.account_id,
                call_id=CallId(self._call_id),
                now=site.clock.now(),
            )
        except StoreUnavailable:
            self.trouble = words.TROUBLE
            return None
        except CallNotFound:
            self._show_nothing()
            return None
        self._forget()
        return rx.redirect(paths.CALLS)

    @rx.event(background=True)
    async def follow(self) -> AsyncIterator[Any]:
        """Bring the call's words to the page as they are said.

        Subscribing comes before reading, so that nothing is said in between. Before anything is
        shown the server is asked whether this browser may still read this call.
        """
        while True:
            async with self:
                try:
                    someone = await self._enter()
                    call_id, token = CallId(self._call_id), self._token()
                    socket = self.router.session.session_id
                    break
                except StoreUnavailable:
                    self.trouble = words.TROUBLE
            await asyncio.sleep(RETRY_SECONDS)  # noqa: TID251 - nothing tells when it is back
        if someone is None or token is None or not call_id:
            return
        with runtime.current().hub.watch(someone.account_id, call_id) as watcher:
            async for refusal in self._deliver(watcher, someone, call_id, token, socket):
                yield refusal

    async def _deliver(
        self, watcher: Watcher, someone: SignedIn, call_id: CallId, token: str, socket: str
    ) -> AsyncIterator[Any]:
        site = runtime.current()
        is_behind, patience = True, 0.0
        while True:
            delivery = await watcher.next(patience)
            delivery.must_start_over |= is_behind
            patience = RECHECK_SECONDS
            try:
                access = await site.database.transact(
                    access_to_call, token=token, call_id=call_id, now=site.clock.now()
                )
            except StoreUnavailable:
                is_behind, patience = True, RETRY_SECONDS
                continue
            async with self:
                if self.router.session.session_id != socket or self._call_id != call_id:
                    return
                if access is Access.SIGNED_OUT:
                    self._forget()
                elif access is Access.NOT_THEIRS:
                    self._show_nothing()
                elif delivery and not await self._take(delivery, someone.account_id):
                    is_behind, patience = True, RETRY_SECONDS
                else:
                    is_behind = False
            if access is Access.SIGNED_OUT:
                yield to_sign_in(paths.call(call_id))
                return
            if delivery.entries or delivery.interim:
                yield rx.call_script(STAY_AT_THE_END)

    async def _enter(self) -> SignedIn | None:
        """Admit the visitor and read from the address which call is meant."""
        someone = await self._admitted()
        call_id = self.router.url.path.removesuffix("/").rpartition("/")[2]
        if not CALL_ID.fullmatch(call_id):
            call_id = ""
        if call_id != self._call_id:
            owner = self._owner
            self._forget()
            self._owner, self._call_id = owner, call_id
        return someone

    async def _snapshot(self, account_id: AccountId) -> None:
        """Read everything anew; what is not there and what is not theirs look the same."""
        try:
            found = await runtime.current().database.transact(
                calls.detail, account_id=account_id, call_id=CallId(self._call_id)
            )
        except CallNotFound:
            self._show_nothing()
            return
        self._views = {entry.sequence: entry for entry in found.entries}
        self._show_card(found.card)
        self._show_entries()
        self.is_missing, self.is_loaded, self.trouble = False, True, ""

    async def _take(self, delivery: Delivery, account_id: AccountId) -> bool:
        """Show what was delivered; return whether the page is now as the database is."""
        if delivery.is_gone:
            self._show_nothing()
            return True
        has_ended = self.is_live and delivery.card is not None and not delivery.card.is_live
        if delivery.must_start_over or has_ended:  # what ended is shown whole
            try:
                await self._snapshot(account_id)
            except StoreUnavailable:
                self.trouble = words.TROUBLE
                return False
        elif delivery.card is not None:
            self._views.update(delivery.entries)
            self._show_card(delivery.card)
            self._show_entries()
        new = delivery.entries.values()
        is_over = any(entry.kind is EntryKind.OFF_RECORD for entry in new)
        if is_over or self.interim_side in {str(entry.side) for entry in new}:
            self._show_interim(None)  # they are final now, or never to be kept
        if delivery.interim is not None and self.is_live:
            self._show_interim(delivery.interim)
        return True

    def _show_nothing(self) -> None:
        owner, call_id = self._owner, self._call_id
        self._forget()
        self._owner, self._call_id = owner, call_id
        self.is_missing = self.is_loaded = True

    def _show_card(self, card: CallCard) -> None:
        site, where = runtime.current(), words.zone(self._zone())
        self.is_live = card.is_live
        self.buddy = card.persona_name or ("No buddy yet" if card.is_live else "No buddy")
        self.tone = theme.tone(card.persona_name or "")
        self.when = words.moment(card.started_at, site.clock.now(), where)
        self.length = words.length(card.seconds)
        if card.is_live:
            self.status = words.LIVE_STATUSES.get(card.status, "Live now")
            self.ending = ""
            if self.interim_side:  # the buddy's name may have come after its first words
                self.interim_speaker = self._speaker(self.interim_side)
        else:
            self.status = ""
            self.ending = words.ending(card.status, card.end_reason)
            self._show_interim(None)

    def _show_entries(self) -> None:
        shown = (LIVE_ENTRIES if self.is_live else RECORD_ENTRIES) + self._window
        views = [self._views[sequence] for sequence in sorted(self._views)][-shown:]
        self.earlier_count = views[0].sequence - 1 if views else 0
        self.entries = entry_rows(
            views, buddy=self.buddy, where=words.zone(self._zone()), is_live=self.is_live
        )
        self.is_off_the_record = self.is_live and is_off_the_record(views)
        self._views = {view.sequence: view for view in views}
        self.is_silent = not self.entries and not self.interim_text

    def _show_interim(self, interim: Interim | None) -> None:
        self.interim_text = interim.text if interim is not None else ""
        self.is_silent = not self.entries and not self.interim_text
        self.interim_side = interim.side if interim is not None else ""
        self.interim_speaker = self._speaker(interim.side) if interim is not None else ""

    def _speaker(self, side: str) -> str:
        return words.speaker(side, self.buddy)

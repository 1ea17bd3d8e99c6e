"""An operator's look at somebody's call: nothing before a reason is given and written down."""

from __future__ import annotations

from typing import Any

import reflex as rx

from buddy_site import runtime, words
from buddy_site.state.live_call import CALL_ID
from buddy_site.state.private import PrivateState, to_sign_in
from buddy_site.transcript_rows import EntryRow, entry_rows
from shared.database import StoreUnavailable
from shared.errors import DomainError
from shared.ids import CallId
from shared.services import oversight
from shared.services.calls import CallDetail


class OversightState(PrivateState, rx.State):
    """The call that the page's address names, once it may be read."""

    is_loaded: bool = False
    is_operator: bool = False
    is_shown: bool = False
    buddy: str = ""
    when: str = ""
    ending: str = ""
    length: str = ""
    entries: list[EntryRow] = []
    refusal: str = ""

    @rx.event
    async def load(self) -> Any:
        """Show the question for a reason to an operator, and nothing to anybody else."""
        try:
            someone = await self._admitted()
        except StoreUnavailable:
            self.trouble = words.TROUBLE
            return None
        if someone is None:
            return to_sign_in(self.router.url.path)
        owner = self._owner
        self._forget()
        self._owner, self.is_operator, self.is_loaded = owner, someone.is_operator, True
        return None

    @rx.event
    async def read(self, form: Any) -> Any:
        """Show the call for the reason that was given."""
        call_id = self.router.url.path.removesuffix("/").rpartition("/")[2]
        self.refusal = ""
        try:
            someone = await self._admitted()
            if someone is None:
                return to_sign_in(self.router.url.path)
            site = runtime.current()
            found = await site.database.transact(
                oversight.read_call,
                operator=someone,
                call_id=CallId(call_id if CALL_ID.fullmatch(call_id) else ""),
                reason=words.typed(form, "reason"),
                now=site.clock.now(),
            )
        except StoreUnavailable:
            self.trouble = words.TROUBLE
        except DomainError as refusal:
            self.refusal = words.refusal(refusal)
        else:
            self._show(found)
        return None

    def _show(self, found: CallDetail) -> None:
        site, where, card = runtime.current(), words.zone(self._zone()), found.card
        self.is_shown, self.trouble = True, ""
        self.buddy = card.persona_name or "No buddy"
        self.when = words.moment(card.started_at, site.clock.now(), where)
        self.length = words.length(card.seconds)
        self.ending = "Live now" if card.is_live else words.ending(card.status, card.end_reason)
        self.entries = entry_rows(
            found.entries, buddy=self.buddy, where=where, is_live=card.is_live
        )

"""An operator's look at somebody's call: nothing before a reason is given and written down."""

from __future__ import annotations

from typing import Any

import reflex as rx

from buddy_site import operations_words, runtime, words
from buddy_site.state.live_call import CALL_ID
from buddy_site.state.operations import Figure, SpreadRow, spread_row
from buddy_site.state.private import PrivateState, to_sign_in
from buddy_site.transcript_rows import EntryRow, entry_rows
from buddy_site.waterfalls import TurnRow, turn_rows
from shared.database import StoreUnavailable
from shared.errors import DomainError
from shared.ids import CallId
from shared.services import call_timings, oversight
from shared.services.accounts import SignedIn
from shared.services.call_timings import CallTimings
from shared.services.calls import CallDetail, CallNotFound


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

    figures: list[Figure] = []
    stages: list[SpreadRow] = []
    turns: list[TurnRow] = []

    @rx.event
    async def load(self) -> Any:
        """Show an operator how fast it was, and the question for a reason; nobody else anything."""
        try:
            someone = await self._admitted()
            if someone is None:
                return to_sign_in(self.router.url.path)
            owner = self._owner
            self._forget()
            self._owner, self.is_operator = owner, someone.is_operator
            if someone.is_operator:
                await self._time(someone)
        except StoreUnavailable:
            self.trouble = words.TROUBLE
            return None
        self.is_loaded = True
        return None

    @rx.event
    async def read(self, form: Any) -> Any:
        """Show the call for the reason that was given."""
        self.refusal = ""
        try:
            someone = await self._admitted()
            if someone is None:
                return to_sign_in(self.router.url.path)
            site = runtime.current()
            found = await site.database.transact(
                oversight.read_call,
                operator=someone,
                call_id=self._named(),
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

    def _named(self) -> CallId:
        """Return the call of the page's address, or one that is none."""
        call_id = self.router.url.path.removesuffix("/").rpartition("/")[2]
        return CallId(call_id if CALL_ID.fullmatch(call_id) else "")

    async def _time(self, someone: SignedIn) -> None:
        """Show how fast the call was; its times say nothing of what was said."""
        try:
            found = await runtime.current().database.transact(
                call_timings.of_call, operator=someone, call_id=self._named()
            )
        except CallNotFound:
            return
        self.figures = call_figures(found)
        self.stages = [
            spread_row(operations_words.STAGES[stage], took) for stage, took in found.stages
        ]
        self.turns = turn_rows(found)

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


def call_figures(found: CallTimings) -> list[Figure]:
    """Put a call's numbers into words."""
    gap = Figure(
        "Gap",
        operations_words.median(found.gap),
        f"19 of 20 within {operations_words.nearly_all(found.gap)}",
    )
    sums = found.figures
    if sums is None:
        return [gap, Figure("The rest", "–", "is counted up when the call is over")]
    return [
        gap,
        Figure("Answer", operations_words.milliseconds(sums.answer_ms), "until our first sound"),
        Figure(
            "Made ahead",
            operations_words.share(sums.speculations_committed, sums.speculations_prepared),
            "replies that were said of those made ahead",
        ),
        Figure("Interruptions", str(sums.interruptions), "by the caller"),
        Figure("Late sound", str(sums.underruns), "silences within a sentence"),
    ]

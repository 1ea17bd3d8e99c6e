"""What happened to the account meanwhile: shown until it is dismissed or answered."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import reflex as rx

from buddy_site import paths, runtime, verification_words, words
from buddy_site.state.private import PrivateState, to_sign_in
from shared.database import StoreUnavailable
from shared.ids import AccountId, NoticeId, is_id
from shared.services import claims, notices
from shared.services.notices import NoticeKind, NoticeView


@dataclass
class NoticeRow:
    """A notice as a page shows it."""

    notice_id: str
    words: str
    when: str


@dataclass
class OfferRow:
    """Calls that may be claimed."""

    notice_id: str
    words: str


class NoticesState(PrivateState, rx.State):
    """Notices and offers that wait for an answer."""

    rows: list[NoticeRow] = []
    offers: list[OfferRow] = []
    answer: str = ""  # what came of the last one

    @rx.event
    async def load(self) -> Any:
        """Show what waits."""
        return await self._answer("", None, "")

    @rx.event
    async def dismiss(self, notice_id: Any) -> Any:
        """Take a notice away."""
        return await self._answer(notice_id, notices.dismiss, "")

    @rx.event
    async def claim(self, notice_id: Any) -> Any:
        """Bring the calls of a number along."""
        return await self._answer(notice_id, claims.accept, "They are yours now, under Calls.")

    @rx.event
    async def decline(self, notice_id: Any) -> Any:
        """Leave the calls of a number where nobody can read them."""
        said = "They stay locked away, and are deleted when they are old enough."
        return await self._answer(notice_id, claims.decline, said)

    async def _answer(
        self, notice_id: Any, use_case: Callable[..., Any] | None, answer: str
    ) -> Any:
        try:
            someone = await self._admitted()
            if someone is None:
                return to_sign_in(paths.HOME)
            self.answer = ""
            if use_case is not None and is_id(notice_id, "notice"):
                site = runtime.current()
                is_done = await site.database.transact(
                    use_case,
                    account_id=someone.account_id,
                    notice_id=NoticeId(notice_id),
                    now=site.clock.now(),
                )
                self.answer = answer if is_done else ""
            await self._read(someone.account_id)
        except StoreUnavailable:
            self.trouble = words.TROUBLE
        return None

    async def _read(self, account_id: AccountId) -> None:
        site, where = runtime.current(), words.zone(self._zone())
        now = site.clock.now()
        waiting = await site.database.transact(notices.waiting, account_id=account_id)
        offers = await site.database.transact(claims.offers, account_id=account_id)
        self.rows = [
            NoticeRow(notice.notice_id, said, words.moment(notice.created_at, now, where))
            for notice in waiting
            if (said := _said(notice))
        ]
        self.offers = [
            OfferRow(
                offer.notice_id,
                verification_words.offer(offer.calls, offer.latest_at, now=now, where=where),
            )
            for offer in offers
        ]
        self.trouble = ""


def _said(notice: NoticeView) -> str:
    match notice.kind:
        case NoticeKind.NUMBER_MOVED:
            number = words.international(notice.detail)
            return (
                f"{number} has moved: somebody with another account proved that it is theirs. "
                "Your calls from it stay here with you."
            )
        case NoticeKind.CLAIM_OFFERED:
            return ""  # an offer, with an answer of its own

"""Who is signed in, for the header of every page, and what stands in the way of signing in."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import tzinfo
from typing import Any
from urllib.parse import urlencode

import reflex as rx

from buddy_site import billing_words, paths, runtime, sessions, words
from buddy_site.state.followed import RECHECK_SECONDS, RETRY_SECONDS
from buddy_site.state.private import PrivateState, leave
from shared.database import StoreUnavailable
from shared.ids import AccountId
from shared.services import billing, talk_time_record
from shared.services.accounts import SignedIn


class AccountState(PrivateState, rx.State):
    """The visitor, as every page shows them."""

    is_signed_in: bool = False
    email: str = ""
    is_operator: bool = False
    minutes: str = ""  # of talk time that are left, for the header
    billing_notice: str = ""  # what can't wait about payments, for every page of the account

    @rx.event
    async def enter(self) -> None:
        """Find out who opened the page."""
        try:
            someone = await self._admitted()
            if someone is not None:
                self._show(await _standing(someone.account_id, words.zone(self._zone())))
        except StoreUnavailable:
            self._forget()
            return
        self.is_signed_in = someone is not None
        self.email = someone.email if someone is not None else ""
        self.is_operator = someone is not None and someone.is_operator

    @rx.event(background=True)
    async def stay(self) -> AsyncIterator[Any]:
        """Show how it stands as it changes; leave the page as soon as its session is over."""
        async with self:
            token, socket = self._token(), self.router.session.session_id
            path, where = self.router.url.path, words.zone(self._zone())
        if token is None:
            return  # the page's own handlers have asked the stranger to sign in
        someone = await _who_opened(token)
        if someone is not None:
            with runtime.current().hub.watch_account(someone.account_id) as watcher:
                patience = 0.0  # it may have ended before it was watched
                while someone is not None:
                    await watcher.changed(patience)
                    patience = RECHECK_SECONDS
                    someone = await _who_opened(token)
                    standing = await _standing_if_known(someone, where)
                    async with self:
                        if self.router.session.session_id != socket:
                            return
                        if (
                            someone is not None
                            and standing is not None
                            and self._owner == someone.session_id
                        ):
                            self._show(standing)
        async with self:
            self._forget()
        yield leave(path)

    def _show(self, standing: _Standing) -> None:
        self.minutes, self.billing_notice = standing.minutes, standing.billing_notice


@dataclass(frozen=True, slots=True)
class _Standing:
    """What every page says of an account, in words."""

    minutes: str
    billing_notice: str


async def _standing(account_id: AccountId, where: tzinfo) -> _Standing:
    """Say what is left, where there is something or was, and whether a payment is missing."""
    site = runtime.current()
    left = await site.database.transact(
        talk_time_record.standing, account_id=account_id, now=site.clock.now()
    )
    owing = await site.database.transact(
        billing.pressing, account_id=account_id, now=site.clock.now()
    )
    has_any = left.seconds_left or left.is_unlimited or left.talked_seconds
    return _Standing(
        minutes=words.talk_time(left.seconds_left, is_unlimited=left.is_unlimited)
        if has_any
        else "",
        billing_notice=billing_words.banner(owing, where) if owing is not None else "",
    )


async def _standing_if_known(someone: SignedIn | None, where: tzinfo) -> _Standing | None:
    """Return nothing while the database is away: what is shown may stay."""
    if someone is None:
        return None
    try:
        return await _standing(someone.account_id, where)
    except StoreUnavailable:
        return None


async def _who_opened(token: str) -> SignedIn | None:
    """Ask until the database answers."""
    while True:
        try:
            return await sessions.on_socket(token)
        except StoreUnavailable:
            await asyncio.sleep(RETRY_SECONDS)  # noqa: TID251 - nothing tells when it is back


class SignInState(rx.State):
    """The sign-in page: where it leads, and what went wrong before."""

    problem: str = ""
    advice: str = ""
    start_path: str = paths.GOOGLE_START

    @rx.event
    async def enter(self) -> Any:
        """Read the page's address: only known codes and our own pages mean anything.

        Who is signed in already, in another tab perhaps, goes on to the page they wanted.
        """
        query = self.router.url.query_parameters
        self.problem, self.advice = words.SIGN_IN_PROBLEMS.get(query.get("problem", ""), ("", ""))
        wanted = query.get("next", "")
        is_ours = paths.is_private(wanted)
        self.start_path = (
            f"{paths.GOOGLE_START}?{urlencode({'next': wanted})}" if is_ours else paths.GOOGLE_START
        )
        visitor = await self.get_state(AccountState)
        if is_ours and not self.problem and visitor.is_signed_in:
            return rx.redirect(wanted)
        return None

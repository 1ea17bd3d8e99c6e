"""Who is signed in, for the header of every page, and what stands in the way of signing in."""

from __future__ import annotations

from urllib.parse import urlencode

import reflex as rx

from buddy_site import paths, words
from buddy_site.state.private import PrivateState
from shared.database import StoreUnavailable


class AccountState(PrivateState, rx.State):
    """The visitor, as every page shows them."""

    is_signed_in: bool = False
    email: str = ""
    is_operator: bool = False

    @rx.event
    async def enter(self) -> None:
        """Find out who opened the page."""
        try:
            someone = await self._admitted()
        except StoreUnavailable:
            self._forget()
            return
        self.is_signed_in = someone is not None
        self.email = someone.email if someone is not None else ""
        self.is_operator = someone is not None and someone.is_operator


class SignInState(rx.State):
    """The sign-in page: where it leads, and what went wrong before."""

    problem: str = ""
    advice: str = ""
    start_path: str = paths.GOOGLE_START

    @rx.event
    def enter(self) -> None:
        """Read the page's address: only known codes and our own pages mean anything."""
        query = self.router.url.query_parameters
        self.problem, self.advice = words.SIGN_IN_PROBLEMS.get(query.get("problem", ""), ("", ""))
        wanted = query.get("next", "")
        self.start_path = (
            f"{paths.GOOGLE_START}?{urlencode({'next': wanted})}"
            if paths.is_private(wanted)
            else paths.GOOGLE_START
        )

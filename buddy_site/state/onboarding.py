"""What a new account has still before it: read from what was done, each time."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import reflex as rx

from buddy_site import paths, runtime, words
from buddy_site.state.followed import follow_account
from buddy_site.state.private import PrivateState, to_sign_in
from shared import wordings
from shared.database import StoreUnavailable
from shared.ids import AccountId
from shared.services import consents, onboarding
from shared.wordings import ConsentKind

ADULT = wordings.current(ConsentKind.ADULT)
STEPS_TO_DO = 5  # signing in was the first


class OnboardingState(PrivateState, rx.State):
    """The checklist on the home page."""

    is_loaded: bool = False
    is_adult: bool = False
    has_line: bool = False
    has_called: bool = False
    has_favourite: bool = False
    has_plan: bool = False
    is_dismissed: bool = False
    is_complete: bool = False
    done_count: int = 1
    next_step: str = ""
    refusal: str = ""

    @rx.event
    async def load(self) -> Any:
        """Show how far the account has come."""
        return await self._act(None)

    @rx.event
    async def confirm_adult(self, form: Any) -> Any:
        """Keep that the account's owner says to be an adult."""
        if not words.ticked(form, "adult"):
            self.refusal = "Tick the box if it is so. GoToBuddy is for adults only."
            return None
        return await self._act("adult")

    @rx.event
    async def dismiss(self) -> Any:
        """Show the checklist no more."""
        return await self._act("dismiss")

    @rx.event
    async def resume(self) -> Any:
        """Show the checklist again."""
        return await self._act("resume")

    @rx.event(background=True)
    async def follow(self) -> AsyncIterator[Any]:
        """Tick steps off as they are done: in a call, or in another tab."""
        async for event in follow_account(self, paths.HOME):
            yield event

    async def _act(self, what: str | None) -> Any:
        try:
            someone = await self._admitted()
            if someone is None:
                return to_sign_in(paths.HOME)
            self.refusal = ""
            await self._do(what, someone.account_id)
            await self._read(someone.account_id)
        except StoreUnavailable:
            self.trouble = words.TROUBLE
        self.is_loaded = True
        return None

    async def _do(self, what: str | None, account_id: AccountId) -> None:
        site = runtime.current()
        now = site.clock.now()
        if what == "adult":
            await site.database.transact(
                consents.give,
                account_id=account_id,
                kind=ConsentKind.ADULT,
                wording_version=ADULT.version,
                now=now,
            )
        elif what == "dismiss":
            await site.database.transact(onboarding.dismiss, account_id=account_id, now=now)
        elif what == "resume":
            await site.database.transact(onboarding.resume, account_id=account_id)

    async def _read(self, account_id: AccountId) -> None:
        site = runtime.current()
        found = await site.database.transact(
            onboarding.progress, account_id=account_id, now=site.clock.now()
        )
        self.is_adult, self.has_line = found.is_adult, found.has_line
        self.has_called, self.has_favourite = found.has_called, found.has_favourite
        self.has_plan, self.is_dismissed = found.has_plan, found.is_dismissed
        self.is_complete = found.is_complete
        steps = {
            "adult": found.is_adult,
            "line": found.has_line,
            "call": found.has_called,
            "favourite": found.has_favourite,
        }
        self.done_count = 1 + sum(steps.values())
        self.next_step = next((name for name, is_done in steps.items() if not is_done), "")
        self.trouble = ""

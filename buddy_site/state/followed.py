"""States that stay as the database is while their page is open."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import reflex as rx

from buddy_site import runtime, words
from buddy_site.flows.live_reads import Access, access_to_account
from buddy_site.state.private import PrivateState, to_sign_in
from shared.database import StoreUnavailable
from shared.ids import AccountId

RECHECK_SECONDS = 15.0  # how long a page without news may outlive its session
RETRY_SECONDS = 2.0  # after the database did not answer


class FollowedState(PrivateState, mixin=True):
    """What a page shows of one account; a page names its own `_path` and reads in `_read`."""

    is_loaded: bool = False

    _path: str = ""

    @rx.event
    async def load(self) -> Any:
        """Show what is in the database now."""
        return await self._refresh()

    @rx.event(background=True)
    async def follow(self) -> AsyncIterator[Any]:
        """Keep the page as it is in the database while it is open."""
        async for event in follow_account(self, self._path):
            yield event

    async def _refresh(self) -> Any:
        try:
            someone = await self._admitted()
            if someone is None:
                return to_sign_in(self._path)
            await self._read(someone.account_id)
        except StoreUnavailable:
            self.trouble = words.TROUBLE
        self.is_loaded = True
        return None

    async def _read(self, account_id: AccountId) -> None:
        raise NotImplementedError


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

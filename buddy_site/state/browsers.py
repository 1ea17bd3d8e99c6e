"""Where an account's owner is signed in, and how they sign out from afar."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any

import reflex as rx

from buddy_site import devices, paths, runtime, words
from buddy_site.state.private import PrivateState, to_sign_in
from shared.database import StoreUnavailable
from shared.ids import SignInSessionId
from shared.services import sign_in_sessions
from shared.services.accounts import SignedIn
from shared.services.sign_in_sessions import NoSuchBrowser


@dataclass
class BrowserRow:
    """A browser as the list shows it; its handle says nothing but which row is meant."""

    handle: str
    device: str
    is_handheld: bool
    is_this: bool
    signed_in: str
    seen: str


class BrowsersState(PrivateState, rx.State):
    """The sign-in sessions of the account."""

    rows: list[BrowserRow] = []
    has_others: bool = False
    done: str = ""
    is_loaded: bool = False

    _ids: dict[str, str] = {}

    @rx.event
    async def load(self) -> Any:
        """Show where the owner is signed in."""
        self.done = ""
        return await self._act(None)

    @rx.event
    async def revoke(self, handle: str) -> Any:
        """Sign the browser of one row out."""
        return await self._act("one", str(handle))

    @rx.event
    async def revoke_others(self) -> Any:
        """Sign every browser out but this one."""
        return await self._act("others")

    async def _act(self, which: str | None, handle: str = "") -> Any:
        try:
            someone = await self._admitted()
            if someone is None:
                return to_sign_in(paths.SESSIONS)
            if which is not None:
                self.done = await self._revoke(someone, which, handle)
            await self._read(someone)
            self.trouble = ""
        except StoreUnavailable:
            self.trouble = words.TROUBLE
        self.is_loaded = True
        return None

    async def _revoke(self, someone: SignedIn, which: str, handle: str) -> str:
        site = runtime.current()
        now = site.clock.now()
        if which == "others":
            ended = await site.database.transact(
                sign_in_sessions.revoke_others,
                account_id=someone.account_id,
                session_id=someone.session_id,
                now=now,
            )
            return words.signed_out(ended)
        try:
            await site.database.transact(
                sign_in_sessions.revoke,
                account_id=someone.account_id,
                session_id=SignInSessionId(self._ids.get(handle, "")),
                now=now,
            )
        except NoSuchBrowser:
            return words.signed_out(0)
        return words.signed_out(1)

    async def _read(self, someone: SignedIn) -> None:
        site, where = runtime.current(), words.zone(self._zone())
        now = site.clock.now()
        views = await site.database.transact(
            sign_in_sessions.browsers, account_id=someone.account_id, now=now
        )
        ids = {_handle(view.session_id): str(view.session_id) for view in views}
        rows = [
            BrowserRow(
                handle=_handle(view.session_id),
                device=devices.device(view.user_agent),
                is_handheld=devices.is_handheld(view.user_agent),
                is_this=view.session_id == someone.session_id,
                signed_in=words.moment(view.signed_in_at, now, where),
                seen=words.moment(view.seen_at, now, where),
            )
            for view in views
        ]
        self._ids = ids
        self.rows = sorted(rows, key=lambda row: not row.is_this)
        self.has_others = len(rows) > 1


def _handle(session_id: str) -> str:
    return hashlib.sha256(session_id.encode()).hexdigest()[:12]

"""What every State that holds somebody's data has: it asks who is there, each time.

A page's guard protects nothing by itself: Reflex runs the handlers after it all the same, and
anyone can call any handler over the websocket. So each handler admits its visitor first.
"""

from __future__ import annotations

import json

import reflex as rx
from reflex.event import EventSpec

from buddy_site import paths, runtime, sessions
from shared.services.accounts import SignedIn


class PrivateState(rx.State, mixin=True):
    """Holds data of one sign-in session, and of no other."""

    trouble: str = ""

    _owner: str = ""

    async def _admitted(self) -> SignedIn | None:
        """Return who is signed in; whatever was shown to anyone else is gone by then."""
        someone = await sessions.on_socket(self._token())
        if someone is None or someone.session_id != self._owner:
            self._forget()
        if someone is not None:
            self._owner = someone.session_id
        return someone

    def _forget(self) -> None:
        """Put every var back to what it is before anybody came."""
        self.reset()  # type: ignore[no-untyped-call]  # Reflex has no type for it

    def _token(self) -> str | None:
        return sessions.token_in(self._cookies(), runtime.current().settings)

    def _zone(self) -> str:
        return sessions.zone_in(self._cookies())

    def _cookies(self) -> str:
        return str(self.router.headers.cookie or "")


def to_sign_in(path: str) -> EventSpec:
    """Return the redirect that asks a stranger to sign in, and brings them back."""
    return rx.redirect(_sign_in_address(path))


def leave(path: str) -> EventSpec:
    """Return what takes a browser off a page, with all that it shows and holds in memory."""
    return rx.call_script(f"window.location.assign({json.dumps(_sign_in_address(path))})")


def _sign_in_address(path: str) -> str:
    wanted = path.removesuffix("/")
    suffix = f"?next={wanted}" if paths.is_private(wanted) else ""
    return f"{paths.SIGN_IN}{suffix}"

"""What a browser's session means to its tabs: a state each, and a new token once a day."""

from __future__ import annotations

import re
import secrets
from datetime import timedelta
from urllib.parse import parse_qsl, urlencode

import structlog
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from buddy_site import runtime, sessions
from buddy_site.flows.live_reads import SESSION_ID
from shared.errors import BuddyError
from shared.services import sign_in_sessions
from shared.settings import Settings

EVENT_PATH = "/_event"
TAB_TOKEN = re.compile(r"[A-Za-z0-9-]{1,64}")
POLICY_VIOLATION = 1008
COOKIE = b"cookie"

log = structlog.get_logger()


class TabTokens:
    """Gives every sign-in session of a tab a state of its own.

    Reflex keeps a tab's state under a token that the tab keeps, whoever is signed in, and sends
    all of it when the tab connects. Here the state's name is the tab's token and the session it
    connects with: after signing out, or as somebody else, the tab finds an empty state.

    A websocket keeps the headers it was opened with, for days perhaps, while the browser's token
    is replaced every day. So its session's name takes the place of the token in them.
    """

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        self._app = app
        self._settings = settings

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket") or not scope["path"].startswith(EVENT_PATH):
            await self._app(scope, receive, send)
            return
        query = dict(parse_qsl(scope["query_string"].decode("latin-1")))
        tab = query.get("token", "")
        if not TAB_TOKEN.fullmatch(tab):
            await _refuse(scope, receive, send)
            return
        token = sessions.token_in(Headers(scope=scope).get("cookie", ""), self._settings)
        if token is not None and SESSION_ID.fullmatch(token):
            token = None  # only we put that there
        try:
            someone = await sessions.signed_in(token)
        except BuddyError:
            name = secrets.token_hex(8)  # who it is can't be asked: nobody's state, ever
        else:
            token = someone.session_id if someone is not None else None
            # Reflex splits names at underscores, which our ids have.
            name = token.replace("_", "-") if token is not None else "nobody"
        query["token"] = f"{tab}-{name}"
        scope = {
            **scope,
            "query_string": urlencode(query).encode(),
            "headers": [*self._headers(scope, token)],
        }
        await self._app(scope, receive, send)

    def _headers(self, scope: Scope, token: str | None) -> list[tuple[bytes, bytes]]:
        """Return the headers with this in the session cookie's place, or without one."""
        name = sessions.cookie_name(self._settings)
        others = [(key, value) for key, value in scope["headers"] if key != COOKIE]
        kept = [
            part.strip()
            for part in Headers(scope=scope).get("cookie", "").split(";")
            if part.partition("=")[0].strip() not in ("", name)
        ]
        if token is not None:
            kept.append(f"{name}={token}")
        return [*others, (COOKIE, "; ".join(kept).encode("latin-1"))] if kept else others


class PageLoads:
    """Notes that a browser loads a page, and hands it a new token when its own is a day old."""

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        self._app = app
        self._settings = settings

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = Headers(scope=scope) if scope["type"] == "http" else Headers()
        token = sessions.token_in(headers.get("cookie", ""), self._settings)
        is_page = scope.get("method") == "GET" and "text/html" in headers.get("accept", "")
        if token is None or not is_page or scope["path"].startswith("/auth/"):
            await self._app(scope, receive, send)
            return
        cookie = await self._cookie(token)

        async def with_cookie(message: Message) -> None:
            if cookie is not None and message["type"] == "http.response.start":
                MutableHeaders(scope=message).append("set-cookie", cookie)
            await send(message)

        await self._app(scope, receive, with_cookie)

    async def _cookie(self, token: str) -> str | None:
        """Return the cookie that the browser has to change to, if it has to."""
        try:
            site = runtime.current()
            now = site.clock.now()
            visit = await site.database.transact(sign_in_sessions.visit, token=token, now=now)
        except BuddyError:
            return None  # the page itself says that our records are away
        if visit is None:
            return sessions.cookie_header(self._settings, "", timedelta())
        if visit.new_token is None:
            return None
        log.info("sign_in_token_replaced", session_id=visit.session_id)
        return sessions.cookie_header(self._settings, visit.new_token, visit.expires_at - now)


async def _refuse(scope: Scope, receive: Receive, send: Send) -> None:
    if scope["type"] == "websocket":
        await receive()
        await send({"type": "websocket.close", "code": POLICY_VIOLATION})
        return
    await send({"type": "http.response.start", "status": 400, "headers": []})
    await send({"type": "http.response.body", "body": b""})

"""What stands between the network and Reflex: headers, the one right host, and tab tokens."""

from __future__ import annotations

import re
import secrets
from urllib.parse import parse_qsl, urlencode, urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import RedirectResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from buddy_site import paths, sessions
from shared.errors import BuddyError
from shared.settings import Settings

EVENT_PATH = "/_event"
TAB_TOKEN = re.compile(r"[A-Za-z0-9-]{1,64}")
LOOPBACK_HOSTS = frozenset({"127.0.0.1", "[::1]", "::1", "0.0.0.0"})  # noqa: S104 - only compared
POLICY_VIOLATION = 1008
PLAIN_PREFIXES = (paths.HEALTH, paths.READY, EVENT_PATH)


class SecurityHeaders:
    """Adds to every response what a browser should not be allowed to do with it."""

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        self._app = app
        self._headers = _security_headers(settings)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def protected(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in self._headers.items():
                    headers[name] = value
                headers["cache-control"] = _cache_control(scope["path"], headers)
            await send(message)

        await self._app(scope, receive, protected)


class OneHost:
    """Sends who came by 127.0.0.1 to localhost: the cookie and the websocket know one name."""

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        self._app = app
        self._site = urlsplit(settings.site_public_url)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and not scope["path"].startswith(PLAIN_PREFIXES):
            host = Headers(scope=scope).get("host", "").rpartition(":")[0]
            if host in LOOPBACK_HOSTS and self._site.hostname == "localhost":
                query = f"?{scope['query_string'].decode()}" if scope["query_string"] else ""
                address = f"{self._site.scheme}://{self._site.netloc}{scope['path']}{query}"
                await RedirectResponse(address, 307)(scope, receive, send)
                return
        await self._app(scope, receive, send)


class TabTokens:
    """Gives every sign-in session of a tab a state of its own.

    Reflex keeps a tab's state under a token that the tab keeps, whoever is signed in, and sends
    all of it when the tab connects. Here the state's name is the tab's token and the session it
    connects with: after signing out, or as somebody else, the tab finds an empty state.
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
        query["token"] = f"{tab}-{await self._session_name(scope)}"
        scope = {**scope, "query_string": urlencode(query).encode()}
        await self._app(scope, receive, send)

    async def _session_name(self, scope: Scope) -> str:
        header = Headers(scope=scope).get("cookie", "")
        try:
            someone = await sessions.signed_in(sessions.token_in(header, self._settings))
        except BuddyError:
            return secrets.token_hex(8)  # who it is can't be asked: nobody's state, ever
        # Reflex splits names at underscores, which our ids have.
        return someone.session_id.replace("_", "-") if someone is not None else "nobody"


async def _refuse(scope: Scope, receive: Receive, send: Send) -> None:
    if scope["type"] == "websocket":
        await receive()
        await send({"type": "websocket.close", "code": POLICY_VIOLATION})
        return
    await send({"type": "http.response.start", "status": 400, "headers": []})
    await send({"type": "http.response.body", "body": b""})


def _cache_control(path: str, headers: MutableHeaders) -> str:
    if path.startswith("/assets/"):
        return "public, max-age=31536000, immutable"  # their names change with their content
    if path.startswith(("/auth/", "/account/")) or "set-cookie" in headers:
        return "no-store"
    return "no-cache"


def _security_headers(settings: Settings) -> dict[str, str]:
    site = urlsplit(settings.site_public_url)
    socket = f"{'wss' if site.scheme == 'https' else 'ws'}://{site.netloc}"
    policy = {
        "default-src": "'self'",
        # Reflex runs what its server sends with eval, and pages begin with an inline script.
        "script-src": "'self' 'unsafe-inline' 'unsafe-eval'",
        "style-src": "'self' 'unsafe-inline'",
        "img-src": "'self' data:",
        "font-src": "'self'",
        "connect-src": f"'self' {socket}",
        "object-src": "'none'",
        "base-uri": "'none'",
        "form-action": "'self'",
        "frame-ancestors": "'none'",
    }
    headers = {
        "content-security-policy": "; ".join(f"{name} {value}" for name, value in policy.items()),
        "x-content-type-options": "nosniff",
        "x-frame-options": "DENY",
        "referrer-policy": "same-origin",
        "permissions-policy": "camera=(), microphone=(), geolocation=()",
        "cross-origin-opener-policy": "same-origin",
    }
    if site.scheme == "https":
        headers["strict-transport-security"] = "max-age=31536000"
    return headers

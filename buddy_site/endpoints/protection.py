"""What stands between the network and everything else: headers, and the one right host."""

from __future__ import annotations

from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from buddy_site import paths
from buddy_site.endpoints.tabs import EVENT_PATH
from shared.settings import Settings

LOOPBACK_HOSTS = frozenset({"127.0.0.1", "[::1]", "::1", "0.0.0.0"})  # noqa: S104 - only compared
PLAIN_PREFIXES = (paths.HEALTH, paths.READY, EVENT_PATH)
# Reflex's: a health report, a list of all pages, a place for files that would be kept in memory.
UNUSED_PREFIXES = ("/_health", "/_all_routes", "/_upload", "/auth-codespace")
MISDIRECTED = 421


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
    """Answers under the site's own name only.

    Who came by 127.0.0.1 is sent to localhost: the cookie and the websocket know one name. Any
    other name is refused, because some answers repeat it; and the framework's own addresses that
    no page of ours needs are not there.
    """

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        self._app = app
        self._site = urlsplit(settings.site_public_url)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        answer: ASGIApp | None = None
        if scope["type"] == "http" and not scope["path"].startswith(PLAIN_PREFIXES):
            answer = self._answer(scope)
        await (answer or self._app)(scope, receive, send)

    def _answer(self, scope: Scope) -> Response | None:
        if scope["path"].startswith(UNUSED_PREFIXES):
            return PlainTextResponse("Not here.", 404)
        host = _host_name(Headers(scope=scope).get("host", ""))
        if host in LOOPBACK_HOSTS and self._site.hostname == "localhost":
            query = f"?{scope['query_string'].decode('latin-1')}" if scope["query_string"] else ""
            address = f"{self._site.scheme}://{self._site.netloc}{scope['path']}{query}"
            return RedirectResponse(address, 307)
        if host not in {self._site.hostname, *LOOPBACK_HOSTS}:
            return PlainTextResponse("The site has another name.", MISDIRECTED)
        return None


def _host_name(host: str) -> str:
    """Return the name in a Host header, without the port."""
    if host.startswith("["):  # an IPv6 address
        return host.partition("]")[0] + "]"
    return host.partition(":")[0].lower()


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

"""Who is signed in, asked of the server on every event, never of a var the browser can set.

The cookie holds a random token that only the browser and, as a hash, the database know. A
websocket's headers are those of its opening, so signing in and out are full page loads; its
cookie is replaced, as it opens, by the session that the token opened then (`endpoints.tabs`).
"""

from __future__ import annotations

import re
from datetime import timedelta

from starlette.responses import Response

from buddy_site import runtime
from buddy_site.flows.live_reads import who_opened
from shared.services import accounts
from shared.services.accounts import SignedIn
from shared.settings import Settings

TOKEN = re.compile(r"[A-Za-z0-9_-]{20,200}")
ZONE = re.compile(r"[A-Za-z0-9_+\-/]{1,64}")
ZONE_COOKIE = "zone"


def is_secure(settings: Settings) -> bool:
    """Return whether browsers reach the site over TLS."""
    return settings.site_public_url.startswith("https://")


def cookie_name(settings: Settings) -> str:
    """Return the session cookie's name; over TLS no other host and no script may have set it."""
    return "__Host-buddy_session" if is_secure(settings) else "buddy_session"


def cookie(header: str, name: str) -> str | None:
    """Return one cookie from a Cookie header; two of one name are taken for none."""
    found = [
        value.strip().strip('"')
        for key, _, value in (part.partition("=") for part in header.split(";"))
        if key.strip() == name
    ]
    return found[0] if len(found) == 1 else None


def token_in(header: str, settings: Settings) -> str | None:
    """Return the session token in a Cookie header, if it could be one."""
    value = cookie(header, cookie_name(settings))
    return value if value is not None and TOKEN.fullmatch(value) else None


def zone_in(header: str) -> str:
    """Return the time zone that the browser named in a cookie, or UTC."""
    return browser_zone(header) or "UTC"


def browser_zone(header: str) -> str:
    """Return the time zone that the browser named in a cookie, or nothing."""
    value = (cookie(header, ZONE_COOKIE) or "").replace("%2F", "/").replace("%2B", "+")
    return value if ZONE.fullmatch(value) and ".." not in value else ""


def cookie_header(settings: Settings, token: str, lasts: timedelta) -> str:
    """Return the Set-Cookie header that gives a browser its token; no time at all takes it."""
    response = Response()
    response.set_cookie(
        cookie_name(settings),
        token,
        max_age=max(0, int(lasts.total_seconds())),
        path="/",
        httponly=True,
        samesite="lax",
        secure=is_secure(settings),
    )
    return response.headers["set-cookie"]


async def signed_in(token: str | None) -> SignedIn | None:
    """Ask the database who holds this token now."""
    if token is None:
        return None
    site = runtime.current()
    return await site.database.transact(accounts.signed_in, token=token, now=site.clock.now())


async def on_socket(token: str | None) -> SignedIn | None:
    """Ask the database who opened a websocket, by the token that its headers have now."""
    if token is None:
        return None
    site = runtime.current()
    return await site.database.transact(who_opened, token=token, now=site.clock.now())

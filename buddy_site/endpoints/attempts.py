"""Sign-ins under way: each is remembered by the browser in a cookie of its own.

So two tabs can sign in at once, even at the same moment, each back to the page it wanted. The
cookies are signed, last ten minutes, and no script and no other site's request gets at them.
"""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import parse_qs, urlsplit

from itsdangerous import BadSignature, URLSafeTimedSerializer
from starlette.requests import Request
from starlette.responses import Response

from buddy_site import paths, sessions
from shared.settings import Settings

LIFETIME_SECONDS = 600  # to choose an account at Google and come back
MOST_AT_ONCE = 5  # of one browser; more would outgrow what a server reads of cookies
PREFIX = "buddy_sign_in_"
STATE = re.compile(r"[A-Za-z0-9_-]{8,64}")
SESSION = "session"  # where Authlib looks for what it has to remember


class Attempts:
    """Keeps what has to be known when the browser comes back from Google."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._serializer = URLSafeTimedSerializer(
            settings.session_secret.get_secret_value(), salt="sign-in"
        )

    def begin(self, request: Request) -> None:
        """Give the request something to remember into."""
        request.scope[SESSION] = {}

    def keep(self, request: Request, response: Response, wanted: str) -> None:
        """Let the browser remember this attempt, and which page it was for."""
        state = parse_qs(urlsplit(response.headers["location"]).query)["state"][0]
        kept = self._serializer.dumps({"wanted": wanted, "data": request.session})
        self._set_cookie(response, PREFIX + state, str(kept), LIFETIME_SECONDS)
        others = [name for name in request.cookies if name.startswith(PREFIX)]
        for name in others[: max(0, len(others) - MOST_AT_ONCE + 1)]:
            self._set_cookie(response, name, "", 0)

    def resume(self, request: Request) -> str:
        """Put back what was remembered of the attempt that the address names; return its page.

        Of an attempt that this browser does not know, nothing is put back.
        """
        kept = self._kept(request)
        request.scope[SESSION] = kept.get("data", {})
        wanted = str(kept.get("wanted", ""))
        return wanted if paths.is_private(wanted) else paths.HOME

    def forget(self, request: Request, response: Response) -> None:
        """End the attempt that the address names."""
        name = self._name(request)
        if name in request.cookies:
            self._set_cookie(response, name, "", 0)

    def _kept(self, request: Request) -> dict[str, Any]:
        try:
            kept = self._serializer.loads(
                request.cookies.get(self._name(request), ""), max_age=LIFETIME_SECONDS
            )
        except BadSignature:
            return {}
        return kept if isinstance(kept, dict) else {}

    @staticmethod
    def _name(request: Request) -> str:
        state = request.query_params.get("state", "")
        return PREFIX + state if STATE.fullmatch(state) else ""

    def _set_cookie(self, response: Response, name: str, value: str, max_age: int) -> None:
        response.set_cookie(
            name,
            value,
            max_age=max_age,
            path=paths.GOOGLE_START,
            httponly=True,
            samesite="lax",
            secure=sessions.is_secure(self._settings),
        )

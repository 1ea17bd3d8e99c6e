"""Signing in and out over plain HTTP: only a response can set a cookie that scripts can't read.

Every failure ends on the sign-in page with a code that says which; what Google or the address
says is never shown as text.
"""

from __future__ import annotations

from datetime import timedelta
from urllib.parse import urlencode

import structlog
from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route

from buddy_site import paths, runtime, sessions
from buddy_site.endpoints.attempts import Attempts
from buddy_site.endpoints.origin import comes_from_us
from buddy_site.flows import sign_in as flow
from buddy_site.gateways.google_identity import (
    GoogleIdentity,
    SignInDenied,
    SignInExpired,
    SignInRefused,
)
from shared.database import StoreUnavailable
from shared.errors import ProviderError
from shared.services import sign_in_sessions
from shared.settings import Settings

SEE_OTHER = 303

log = structlog.get_logger()


class SignInEndpoints:
    """The three addresses of signing in and out."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._google = GoogleIdentity(settings)
        self._attempts = Attempts(settings)

    def routes(self) -> list[Route]:
        """Return the routes."""
        return [
            Route(paths.GOOGLE_START, self.start, methods=["GET"]),
            Route(paths.GOOGLE_CALLBACK, self.finish, methods=["GET"]),
            Route(paths.SIGN_OUT, self.sign_out, methods=["POST"]),
        ]

    async def start(self, request: Request) -> Response:
        """Send the browser to Google, remembering which private page it wanted."""
        self._attempts.begin(request)
        redirect_uri = self._settings.site_public_url.rstrip("/") + paths.GOOGLE_CALLBACK
        try:
            response = await self._google.start(request, redirect_uri)
        except ProviderError as error:
            log.warning("sign_in_unreachable", error=str(error))
            return _problem("unreachable")
        self._attempts.keep(request, response, request.query_params.get("next", ""))
        return response

    async def finish(self, request: Request) -> Response:
        """Take Google's answer, and give the browser a session."""
        wanted = self._attempts.resume(request)
        former = sessions.token_in(request.headers.get("cookie", ""), self._settings)
        problem = "failed"
        try:
            identity = await self._google.finish(request)
            site = runtime.current()
            signed_in = await flow.sign_in(
                site.database,
                site.clock,
                identity,
                user_agent=request.headers.get("user-agent", ""),
                former_token=former,
                zone=sessions.browser_zone(request.headers.get("cookie", "")),
            )
        except SignInDenied:
            problem = "denied"
        except SignInExpired:
            problem = "expired"
        except SignInRefused as error:
            log.warning("sign_in_refused", reason=str(error))
        except flow.EmailUnverified:
            problem = "unverified"
        except StoreUnavailable:
            problem = "trouble"
        except ProviderError as error:
            log.warning("sign_in_unreachable", error=str(error))
            problem = "unreachable"
        else:
            log.info("signed_in", account_id=signed_in.account_id)
            return self._welcome(request, signed_in.token, wanted)
        if problem == "expired" and await self._is_signed_in(former):
            # The answer was replayed, by "back" or a double click: they are where they wanted.
            return RedirectResponse(paths.HOME, SEE_OTHER)
        response = _problem(problem)
        self._attempts.forget(request, response)
        return response

    async def sign_out(self, request: Request) -> Response:
        """End the session; only our own pages may ask for it."""
        if not comes_from_us(request, self._settings):
            return PlainTextResponse("Sign out from the site itself.", 403)
        token = sessions.token_in(request.headers.get("cookie", ""), self._settings)
        if token is not None:
            site = runtime.current()
            try:
                await flow.sign_out(site.database, site.clock, token)
            except StoreUnavailable:
                # Saying "signed out" while the session lives would be a lie.
                return _problem("still_signed_in")
        response = RedirectResponse(paths.LANDING, SEE_OTHER)
        response.headers.append(
            "set-cookie", sessions.cookie_header(self._settings, "", timedelta())
        )
        return response

    def _welcome(self, request: Request, token: str, wanted: str) -> Response:
        response = RedirectResponse(wanted, SEE_OTHER)
        self._attempts.forget(request, response)
        response.headers.append(
            "set-cookie",
            sessions.cookie_header(self._settings, token, sign_in_sessions.LIFETIME),
        )
        return response

    async def _is_signed_in(self, token: str | None) -> bool:
        try:
            return await sessions.signed_in(token) is not None
        except StoreUnavailable:
            return False


def _problem(code: str) -> Response:
    return RedirectResponse(f"{paths.SIGN_IN}/?{urlencode({'problem': code})}", SEE_OTHER)

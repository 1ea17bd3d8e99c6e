"""Google's OpenID Connect, through Authlib: authorization code with state, nonce and PKCE.

Between the two halves of a sign-in the browser carries what Authlib has to remember, in a
signed cookie that scripts can't read and other sites' requests don't bring along.
"""

from __future__ import annotations

from typing import Any

import httpx2
from authlib.integrations.base_client.errors import OAuthError  # type: ignore[import-untyped]
from authlib.integrations.starlette_client import OAuth  # type: ignore[import-untyped]
from joserfc.errors import JoseError
from starlette.requests import Request
from starlette.responses import Response

from shared.errors import BuddyError, ProviderError
from shared.services.accounts import GoogleClaims
from shared.settings import Settings

TIMEOUT_SECONDS = 8.0
DENIED = "access_denied"
# The state in the address is not the one in the browser's cookie: started in another tab,
# replayed, or the cookie is gone.
EXPIRED = frozenset({"mismatching_state", "missing_code"})
# RFC 6749, sections 4.1.2.1 and 5.2, and Authlib's own.
STANDARD = frozenset(
    {
        "invalid_request",
        "unauthorized_client",
        "unsupported_response_type",
        "invalid_scope",
        "server_error",
        "temporarily_unavailable",
        "invalid_client",
        "invalid_grant",
        "unsupported_grant_type",
        "missing_token",
    }
)


class SignInDenied(BuddyError):
    """The person said no at Google."""


class SignInExpired(BuddyError):
    """The answer belongs to no sign-in that this browser has open."""


class SignInRefused(BuddyError):
    """Google's answer does not hold: a bad code, a bad signature, the wrong audience."""


class GoogleIdentity:
    """Sends browsers to Google and reads what Google says about them."""

    def __init__(self, settings: Settings) -> None:
        oauth = OAuth()
        oauth.register(
            "google",
            client_id=settings.google_client_id,
            client_secret=settings.google_client_secret.get_secret_value(),
            server_metadata_url=settings.google_metadata_url,
            client_kwargs={
                "scope": "openid email profile",
                "code_challenge_method": "S256",
                "timeout": TIMEOUT_SECONDS,
            },
        )
        self._client = oauth.google

    async def start(self, request: Request, redirect_uri: str) -> Response:
        """Return the redirect to Google's account chooser."""
        try:
            redirect: Response = await self._client.authorize_redirect(
                request, redirect_uri, prompt="select_account"
            )
        except httpx2.HTTPError as error:
            raise _unreachable(error) from error
        return redirect

    async def finish(self, request: Request) -> GoogleClaims:
        """Exchange the code in the request for what Google vouches for."""
        try:
            token: dict[str, Any] = await self._client.authorize_access_token(request)
        except OAuthError as error:
            raise _refusal(error.error) from error
        except httpx2.HTTPError as error:
            raise _unreachable(error) from error
        except (JoseError, ValueError, KeyError) as error:
            # Keys that were replaced under us: the next attempt fetches them anew.
            self._client.server_metadata.pop("jwks", None)
            message = type(error).__name__
            raise SignInRefused(message) from error
        return _claims(token)


def _claims(token: dict[str, Any]) -> GoogleClaims:
    claims = token.get("userinfo")
    if not claims or not claims.get("sub") or not claims.get("email"):
        message = "the answer names nobody"
        raise SignInRefused(message)
    return GoogleClaims(
        issuer=str(claims["iss"]),
        subject=str(claims["sub"]),
        email=str(claims["email"]),
        is_email_verified=claims.get("email_verified") is True,
        name=_text(claims.get("name")),
        given_name=_text(claims.get("given_name")),
    )


def _text(value: object) -> str | None:
    return value if isinstance(value, str) and value else None


def _refusal(code: str) -> BuddyError:
    if code == DENIED:
        return SignInDenied(code)
    if code in EXPIRED:
        return SignInExpired(code)
    # Whoever opens the address of the callback chooses the code: only those of the standard are
    # repeated, in a log for instance.
    return SignInRefused(code if code in STANDARD else "unknown error")


def _unreachable(error: Exception) -> ProviderError:
    return ProviderError("google", type(error).__name__, retryable=True)

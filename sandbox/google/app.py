"""The sandbox's Google: OpenID Connect sign-in with an account chooser.

Held to https://developers.google.com/identity/openid-connect/openid-connect. What Google refuses
is refused here as well: a redirect to an address that is not registered (Error 400:
redirect_uri_mismatch), a code used twice, a PKCE verifier that does not fit, a wrong client.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import hashlib
import hmac
from collections import OrderedDict
from typing import Any
from urllib.parse import parse_qs, parse_qsl, unquote, urlencode, urlsplit

from quart import Quart, Response, request
from werkzeug.datastructures import Headers

from sandbox.config import SandboxConfig
from sandbox.control import Control, install_control
from sandbox.google.accounts import SEEDED, GoogleAccount
from sandbox.google.provider import Provider

CLIENT_ID = "sandbox"
CLIENT_SECRET = "sandbox"  # noqa: S105 - the sandbox's own, known to everyone
OPEN_CODES = 1000


class Google:
    """The state of one server."""

    def __init__(self, config: SandboxConfig) -> None:
        self.config = config
        self.provider = Provider(SEEDED)
        self._challenges: OrderedDict[str, str] = OrderedDict()
        self._turn = asyncio.Lock()

    async def reset(self) -> None:
        """Forget everything but the seeded accounts."""
        self._challenges.clear()
        self.provider.offer(SEEDED)

    async def seed(self, body: dict[str, Any]) -> None:
        """Replace the accounts: {"accounts": [{"sub", "email", "email_verified"?, "name"?}]}."""
        self.provider.offer([GoogleAccount.parse(fields) for fields in body["accounts"]])

    async def authorize(self) -> Response:
        """Show the chooser, or send the browser back with a code for whom was chosen."""
        refusal = self._authorization_flaw() or await self._choice_flaw()
        if refusal is not None:
            return _error_page(*refusal)
        answer = await self._forward()
        location = answer.headers.get("Location", "")
        back = parse_qs(urlsplit(location).query)
        if "error" in back and "state" not in back:  # the library leaves out who is told
            state = urlencode({"state": request.args.get("state", "")})
            answer.headers["Location"] = f"{location}&{state}"
        code = back.get("code")
        challenge = request.args.get("code_challenge")
        if code and challenge:
            self._challenges[code[0]] = challenge
            while len(self._challenges) > OPEN_CODES:
                self._challenges.popitem(last=False)
        return answer

    async def token(self) -> Response:
        """Exchange a code for tokens, once."""
        form = dict(parse_qsl((await _body()).decode()))
        if _client_credentials(form) != (CLIENT_ID, CLIENT_SECRET):
            return _token_error(401, "invalid_client", "The OAuth client was not found.")
        challenge = self._challenges.pop(form.get("code", ""), None)
        if challenge is not None and not _fits(form.get("code_verifier", ""), challenge):
            return _token_error(400, "invalid_grant", "Invalid code verifier.")
        return await self._forward()

    async def plain(self) -> Response:
        """Answer what needs nothing of ours: discovery, keys, user info."""
        return await self._forward()

    def _authorization_flaw(self) -> tuple[str, str] | None:
        if request.args.get("client_id") != CLIENT_ID:
            return "invalid_client", "The OAuth client was not found."
        wanted = urlsplit(request.args.get("redirect_uri", ""))
        registered = urlsplit(self.config.site_url)
        if (wanted.scheme, wanted.netloc) != (registered.scheme, registered.netloc):
            return (
                "redirect_uri_mismatch",
                f"Only addresses below {self.config.site_url} are registered.",
            )
        if request.args.get("code_challenge_method", "S256") != "S256":
            return "invalid_request", "The sandbox takes S256 code challenges only."
        return None

    async def _choice_flaw(self) -> tuple[str, str] | None:
        chosen = dict(parse_qsl((await _body()).decode())).get("sub")
        if chosen is None or self.provider.has(chosen):
            return None
        return "invalid_request", "There is no such account."

    async def _forward(self) -> Response:
        body = await _body()
        async with self._turn:  # the library keeps its state in plain dictionaries
            answer = await asyncio.to_thread(
                self.provider.answer,
                request.method,
                request.path,
                request.query_string.decode(),
                dict(request.headers.to_wsgi_list()),
                body,
            )
        return Response(answer.get_data(), answer.status_code, Headers(answer.headers))


def create_app(config: SandboxConfig) -> Quart:
    """Return the server, with its controls."""
    app = Quart(__name__)
    google = Google(config)
    control = Control(
        "discovery",
        "jwks",
        "authorize",
        "token",
        "userinfo",
        on_reset=google.reset,
        on_seed=google.seed,
    )
    install_control(app, control)

    @app.get("/.well-known/openid-configuration")
    async def discovery() -> Any:
        await control.before("discovery")
        return await google.plain()

    @app.get("/jwks")
    async def jwks() -> Any:
        await control.before("jwks")
        return await google.plain()

    @app.route("/oauth2/authorize", methods=["GET", "POST"])
    async def authorize() -> Any:
        await control.before("authorize")
        return await google.authorize()

    @app.post("/oauth2/token")
    async def token() -> Any:
        await control.before("token")
        return await google.token()

    @app.get("/userinfo")
    async def userinfo() -> Any:
        await control.before("userinfo")
        return await google.plain()

    return app


async def _body() -> bytes:
    data = await request.get_data(as_text=False)
    return data if isinstance(data, bytes) else data.encode()


def _client_credentials(form: dict[str, str]) -> tuple[str, str]:
    """Return the client's id and secret, from the header or the form."""
    scheme, _, encoded = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() == "basic":
        try:
            name, _, secret = base64.b64decode(encoded, validate=True).decode().partition(":")
        except (binascii.Error, UnicodeDecodeError):
            return "", ""
        return unquote(name), unquote(secret)
    return form.get("client_id", ""), form.get("client_secret", "")


def _fits(verifier: str, challenge: str) -> bool:
    """Check a PKCE verifier, RFC 7636 section 4.6."""
    digest = hashlib.sha256(verifier.encode()).digest()
    return hmac.compare_digest(base64.urlsafe_b64encode(digest).rstrip(b"=").decode(), challenge)


def _error_page(code: str, sentence: str) -> Response:
    page = f"<!doctype html><title>Error 400</title><h1>Error 400: {code}</h1><p>{sentence}</p>"
    return Response(page, 400, content_type="text/html; charset=utf-8")


def _token_error(status: int, code: str, sentence: str) -> Response:
    body = f'{{"error": "{code}", "error_description": "{sentence}"}}'
    return Response(body, status, content_type="application/json")

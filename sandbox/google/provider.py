"""The OpenID provider itself: a library's, with a chooser of ours in front.

The library is a Flask app. It checks neither PKCE nor where a browser is sent back to, as
Google does; `app.py` adds both.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from authlib.deprecate import AuthlibDeprecationWarning  # type: ignore[import-untyped]
from flask import Flask
from werkzeug.datastructures import Headers
from werkzeug.test import Client, EnvironBuilder
from werkzeug.wrappers import Response

from sandbox.google.accounts import GoogleAccount

with warnings.catch_warnings():
    # The library signs with a part of Authlib that its next major version drops.
    warnings.simplefilter("ignore", AuthlibDeprecationWarning)
    import oidc_provider_mock

TEMPLATES = Path(__file__).parent / "templates"


class Provider:
    """One provider with its own keys, codes and accounts."""

    def __init__(self, accounts: Iterable[GoogleAccount]) -> None:
        self.accounts: tuple[GoogleAccount, ...] = ()
        self._app = Flask("sandbox_google", template_folder=str(TEMPLATES))
        plain = self._app.wsgi_app
        oidc_provider_mock.init_app(self._app, issue_refresh_token=False)
        # The library switches a debugger on, which would run code for whoever finds it.
        self._app.debug = False
        self._app.wsgi_app = plain  # type: ignore[method-assign]
        self._client = Client(self._app, use_cookies=False)
        self.offer(accounts)

    def offer(self, accounts: Iterable[GoogleAccount]) -> None:
        """Let these accounts be chosen, and no other; the signing key stays."""
        self.accounts = tuple(accounts)
        self._app.jinja_env.globals["accounts"] = self.accounts
        for account in self.accounts:
            self._client.put(f"/users/{account.subject}", json=account.claims)

    def has(self, subject: str) -> bool:
        """Return whether this account can be chosen."""
        return any(account.subject == subject for account in self.accounts)

    def answer(
        self, method: str, path: str, query: str, headers: Mapping[str, str], body: bytes
    ) -> Response:
        """Answer one request; on the calling thread."""
        builder = EnvironBuilder(
            base_url=f"http://{headers.get('Host', 'localhost')}",
            path=path,
            method=method,
            query_string=query,
            headers=Headers(_passed_on(headers)),
            data=body,
        )
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # the library's own
            answer: Any = self._client.open(builder)
        return Response(answer.get_data(), answer.status_code, answer.headers)


def _passed_on(headers: Mapping[str, str]) -> dict[str, str]:
    kept = ("authorization", "content-type", "accept", "user-agent")
    return {name: value for name, value in headers.items() if name.lower() in kept}

"""The sandbox's Google, asked as a client library asks it."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx2
import pytest

from sandbox.config import SandboxConfig
from sandbox.google.app import create_app
from sandbox.serving import serving

SITE = "http://localhost:3000"
REDIRECT = f"{SITE}/auth/google/callback"
VERIFIER = "a-verifier-of-at-least-forty-three-characters-0123"
CHALLENGE = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).rstrip(b"=")


@pytest.fixture
async def google() -> AsyncIterator[httpx2.AsyncClient]:
    async with (
        serving(create_app(SandboxConfig(site_url=SITE))) as url,
        httpx2.AsyncClient(base_url=url) as client,
    ):
        yield client


def question(**changes: str) -> str:
    asked = {
        "response_type": "code",
        "client_id": "sandbox",
        "redirect_uri": REDIRECT,
        "scope": "openid email profile",
        "state": "the state",
        "nonce": "the nonce",
        "code_challenge": CHALLENGE.decode(),
        "code_challenge_method": "S256",
    }
    return f"/oauth2/authorize?{urlencode({**asked, **changes})}"


async def code_for(google: httpx2.AsyncClient, subject: str = "demo") -> str:
    answer = await google.post(question(), data={"sub": subject})
    query = parse_qs(urlsplit(answer.headers["location"]).query)
    assert query["state"] == ["the state"]
    return query["code"][0]


async def exchange(google: httpx2.AsyncClient, code: str, **changes: str) -> httpx2.Response:
    form = {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": REDIRECT,
        "code_verifier": VERIFIER,
        "client_id": "sandbox",
        "client_secret": "sandbox",
    }
    return await google.post("/oauth2/token", data={**form, **changes})


def claims(answer: httpx2.Response) -> dict[str, Any]:
    body = answer.json()["id_token"].split(".")[1]
    return dict(json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4))))


async def test_discovery_names_the_host_it_was_asked_at(google: httpx2.AsyncClient) -> None:
    found = (await google.get("/.well-known/openid-configuration")).json()

    assert found["issuer"] == str(google.base_url).rstrip("/")
    assert found["token_endpoint"].startswith(found["issuer"])
    assert (await google.get("/readyz")).json() == {"status": "ready"}


async def test_chooser_offers_every_account_by_name(google: httpx2.AsyncClient) -> None:
    page = (await google.get(question())).text

    for words in ("Choose an account", "Sam Demo", "demo@gotobuddy.example", "Alex", "Robin"):
        assert words in page
    assert "://" not in page.replace("http://localhost", "")


async def test_token_says_who_was_chosen(google: httpx2.AsyncClient) -> None:
    found = claims(await exchange(google, await code_for(google)))

    assert found["sub"] == "demo"
    assert found["email"] == "demo@gotobuddy.example"
    assert found["email_verified"] is True
    assert found["given_name"] == "Sam"
    assert found["nonce"] == "the nonce"


async def test_code_works_once(google: httpx2.AsyncClient) -> None:
    code = await code_for(google)
    await exchange(google, code)

    assert (await exchange(google, code)).json()["error"] == "invalid_grant"


@pytest.mark.parametrize(
    ("changes", "status", "error"),
    [
        ({"code_verifier": "another"}, 400, "invalid_grant"),
        ({"code_verifier": ""}, 400, "invalid_grant"),
        ({"client_secret": "wrong"}, 401, "invalid_client"),
        ({"client_id": "somebody"}, 401, "invalid_client"),
        ({"code": "made-up"}, 400, "invalid_grant"),
    ],
)
async def test_exchange_that_does_not_fit_is_refused(
    google: httpx2.AsyncClient, changes: dict[str, str], status: int, error: str
) -> None:
    answer = await exchange(google, changes.pop("code", await code_for(google)), **changes)

    assert (answer.status_code, answer.json()["error"]) == (status, error)


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"redirect_uri": "https://elsewhere.example/callback"}, "redirect_uri_mismatch"),
        ({"client_id": "somebody"}, "invalid_client"),
        ({"code_challenge_method": "plain"}, "invalid_request"),
    ],
)
async def test_browsers_are_sent_nowhere_else(
    google: httpx2.AsyncClient, changes: dict[str, str], error: str
) -> None:
    answer = await google.post(question(**changes), data={"sub": "demo"})

    assert answer.status_code == 400
    assert error in answer.text


async def test_denial_is_told_to_the_client(google: httpx2.AsyncClient) -> None:
    answer = await google.post(question(), data={"action": "deny"})

    query = parse_qs(urlsplit(answer.headers["location"]).query)
    assert (query["error"], query["state"]) == (["access_denied"], ["the state"])


async def test_seeded_accounts_replace_the_others_until_reset(google: httpx2.AsyncClient) -> None:
    keys = (await google.get("/jwks")).json()
    new = {"sub": "n", "email": "n@gotobuddy.example", "email_verified": False, "name": "Nia New"}
    await google.post("/_control/seed", json={"accounts": [new]})

    found = claims(await exchange(google, await code_for(google, "n")))
    gone = await google.post(question(), data={"sub": "demo"})
    await google.post("/_control/reset")
    back = claims(await exchange(google, await code_for(google)))

    assert (found["email_verified"], found["given_name"]) == (False, "Nia")
    assert gone.status_code == 400
    assert back["sub"] == "demo"
    assert (await google.get("/jwks")).json() == keys


async def test_failure_that_was_asked_for_comes_once(google: httpx2.AsyncClient) -> None:
    await google.post("/_control/fail_next", json={"route": "token", "status": 503})
    code = await code_for(google)

    assert (await exchange(google, code)).status_code == 503
    assert (await exchange(google, code)).status_code == 200


async def test_what_is_not_built_says_so(google: httpx2.AsyncClient) -> None:
    answer = await google.get("/oauth2/end_session")

    assert answer.status_code == 501

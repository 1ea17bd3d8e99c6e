"""Requests that no page of ours and no vendor sent: forged, replayed, injected, misdirected."""

from __future__ import annotations

import hashlib
import hmac
import json
import uuid
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime
from urllib.parse import parse_qs, urlsplit

import httpx2
import psycopg
import pytest
from starlette.routing import Route

from buddy_site import paths
from buddy_site.buddy_site import http as plain_http
from shared.services import accounts
from tests.e2e.running_site import RunningSite
from tests.integration.site.test_sign_in_over_http import Visitor

SECRET = b"whsec_sandbox"
EVIL = "https://evil.example"
FOREIGN: list[dict[str, str]] = [
    {},
    {"Origin": EVIL},
    {"Origin": "null"},
    {"Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "same-site"},
    {"Origin": EVIL, "Sec-Fetch-Site": "same-origin"},
]


@pytest.fixture
async def http(site: RunningSite) -> AsyncIterator[httpx2.AsyncClient]:
    async with httpx2.AsyncClient(base_url=site.url) as client:
        yield client


def with_method(method: str) -> list[str]:
    """Return the addresses beside Reflex that take this method, found in the app itself."""
    found = [
        route.path
        for route in plain_http().routes
        if isinstance(route, Route) and method in (route.methods or ())
    ]
    return sorted({path for path in found if path != paths.STRIPE_WEBHOOK})


@pytest.mark.parametrize("path", with_method("POST"))
@pytest.mark.parametrize("headers", FOREIGN, ids=str)
async def test_no_other_site_can_post_in_somebodys_name(
    site: RunningSite, http: httpx2.AsyncClient, path: str, headers: dict[str, str]
) -> None:
    token = site.token_for("demo")

    answer = await http.post(path, headers={**headers, "Cookie": site.cookie(token)})

    assert answer.status_code == 403
    assert site.account_of(token)


@pytest.mark.parametrize("path", [*with_method("POST"), paths.STRIPE_WEBHOOK])
async def test_following_a_link_posts_nothing(
    site: RunningSite, http: httpx2.AsyncClient, path: str
) -> None:
    token = site.token_for("demo")

    answer = await http.get(path, headers={"Cookie": site.cookie(token)})

    assert answer.status_code in (404, 405)
    assert site.account_of(token)


# Stripe: https://docs.stripe.com/webhooks#verify-manually


def stripe_event(**changes: object) -> bytes:
    event = {
        "id": f"evt_{uuid.uuid4().hex}",
        "object": "event",
        "type": "customer.subscription.created",
        "created": int(datetime.now(UTC).timestamp()),
        "data": {"object": {"id": "sub_forged", "object": "subscription", "customer": "cus_x"}},
        **changes,
    }
    return json.dumps(event).encode()


def stripe_signature(body: bytes, *, secret: bytes = SECRET, age_seconds: int = 0) -> str:
    at = int(datetime.now(UTC).timestamp()) - age_seconds
    digest = hmac.new(secret, f"{at}.".encode() + body, hashlib.sha256).hexdigest()
    return f"t={at},v1={digest}"


FORGERIES: dict[str, Callable[[bytes], str]] = {
    "empty": lambda _: "",
    "nonsense": lambda _: "t=soon,v1=x",
    "another secret": lambda body: stripe_signature(body, secret=b"whsec_guessed"),
    "of another body": lambda body: stripe_signature(body + b" "),
    "an hour old": lambda body: stripe_signature(body, age_seconds=3600),
    "v0 only": lambda body: stripe_signature(body).replace("v1=", "v0="),
    "no secret": lambda body: stripe_signature(body, secret=b""),
}


def billing_rows(site: RunningSite) -> list[tuple[object, ...]]:
    with psycopg.connect(site.database_urls.direct) as connection:
        return connection.execute(
            "SELECT (SELECT count(*) FROM processed_webhook), (SELECT count(*) FROM subscription),"
            " (SELECT count(*) FROM payment)"
        ).fetchall()


@pytest.mark.parametrize("forgery", FORGERIES)
async def test_webhook_that_stripe_did_not_sign_has_no_effect(
    site: RunningSite, http: httpx2.AsyncClient, forgery: str
) -> None:
    body, before = stripe_event(), billing_rows(site)
    headers = {"Stripe-Signature": FORGERIES[forgery](body)}

    unsigned = await http.post(paths.STRIPE_WEBHOOK, content=body)
    answer = await http.post(paths.STRIPE_WEBHOOK, content=body, headers=headers)

    assert (unsigned.status_code, answer.status_code) == (400, 400)
    assert billing_rows(site) == before


@pytest.mark.parametrize(
    "body", [b"", b"null", b"[]", b"{}", b"\xff\xfe", b"[" * 100_000, b'{"id": 1, "type": []}']
)
async def test_signed_nonsense_breaks_nothing(
    site: RunningSite, http: httpx2.AsyncClient, body: bytes
) -> None:
    before = billing_rows(site)

    answer = await http.post(
        paths.STRIPE_WEBHOOK, content=body, headers={"Stripe-Signature": stripe_signature(body)}
    )

    assert answer.status_code < 500
    assert billing_rows(site) == before


async def test_body_without_an_end_is_not_kept(http: httpx2.AsyncClient) -> None:
    answer = await http.post(paths.STRIPE_WEBHOOK, content=b"x" * 2_000_000)

    assert answer.status_code in (400, 413)


# Cookies


def is_archive(answer: httpx2.Response) -> bool:
    """Return whether it is everything that an account has."""
    return answer.headers.get("content-type", "") == "application/zip"


@pytest.mark.parametrize(
    "cookie",
    [
        "buddy_session=",
        "buddy_session=x",
        f"buddy_session={'A' * 43}",
        f"buddy_session={'A' * 100_00}",
        "buddy_session=' OR 1=1 --",
        "__Host-buddy_session={token}",  # the name over TLS
        "buddy_session={token}; buddy_session={token}",
        "buddy_session={token}x",
        "buddy_session={swapped}",
        "BUDDY_SESSION={token}",
    ],
)
async def test_cookie_that_is_not_quite_a_session_is_nobodys(
    site: RunningSite, http: httpx2.AsyncClient, cookie: str
) -> None:
    token = site.token_for("demo")
    sent = cookie.format(token=token, swapped=token.swapcase())

    answer = await http.post(paths.EXPORT, headers={"Cookie": sent, "Origin": site.url})

    assert answer.status_code in (303, 400, 403, 431)
    assert not is_archive(answer)


async def test_stolen_cookie_is_worth_nothing_after_signing_out(
    site: RunningSite, http: httpx2.AsyncClient
) -> None:
    token = site.token_for("demo")
    headers = {"Cookie": site.cookie(token), "Origin": site.url}
    before = await http.post(paths.EXPORT, headers=headers)
    site.database.transact_now(accounts.sign_out, token=token, now=datetime.now(UTC))

    after = await http.post(paths.EXPORT, headers=headers)

    assert (is_archive(before), is_archive(after)) == (True, False)


async def test_session_that_was_planted_before_signing_in_stays_the_planters(
    site: RunningSite,
) -> None:
    """Session fixation: the victim signs in with the attacker's cookie in their browser."""
    planted, victim = site.token_for("alex"), Visitor(site)
    victim.http.cookies.set("buddy_session", planted, domain="localhost.local", path="/")

    await victim.sign_in("demo")

    tokens = {cookie.value for cookie in victim.http.cookies.jar if cookie.name == "buddy_session"}
    await victim.http.aclose()
    assert tokens - {planted}
    planter = site.database.transact_now(accounts.signed_in, token=planted, now=datetime.now(UTC))
    assert planter is None or planter.email != "demo@gotobuddy.example"


# Addresses and headers


@pytest.mark.parametrize(
    "path",
    [
        "//evil.example/",
        "/\\evil.example",
        "//evil.example/%2e%2e",
        "/home//evil.example",
        "/auth/google?next=//evil.example",
        f"/auth/google?next={EVIL}",
        f"/sign-in?next={EVIL}",
        f"/sign-in/?next={EVIL}",
        "/calls%0d%0aLocation:%20https://evil.example",
        "/auth/google?next=/calls%0d%0aSet-Cookie:%20buddy_session=x",
    ],
)
@pytest.mark.parametrize("host", [None, "127.0.0.1", "evil.example", "localhost@evil.example"])
async def test_nothing_leads_away_or_sets_what_an_address_says(
    site: RunningSite, path: str, host: str | None
) -> None:
    site_at, google_at = urlsplit(site.url), urlsplit(site.google_url)
    headers = {} if host is None else {"Host": f"{host}:{site_at.port}"}
    request = httpx2.Request("GET", site.url, headers=headers)
    request.url = httpx2.URL(site.url).copy_with(raw_path=path.encode())
    async with httpx2.AsyncClient() as client:
        answer = await client.send(request)

    where = urlsplit(answer.headers.get("location", ""))
    assert answer.status_code < 500
    assert where.netloc in ("", site_at.netloc, google_at.netloc)
    assert not answer.headers.get("location", "").startswith(("//", "/\\"))
    assert "buddy_session=x" not in answer.headers.get("set-cookie", "")
    if where.netloc == google_at.netloc:
        (back,) = parse_qs(where.query)["redirect_uri"]
        assert back == site.url + paths.GOOGLE_CALLBACK


@pytest.mark.parametrize(
    "path", ["/_upload", "/_upload/x", "/_all_routes", "/_health", "/auth-codespace"]
)
async def test_what_the_framework_could_serve_and_nobody_needs_is_not_there(
    http: httpx2.AsyncClient, path: str
) -> None:
    got = await http.get(path)
    posted = await http.post(path)

    assert (got.status_code, posted.status_code) == (404, 404)

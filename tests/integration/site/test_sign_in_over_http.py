"""Signing in and out over HTTP: every way it can go wrong, and what a visitor is left with."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx2
import pytest

from shared.services import accounts, profiles
from tests.e2e.running_site import RunningSite

SESSION = "buddy_session"
SUBJECT = "demo"


class Visitor:
    """A browser without a screen: it keeps cookies and stops at every redirect."""

    def __init__(self, site: RunningSite) -> None:
        self._site = site
        self.http = httpx2.AsyncClient(base_url=site.url, follow_redirects=False)

    async def start(self, wanted: str | None = None) -> str:
        """Begin to sign in; return Google's address for it."""
        answer = await self.http.get("/auth/google", params={"next": wanted} if wanted else {})
        assert answer.status_code == 302, answer.text
        return answer.headers["location"]

    async def choose(self, address: str, subject: str = SUBJECT, **form: str) -> str:
        """Choose an account at Google; return where it sends the visitor back to."""
        async with httpx2.AsyncClient() as google:
            answer = await google.post(address, data=form or {"sub": subject})
        assert answer.status_code == 302, answer.text
        return answer.headers["location"]

    async def sign_in(self, subject: str = SUBJECT, wanted: str | None = None) -> httpx2.Response:
        return await self.http.get(await self.choose(await self.start(wanted), subject))

    @property
    def token(self) -> str:
        return str(self.http.cookies.get(SESSION) or "")

    def someone(self) -> accounts.SignedIn | None:
        return self._site.database.transact_now(
            accounts.signed_in, token=self.token, now=datetime.now(UTC)
        )


@pytest.fixture
async def visitor(site: RunningSite) -> AsyncIterator[Visitor]:
    visitor = Visitor(site)
    yield visitor
    await visitor.http.aclose()


@pytest.fixture
async def google(site: RunningSite) -> AsyncIterator[httpx2.AsyncClient]:
    """Steer the sandbox's Google; put everything back afterwards."""
    async with httpx2.AsyncClient(base_url=site.google_url) as client:
        yield client
        await client.post("/_control/reset")


def problem(answer: httpx2.Response) -> str:
    assert answer.status_code == 303, answer.text
    address = urlsplit(answer.headers["location"])
    assert address.path.rstrip("/") == "/sign-in"
    return parse_qs(address.query)["problem"][0]


async def test_session_cookie_is_for_the_server_only(visitor: Visitor) -> None:
    answer = await visitor.sign_in()

    assert (answer.status_code, answer.headers["location"]) == (303, "/home")
    [cookie] = [c for c in answer.headers.get_list("set-cookie") if c.startswith(f"{SESSION}=")]
    flags = {part.strip().lower() for part in cookie.split(";")[1:]}
    assert {"httponly", "samesite=lax", "path=/"} <= flags
    someone = visitor.someone()
    assert someone is not None
    assert someone.email == "demo@gotobuddy.example"


async def test_first_sign_in_takes_the_browsers_time_zone(visitor: Visitor) -> None:
    visitor.http.cookies.set("zone", "Europe%2FBerlin")

    await visitor.sign_in("robin")

    someone = visitor.someone()
    assert someone is not None
    profile = visitor._site.database.transact_now(profiles.profile, account_id=someone.account_id)
    assert profile.time_zone == "Europe/Berlin"


async def test_request_to_google_carries_state_nonce_and_pkce(visitor: Visitor) -> None:
    query = parse_qs(urlsplit(await visitor.start()).query)

    assert query["code_challenge_method"] == ["S256"]
    assert {"state", "nonce", "code_challenge"} <= set(query)
    assert query["redirect_uri"] == [
        f"{visitor.http.base_url}/auth/google/callback".replace("//auth", "/auth")
    ]


async def test_signing_in_again_ends_the_former_session(visitor: Visitor) -> None:
    await visitor.sign_in()
    former = visitor.token

    await visitor.sign_in()

    assert visitor.token != former
    database = visitor._site.database
    assert database.transact_now(accounts.signed_in, token=former, now=datetime.now(UTC)) is None


async def test_denial_leads_to_a_page_that_says_so(visitor: Visitor) -> None:
    back = await visitor.choose(await visitor.start(), action="deny")

    answer = await visitor.http.get(back)

    assert problem(answer) == "denied"
    assert visitor.token == ""


async def test_replayed_answer_gives_nobody_a_session(visitor: Visitor, site: RunningSite) -> None:
    back = await visitor.choose(await visitor.start())
    await visitor.http.get(back)
    first = visitor.token

    again = await visitor.http.get(back)
    thief = Visitor(site)
    stolen = await thief.http.get(back)

    assert again.headers["location"] == "/home"
    assert visitor.token == first
    assert problem(stolen) == "expired"
    assert thief.token == ""
    await thief.http.aclose()


async def test_answer_of_another_browsers_sign_in_is_refused(
    visitor: Visitor, site: RunningSite
) -> None:
    """Nobody can be signed in to the attacker's account by a link."""
    attacker = Visitor(site)
    back = await attacker.choose(await attacker.start(), "alex")
    await visitor.start()

    answer = await visitor.http.get(back)

    assert problem(answer) == "expired"
    assert visitor.token == ""
    await attacker.http.aclose()


async def test_two_tabs_sign_in_at_once_each_to_its_page(visitor: Visitor) -> None:
    first, second = await visitor.start("/calls"), await visitor.start("/profile")

    late = await visitor.http.get(await visitor.choose(second))
    later = await visitor.http.get(await visitor.choose(first))

    assert (late.headers["location"], later.headers["location"]) == ("/profile", "/calls")
    assert visitor.someone() is not None
    assert [name for name in visitor.http.cookies if name.startswith("buddy_sign_in")] == []


async def test_tabs_without_number_leave_no_cookies_without_number(visitor: Visitor) -> None:
    for _ in range(12):
        newest = await visitor.start()

    kept = [name for name in visitor.http.cookies if name.startswith("buddy_sign_in")]
    assert len(kept) == 5
    back = await visitor.http.get(await visitor.choose(newest))
    assert back.headers["location"] == "/home"


async def test_lost_or_forged_cookie_of_a_sign_in_is_said(visitor: Visitor) -> None:
    lost = await visitor.choose(await visitor.start())
    visitor.http.cookies.clear()
    assert problem(await visitor.http.get(lost)) == "expired"

    forged = await visitor.choose(await visitor.start())
    [name] = [name for name in visitor.http.cookies if name.startswith("buddy_sign_in")]
    value = visitor.http.cookies[name]
    visitor.http.cookies.clear()
    visitor.http.cookies.set(name, value.rpartition(".")[0] + "." + "A" * 27)
    assert problem(await visitor.http.get(forged)) == "expired"
    assert visitor.token == ""


async def test_made_up_answers_are_refused(visitor: Visitor) -> None:
    state = parse_qs(urlsplit(await visitor.start()).query)["state"][0]

    made_up = await visitor.http.get(
        "/auth/google/callback", params={"state": state, "code": "made-up"}
    )
    without_code = await visitor.http.get("/auth/google/callback", params={"state": "x"})
    empty = await visitor.http.get("/auth/google/callback")

    assert problem(made_up) == "failed"
    assert problem(without_code) == "expired"
    assert problem(empty) in ("expired", "failed")
    assert visitor.token == ""


@pytest.mark.parametrize("failure", [{"disconnect": True}, {"status": 503}])
async def test_google_failing_is_said_and_not_held_against_the_person(
    visitor: Visitor, google: httpx2.AsyncClient, failure: dict[str, Any]
) -> None:
    back = await visitor.choose(await visitor.start())
    await google.post("/_control/fail_next", json={"route": "token", **failure})

    answer = await visitor.http.get(back)

    assert problem(answer) in ("unreachable", "failed")
    assert visitor.token == ""
    assert (await visitor.sign_in()).headers["location"] == "/home"


async def test_unverified_address_is_nobody(visitor: Visitor, google: httpx2.AsyncClient) -> None:
    await google.post(
        "/_control/seed",
        json={
            "accounts": [{"sub": "x", "email": "demo@gotobuddy.example", "email_verified": False}]
        },
    )

    answer = await visitor.sign_in("x")

    assert problem(answer) == "unverified"
    assert visitor.token == ""


@pytest.mark.parametrize(
    ("wanted", "where"),
    [
        ("/calls", "/calls"),
        ("/calls/call_0123456789abcdef01234567", "/calls/call_0123456789abcdef01234567"),
        ("//evil.example", "/home"),
        ("https://evil.example/", "/home"),
        ("/\\evil.example", "/home"),
        ("/calls/..//evil.example", "/home"),
        ("/auth/sign-out", "/home"),
    ],
)
async def test_sign_in_leads_to_pages_of_ours_only(
    visitor: Visitor, wanted: str, where: str
) -> None:
    answer = await visitor.sign_in(wanted=wanted)

    assert answer.headers["location"] == where


async def test_sign_out_ends_the_session_on_the_server(visitor: Visitor, site: RunningSite) -> None:
    await visitor.sign_in()
    token = visitor.token

    answer = await visitor.http.post("/auth/sign-out", headers={"Origin": site.url})

    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    assert visitor.token == ""
    assert (
        site.database.transact_now(accounts.signed_in, token=token, now=datetime.now(UTC)) is None
    )


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Origin": "https://elsewhere.example"},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Origin": "https://elsewhere.example", "Sec-Fetch-Site": "same-origin"},
    ],
)
async def test_other_sites_can_sign_nobody_out(visitor: Visitor, headers: dict[str, str]) -> None:
    await visitor.sign_in()

    answer = await visitor.http.post("/auth/sign-out", headers=headers)

    assert answer.status_code == 403
    assert visitor.someone() is not None


async def test_following_a_link_signs_nobody_out(visitor: Visitor) -> None:
    await visitor.sign_in()

    answer = await visitor.http.get("/auth/sign-out")

    assert answer.status_code in (404, 405)
    assert visitor.someone() is not None


async def test_operators_are_known_by_their_verified_address(
    visitor: Visitor, site: RunningSite
) -> None:
    await visitor.sign_in("robin")
    before = visitor.someone()

    site.database.transact_now(
        accounts.add_operator, email="Robin@gotobuddy.example", now=datetime.now(UTC)
    )

    after = visitor.someone()
    assert before is not None
    assert after is not None
    assert (before.is_operator, after.is_operator) == (False, True)


async def test_strangers_token_is_nobody(visitor: Visitor) -> None:
    visitor.http.cookies.set(SESSION, uuid.uuid4().hex + uuid.uuid4().hex)

    assert visitor.someone() is None
    assert (await visitor.http.get("/")).status_code == 200

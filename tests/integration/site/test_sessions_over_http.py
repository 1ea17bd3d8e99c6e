"""Sign-in sessions over days: tokens that are replaced, copies of them, and pages left open."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import httpx2
import pytest
from sqlalchemy import update
from sqlmodel import Session, col

from buddy_site.state.account import AccountState
from buddy_site.state.profile import ProfileState
from shared.services import accounts, sign_in_sessions
from shared.tables.account import SignInSession
from tests.e2e.running_site import RunningSite
from tests.integration.site.socket_client import state_socket

COOKIE = "buddy_session"
PAGE = {"Accept": "text/html,application/xhtml+xml"}


class Browser:
    """Loads pages, and lets days go by."""

    def __init__(self, site: RunningSite) -> None:
        self.site = site
        self.http = httpx2.AsyncClient(base_url=site.url)
        self.token = site.token_for("demo")

    @property
    def token(self) -> str:
        return str(self.http.cookies.get(COOKIE) or "")

    @token.setter
    def token(self, token: str) -> None:
        self.http.cookies.clear()
        self.http.cookies.set(COOKIE, token, domain="localhost.local", path="/")

    async def load(self, path: str = "/home/", headers: dict[str, str] | None = None) -> list[str]:
        """Load a page; return the session cookies that came with it."""
        answer = await self.http.get(path, headers=headers or PAGE)
        return [one for one in answer.headers.get_list("set-cookie") if one.startswith(COOKIE)]

    def someone(self, token: str) -> accounts.SignedIn | None:
        return self.site.database.transact_now(
            accounts.signed_in, token=token, now=datetime.now(UTC)
        )

    def a_day_goes_by(self) -> None:
        """Make the token a day old."""
        found = self.someone(self.token)
        assert found is not None

        def age(session: Session) -> None:
            session.execute(
                update(SignInSession)
                .where(col(SignInSession.id) == found.session_id)
                .values(rotated_at=datetime.now(UTC) - timedelta(days=1, minutes=1))
            )

        self.site.database.transact_now(age)


@pytest.fixture
async def browser(site: RunningSite) -> AsyncIterator[Browser]:
    browser = Browser(site)
    yield browser
    await browser.http.aclose()


async def test_page_load_replaces_a_token_that_is_a_day_old(browser: Browser) -> None:
    first = browser.token
    assert await browser.load() == []
    browser.a_day_goes_by()

    [cookie] = await browser.load()

    flags = {part.strip().lower() for part in cookie.split(";")[1:]}
    assert {"httponly", "samesite=lax", "path=/"} <= flags
    assert browser.token != first
    assert browser.someone(browser.token) is not None
    assert browser.someone(first) is not None
    assert await browser.load() == []


async def test_only_pages_do(browser: Browser) -> None:
    browser.a_day_goes_by()

    assert await browser.load("/favicon.svg") == [] or browser.someone(browser.token) is not None
    assert await browser.load("/home/", {"Accept": "*/*"}) == []


async def test_copy_of_an_old_token_opens_nothing_and_ends_the_session(
    browser: Browser, site: RunningSite
) -> None:
    stolen = browser.token
    for _ in range(2):
        browser.a_day_goes_by()
        await browser.load()
    owner = browser.token
    thief = Browser(site)
    thief.token = stolen

    [cookie] = await thief.load()

    assert "Max-Age=0" in cookie
    assert browser.someone(owner) is None
    await thief.http.aclose()


async def test_tab_that_stays_open_for_days_is_no_copy(browser: Browser, site: RunningSite) -> None:
    """A websocket keeps the headers it was opened with; its token is replaced behind its back."""
    async with state_socket(site.url, cookie=site.cookie(browser.token)) as socket:
        for _ in range(3):
            browser.a_day_goes_by()
            await browser.load()

        await socket.call(f"{ProfileState.get_full_name()}.load", "/profile")
        await socket.until('"spoken_name_rx_state_": "Sam"')

    assert browser.someone(browser.token) is not None


async def test_name_of_a_session_is_no_token(browser: Browser, site: RunningSite) -> None:
    """What stands in a websocket's headers instead of the token is ours to put there."""
    found = browser.someone(browser.token)
    assert found is not None

    async with state_socket(site.url, cookie=site.cookie(found.session_id)) as socket:
        await socket.call(f"{ProfileState.get_full_name()}.load", "/profile")
        await socket.until("/sign-in")
        said = await socket.settled()

    assert '"Sam"' not in said
    assert (await browser.http.get("/account/export")).status_code != 200


async def test_open_page_leaves_at_once_when_its_session_is_revoked(
    browser: Browser, site: RunningSite
) -> None:
    elsewhere = Browser(site)
    here, there = browser.someone(browser.token), browser.someone(elsewhere.token)
    assert here is not None
    assert there is not None

    async with (
        state_socket(site.url, cookie=site.cookie(browser.token)) as mine,
        state_socket(site.url, cookie=site.cookie(elsewhere.token)) as revoked,
    ):
        for socket in (mine, revoked):
            await socket.call(f"{AccountState.get_full_name()}.enter", "/profile")
            await socket.until("demo@gotobuddy.example")
            await socket.call(f"{AccountState.get_full_name()}.stay", "/profile")
        site.database.transact_now(
            sign_in_sessions.revoke,
            account_id=here.account_id,
            session_id=there.session_id,
            now=datetime.now(UTC),
        )

        await revoked.until("window.location.assign")
        await mine.call(f"{ProfileState.get_full_name()}.load", "/profile")
        await mine.until('"spoken_name_rx_state_": "Sam"')
        assert "window.location.assign" not in mine.said
    await elsewhere.http.aclose()

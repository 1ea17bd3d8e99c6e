"""Talk time in a browser: it moves while it is talked, and the ledger says where it went."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime

import pytest
from playwright.async_api import expect

from shared.services import talk_time
from tests.e2e.conftest import SignIn, Visit
from tests.e2e.pages.talk_time import TalkTimePage
from tests.e2e.running_site import Caller, RunningSite

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_minutes_move_while_they_are_talked_and_the_ledger_tells(
    visit: Visit, sign_in: SignIn, site: RunningSite
) -> None:
    page = await visit("/sign-in", width=390)
    await sign_in(page, "Sam Demo")
    talk = await TalkTimePage(page).open()
    before = site.database.transact_now(
        talk_time.overview,
        account_id=site.account_of(site.token_for("demo")),
        now=datetime.now(UTC),
    ).seconds_left
    caller = Caller(site, f"CA{uuid.uuid4().hex}")
    caller.choose()

    def renew(used_seconds: int) -> None:
        site.database.transact_now(
            talk_time.reserve,
            call_id=caller.call_id,
            used_seconds=used_seconds,
            now=datetime.now(UTC),
        )

    for used_seconds in (0, 115, 235):
        renew(used_seconds)
        left = (before - used_seconds - 10) // 60
        await expect(talk.left).to_contain_text(f"{left} min")
        await expect(talk.in_header).to_contain_text(f"{left} min")
    await expect(talk.left).to_contain_text("A call is running.")
    caller.hang_up(used_seconds=236)

    await expect(talk.changes.first).to_contain_text("Call with Ethan, 3 min 56 s")
    await expect(talk.changes.first).to_contain_text("\N{MINUS SIGN}3 min 56 s")
    await expect(talk.left).not_to_contain_text("running")
    assert await talk.width() <= 390
    assert await talk.flaws() == []

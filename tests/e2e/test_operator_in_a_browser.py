"""How it stands, in an operator's browser, and in nobody else's."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime

import pytest
from playwright.async_api import Page, expect
from sqlmodel import Session

from shared.ids import CallId
from shared.services import accounts
from shared.tables.call import TurnTiming
from tests.e2e.conftest import SignIn, Visit
from tests.e2e.pages.site_page import SitePage
from tests.e2e.running_site import MAYA, Caller, RunningSite

pytestmark = pytest.mark.asyncio(loop_scope="session")

SECRET = "what nobody reads without a reason"


def timed_call(site: RunningSite) -> CallId:
    """Have a call with Maya of three turns: one made ahead, one covered, one never answered.

    No other test of the session calls her: the day's figures are by buddy, and hers are this call's.
    """
    caller = Caller(site, f"CA{uuid.uuid4().hex}")
    caller.choose(MAYA)
    caller.say("caller", SECRET)
    site.database.transact_now(_time, caller.call_id)
    caller.hang_up()
    return caller.call_id


def _time(session: Session, call_id: CallId) -> None:
    turns = (
        (480.0, 800.0, 690.0, 780.0, 950.0, 960.0, 1400.0, True, False),
        (810.0, 800.0, 2400.0, 2900.0, 3150.0, 1520.0, 3900.0, False, True),
        (820.0, 810.0, None, None, None, None, None, False, False),
    )
    for turn, (request, ended, token, segment, byte, frame, mark, ahead, filler) in enumerate(
        turns, start=1
    ):
        session.add(
            TurnTiming(
                call_id=call_id,
                turn=turn,
                offset_ms=turn * 15_000,
                was_speculated=ahead,
                had_filler=filler,
                final_words_ms=260.0,
                request_ms=request,
                turn_ended_ms=ended,
                first_token_ms=token,
                first_segment_ms=segment,
                first_byte_ms=byte,
                first_frame_ms=frame,
                first_mark_ms=mark,
                gap_ms=frame,
            )
        )


async def can_be_read(page: Page, width: int) -> None:
    assert await SitePage(page).width() <= width
    assert await SitePage(page).flaws() == []


async def test_an_operator_goes_from_the_day_to_the_worst_call_and_its_turns(
    visit: Visit, sign_in: SignIn, site: RunningSite
) -> None:
    width = 390
    call_id = timed_call(site)
    site.database.transact_now(
        accounts.add_operator, email="alex@gotobuddy.example", now=datetime.now(UTC)
    )
    page = await visit("/", mode="dark", width=width)
    await sign_in(page, "Alex Other")

    await page.get_by_role("link", name="Operator").click()
    await expect(page.get_by_role("heading", name="How it stands")).to_be_visible()
    gaps = page.get_by_role("table", name="Gaps by buddy")
    await expect(gaps.get_by_role("row", name="Maya")).to_contain_text("1,240 ms")
    await expect(page.get_by_text("gpt-4o-mini-tts, used for speech")).to_be_visible()
    await can_be_read(page, width)

    await page.locator(f"a[href$='{call_id}']").click()
    turns = page.get_by_role("list", name="Turns").get_by_role("listitem")
    await expect(turns).to_have_count(3)
    await expect(turns.nth(0)).to_contain_text("960 ms")
    await expect(turns.nth(0)).to_contain_text("made ahead")
    await expect(turns.nth(1)).to_contain_text("covered with a filler")
    await expect(turns.nth(2)).to_contain_text("no answer was heard")
    await turns.nth(0).get_by_text("Each stage").click()
    await expect(turns.nth(0).get_by_role("definition").nth(1)).to_contain_text("220 ms")
    await expect(page.get_by_text(SECRET)).to_have_count(0)
    await can_be_read(page, width)


async def test_nobody_else_sees_how_it_stands(
    visit: Visit, sign_in: SignIn, site: RunningSite
) -> None:
    call_id = timed_call(site)
    page = await visit("/")
    await sign_in(page, "Sam Demo")
    await expect(page.get_by_role("link", name="Operator")).to_have_count(0)

    await page.goto("/operator")
    await expect(page.get_by_text("There is nothing here for you")).to_be_visible()
    await expect(page.get_by_role("table")).to_have_count(0)

    await page.goto(f"/operator/calls/{call_id}")
    await expect(page.get_by_text("There is nothing here for you")).to_be_visible()
    await expect(page.get_by_text("How fast it was")).to_have_count(0)

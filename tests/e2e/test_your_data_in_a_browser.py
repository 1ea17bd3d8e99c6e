"""One's data in a browser: taken along, deleted call by call, and deleted altogether."""

from __future__ import annotations

import io
import uuid
import zipfile
from pathlib import Path

import pytest
from playwright.async_api import expect

from shared.services import calls
from shared.services.calls import CallNotFound
from tests.e2e.conftest import SignIn, Visit
from tests.e2e.running_site import Caller, RunningSite

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_a_call_is_deleted_in_two_clicks(
    visit: Visit, sign_in: SignIn, site: RunningSite
) -> None:
    caller = Caller(site, f"CA{uuid.uuid4().hex}")
    caller.choose()
    caller.say("caller", "forget this please")
    caller.hang_up()
    page = await visit("/sign-in")
    await sign_in(page, "Sam Demo")
    await page.goto(f"/calls/{caller.call_id}")
    await expect(page.get_by_text("forget this please")).to_be_visible()

    await page.get_by_text("Delete this call").click()
    await page.get_by_role("button", name="Yes, delete it").click()

    await page.wait_for_url("**/calls**")
    await expect(page.get_by_role("heading", name="Your calls")).to_be_visible()
    await expect(page.locator(f"a[href$='{caller.call_id}']")).to_have_count(0)
    owner = site.account_of(site.token_for("demo"))
    with pytest.raises(CallNotFound):
        site.database.transact_now(calls.detail, account_id=owner, call_id=caller.call_id)


async def test_everything_is_taken_along_and_then_deleted(
    visit: Visit, sign_in: SignIn, tmp_path: Path
) -> None:
    page = await visit("/sign-in", width=390)
    await sign_in(page, "Robin Third")
    await page.goto("/your-data")

    async with page.expect_download() as downloading:
        await page.get_by_role("button", name="Download everything").click()
    packed = tmp_path / "export.zip"
    await (await downloading.value).save_as(packed)
    with zipfile.ZipFile(io.BytesIO(packed.read_bytes())) as archive:
        assert "account.json" in archive.namelist()

    await page.get_by_text("Delete my account").click()
    await page.get_by_role("button", name="Yes, delete everything").click()

    await expect(page.get_by_role("heading", name="Your account is deleted")).to_be_visible()
    await expect(page.get_by_role("link", name="Sign in")).to_be_visible()
    await page.goto("/home")
    await page.wait_for_url("**/sign-in**")

"""The export: everything of one's own, and for its owner alone."""

from __future__ import annotations

import io
import json
import zipfile
from typing import Any

import httpx2
import pytest

from tests.e2e.running_site import Caller, RunningSite

SESSION = "buddy_session"


async def ask(site: RunningSite, token: str | None, origin: str | None) -> httpx2.Response:
    headers = {"cookie": f"{SESSION}={token}"} if token else {}
    if origin is not None:
        headers["origin"] = origin
    async with httpx2.AsyncClient(base_url=site.url, follow_redirects=False) as http:
        return await http.post("/account/export", headers=headers)


async def test_the_archive_holds_the_account_and_its_calls(site: RunningSite) -> None:
    token = site.token_for("demo")
    caller = Caller(site, "CAexported")
    caller.choose()
    caller.say("caller", "what is umami")
    caller.hang_up()

    answer = await ask(site, token, site.url)

    with zipfile.ZipFile(io.BytesIO(answer.content)) as file:
        account: dict[str, Any] = json.loads(file.read("account.json"))
        pages = [file.read(name).decode() for name in file.namelist() if "calls/" in name]
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["content-disposition"].startswith('attachment; filename="gotobuddy-')
    assert account["account_id"] == site.account_of(token)
    assert account["numbers"] == ["+14155550123"]
    assert account["profile"]["spoken_name"] == "Sam"
    assert len(account["calls"]) == len(pages)
    assert "You: what is umami" in pages[-1]


@pytest.mark.parametrize("origin", ["https://evil.example", None, "null"])
async def test_other_pages_get_nothing(site: RunningSite, origin: str | None) -> None:
    answer = await ask(site, site.token_for("demo"), origin)

    assert answer.status_code == 403


async def test_a_stranger_is_asked_to_sign_in(site: RunningSite) -> None:
    answer = await ask(site, None, site.url)

    assert (answer.status_code, answer.headers["location"]) == (303, "/sign-in/?next=/your-data")

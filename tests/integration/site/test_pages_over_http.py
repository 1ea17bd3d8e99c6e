"""What the site answers over plain HTTP, before any script runs."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator

import httpx2
import pytest

from tests.e2e.running_site import RunningSite


@pytest.fixture
async def http(site: RunningSite) -> AsyncIterator[httpx2.AsyncClient]:
    async with httpx2.AsyncClient(base_url=site.url) as client:
        yield client


@pytest.mark.parametrize("path", ["/", "/sign-in/", "/calls/", "/calls/call_1", "/nowhere"])
async def test_every_page_is_guarded_by_headers(http: httpx2.AsyncClient, path: str) -> None:
    headers = (await http.get(path)).headers

    policy = headers["content-security-policy"]
    assert "default-src 'self'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "object-src 'none'" in policy
    assert "form-action 'self'" in policy
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "same-origin"
    assert headers["cache-control"] == "no-cache"


async def test_landing_page_reads_without_a_script(http: httpx2.AsyncClient) -> None:
    text = (await http.get("/")).text

    for words in (
        "Six AI buddies",
        "tel:+14155550100",
        "988",
        "911",
        "Lisa",
        "Maya",
        "18 and over",
    ):
        assert words in text
    assert 'lang="en"' in text


async def test_page_names_the_socket_it_was_served_from(
    http: httpx2.AsyncClient, site: RunningSite
) -> None:
    """The same build serves any port: the address is filled in when it is served."""
    page = (await http.get("/")).text
    [script] = set(re.findall(r"/assets/reflex-env-[\w-]+\.js", page))

    answer = await http.get(script)

    assert f"{site.url.replace('http', 'ws')}/_event" in answer.text
    assert "immutable" in answer.headers["cache-control"]


async def test_address_that_leads_nowhere_is_a_real_404(http: httpx2.AsyncClient) -> None:
    answer = await http.get("/nowhere")

    assert answer.status_code == 404
    assert answer.headers["content-type"].startswith("text/html")


async def test_private_pages_carry_nothing_private(http: httpx2.AsyncClient) -> None:
    for path in ("/calls/", "/home/", "/calls/call_1"):
        text = (await http.get(path)).text
        assert "gotobuddy.example" not in text
        assert "+14155550123" not in text


async def test_supervisor_is_told_when_it_is_ready(http: httpx2.AsyncClient) -> None:
    assert (await http.get("/healthz")).json() == {"status": "ok"}
    assert (await http.get("/readyz")).json() == {"status": "ready"}


async def test_other_name_of_this_machine_leads_to_the_right_one(
    http: httpx2.AsyncClient, site: RunningSite
) -> None:
    other = site.url.replace("localhost", "127.0.0.1")

    answer = await http.get(f"{other}/calls?x=1")

    assert answer.status_code == 307
    assert answer.headers["location"] == f"{site.url}/calls?x=1"


async def test_nothing_can_be_uploaded(http: httpx2.AsyncClient) -> None:
    answer = await http.post("/_upload")

    assert answer.status_code in (404, 405)


async def test_foreign_pages_may_read_nothing(http: httpx2.AsyncClient) -> None:
    answer = await http.get("/", headers={"Origin": "https://elsewhere.example"})

    assert "access-control-allow-origin" not in answer.headers

"""The test phone's page without the page: what its websocket takes and tells."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import aiohttp

from tests.integration.sandbox.twilio.talking import NOTICE, Buddy, sandbox_with

PATIENCE = 15.0
STORY = "Once upon a time there was a pot of marmalade, and in it lived a very small duck."


@dataclass
class Page:
    """The browser's end."""

    socket: aiohttp.ClientWebSocketResponse
    events: list[dict[str, Any]] = field(default_factory=list)
    frames: int = 0

    async def do(self, what: str, **details: Any) -> None:
        await self.socket.send_json({"do": what, **details})

    async def until(self, event: str, **wanted: str) -> dict[str, Any]:
        """Return the next event of a kind whose texts contain what is wanted."""
        async with asyncio.timeout(PATIENCE):
            async for message in self.socket:
                if message.type is aiohttp.WSMsgType.BINARY:
                    self.frames += 1
                    continue
                told = json.loads(message.data)
                self.events.append(told)
                if told["event"] == event and all(v in told[k] for k, v in wanted.items()):
                    return dict(told)
        raise AssertionError(self.events)


@asynccontextmanager
async def page_of(url: str) -> AsyncIterator[Page]:
    async with aiohttp.ClientSession() as http, http.ws_connect(f"{url}/_phone/page") as socket:
        page = Page(socket)
        assert await page.until("ready") == {
            "event": "ready",
            "number": "+14155550100",
            "caller": "+14155550123",
            "is_scripted": True,
        }
        yield page


async def storyteller(line: Buddy) -> None:
    await line.say(NOTICE)
    await line.begin(STORY)
    await line.until_voice()
    await line.clear()
    await line.listen()
    await line.say("Sorry.")
    await line.until_key()


async def test_an_interruption_shows_where_the_buddy_stopped() -> None:
    async with sandbox_with(storyteller) as url, page_of(url) as page:
        await page.do("dial", **{"from": "+14155550123", "stir_verstat": "TN-Validation-Passed-B"})
        called = await page.until("calling")
        await page.until("heard", text="once upon")
        await page.do("say", text="wait")
        cut = await page.until("interrupted")
        await page.until("heard", text="sorry.")
        await page.do("press", digit="#")
        await page.until("ended")
        async with (
            aiohttp.ClientSession() as http,
            http.get(f"{url}/_control/requests") as answer,
        ):
            told = json.dumps(await answer.json())

    read = {told["passage"]: told["text"] for told in page.events if told["event"] == "heard"}
    story = " ".join(text for passage, text in read.items() if passage <= cut["passage"])
    assert called["to"] == "+14155550100"
    assert "TN-Validation-Passed-B" in told
    assert cut["dropped_ms"] > 0
    assert "once upon a time" in story
    assert "duck" not in story
    assert read[max(read)] == "sorry."
    assert page.frames > 100


async def test_what_can_not_be_done_is_told() -> None:
    async with sandbox_with(storyteller) as url, page_of(url) as page:
        await page.do("dial", **{"from": "+14155550123", "to": "+14155550111"})
        nobody = await page.until("trouble")
        await page.until("read")
        await page.do("say", text="to nobody")
        await page.socket.send_str("no order at all")
        await page.do("dial", **{"from": "anonymous"})
        await page.until("answered")
        await page.do("play", name="x.wav", wav="???")
        torn = await page.until("trouble")
        await page.do("play", name="x.wav", wav=base64.b64encode(b"ID3").decode())
        unreadable = await page.until("trouble")
        await page.do("hang_up")
        ended = await page.until("ended")
        await page.do("dial", **{"from": "anonymous"})  # while the last words are still read
        await page.until("answered")

    assert "nobody has the number" in nobody["text"]
    assert "did not arrive whole" in torn["text"]
    assert "not a WAV file" in unreadable["text"]
    assert ended["reason"] == "caller"


async def test_a_page_that_is_closed_has_hung_up() -> None:
    async with sandbox_with(storyteller) as url:
        async with page_of(url) as page:
            await page.do("dial", **{"from": "+14155550123"})
            called = await page.until("calling")
            await page.until("answered")
        async with aiohttp.ClientSession() as http, asyncio.timeout(PATIENCE):
            view: dict[str, Any] = {}
            while view.get("status") != "completed":
                async with http.get(f"{url}/_phone/calls/{called['call_sid']}") as answer:
                    view = await answer.json()

    assert view["end_reason"] == "caller"

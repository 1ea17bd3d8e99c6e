"""The test phone's page: `/phone`, plain files of `sandbox/phone/page/`, and its websocket."""

from __future__ import annotations

import asyncio
import json
from collections import deque
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

import aiohttp
from quart import Blueprint, websocket

from sandbox.files import page_files
from sandbox.phone.handset import Handset
from sandbox.phone.line import NoExchange

FOLDER: Final = Path(__file__).parent / "page"
MOST_WAITING: Final = 50 * 10  # sound and events that a page may leave unread


def phone_page() -> Blueprint:
    """Return the routes; the page's telephone calls through the server that serves it."""
    site = page_files("phone_page", FOLDER, pages={"/phone": "phone.html"}, at="/phone/files")

    @site.websocket("/_phone/page")
    async def handset() -> None:
        await websocket.accept()
        host, port = websocket.scope["server"] or ("127.0.0.1", None)
        outbox = _Outbox()
        async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=None)) as http:
            phone = Handset(http, f"http://{host}:{port}", tell=outbox.tell, play=outbox.put)
            sending = asyncio.create_task(outbox.send_all())
            try:
                with suppress(NoExchange):
                    await phone.ready()
                while True:
                    await phone.take(_order(await websocket.receive()))
            finally:
                sending.cancel()
                await phone.close()

    return site


def _order(message: Any) -> dict[str, Any]:
    try:
        order = json.loads(message)
    except (TypeError, ValueError):
        return {}
    return order if isinstance(order, dict) else {}


class _Outbox:
    """What goes to the page; a page that does not read loses sound, not events."""

    def __init__(self) -> None:
        self._waiting: deque[bytes | str] = deque()
        self._has_more = asyncio.Event()

    def tell(self, event: dict[str, Any]) -> None:
        self.put(json.dumps(event))

    def put(self, item: bytes | str) -> None:
        if isinstance(item, bytes) and len(self._waiting) > MOST_WAITING:
            return
        self._waiting.append(item)
        self._has_more.set()

    async def send_all(self) -> None:
        while True:
            await self._has_more.wait()
            self._has_more.clear()
            while self._waiting:
                await websocket.send(self._waiting.popleft())

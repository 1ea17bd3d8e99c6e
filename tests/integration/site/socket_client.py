"""A websocket client that speaks to Reflex without its pages: what an attacker would write."""

from __future__ import annotations

import asyncio
import json
import uuid
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import quote

import aiohttp
import socketio  # type: ignore[import-untyped]

NAMESPACE = "/_event"
PATIENCE_SECONDS = 15.0
HYDRATE = "reflex___state____state.hydrate"


class StateSocket:
    """One connection of one tab."""

    def __init__(self, http: aiohttp.ClientSession, tab: str) -> None:
        self.tab = tab
        self.updates: list[dict[str, Any]] = []
        self._arrived = asyncio.Event()
        self._client = socketio.AsyncClient(
            reconnection=False,
            http_session=http,
            json=json,  # escapes what is no character, as an attacker would
        )
        self._client.on("event", self._keep, namespace=NAMESPACE)

    async def connect(
        self,
        url: str,
        *,
        cookie: str = "",
        origin: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        sent = {"Origin": origin or url, **(headers or {})}
        if cookie:
            sent["Cookie"] = cookie
        await self._client.connect(
            f"{url}?token={quote(self.tab)}",
            headers=sent,
            transports=["websocket"],
            namespaces=[NAMESPACE],
            socketio_path=NAMESPACE,
        )

    async def close(self) -> None:
        await self._client.disconnect()

    async def call(
        self, handler: str, path: str = "/", payload: dict[str, Any] | None = None
    ) -> None:
        """Call a handler by its full name, as a page at `path` would."""
        await self._client.emit(
            "event",
            {
                "name": handler,
                "payload": payload or {},
                "router_data": {"pathname": path, "asPath": path, "query": {}},
            },
            namespace=NAMESPACE,
        )

    async def until(self, text: str) -> None:
        """Wait until the server has sent `text`."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            while text not in self.said:
                self._arrived.clear()
                await self._arrived.wait()

    async def settled(self) -> str:
        """Let a harmless event pass through the same queue, and return all that was sent."""
        await self.call(HYDRATE)
        await self.until('"is_hydrated')
        return self.said

    @property
    def said(self) -> str:
        """Everything the server has sent on this connection."""
        return json.dumps(self.updates)

    async def _keep(self, update: dict[str, Any]) -> None:
        self.updates.append(update)
        self._arrived.set()


@asynccontextmanager
async def state_socket(
    url: str,
    *,
    cookie: str = "",
    tab: str | None = None,
    origin: str | None = None,
    headers: Mapping[str, str] | None = None,
) -> AsyncIterator[StateSocket]:
    """Connect for as long as the block lasts."""
    async with aiohttp.ClientSession() as http:
        socket = StateSocket(http, tab or str(uuid.uuid4()))
        await socket.connect(url, cookie=cookie, origin=origin, headers=headers)
        try:
            yield socket
        finally:
            await socket.close()

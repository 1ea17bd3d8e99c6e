"""A sandbox Twilio between a scripted product and a bare phone, all on real sockets."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import aiohttp
from quart import Quart, Response, request, websocket

from sandbox.config import SandboxConfig
from sandbox.control import Control
from sandbox.serving import serving
from sandbox.twilio.app import create_app
from sandbox.twilio.switchboard import Switchboard

NUMBER = "+14155550100"
CALLER = "+14155550123"
PATIENCE = 10.0  # seconds after which a test gives up waiting

StreamScript = Callable[["ProductStream"], Awaitable[None]]


@dataclass
class ProductStream:
    """The product's end of a Media Stream, in a script's hands."""

    start: dict[str, Any] = field(default_factory=dict)
    received: list[dict[str, Any]] = field(default_factory=list)

    @property
    def sid(self) -> str:
        return str(self.start["streamSid"])

    async def next(self, event: str) -> dict[str, Any]:
        """Return the next message of a kind; keep what else comes."""
        while True:
            message = json.loads(await asyncio.wait_for(websocket.receive(), PATIENCE))
            self.received.append(message)
            if message["event"] == event:
                return dict(message)

    async def send(self, event: str, **body: Any) -> None:
        await websocket.send(json.dumps({"event": event, "streamSid": self.sid, **body}))

    async def play(self, audio: bytes) -> None:
        await self.send("media", media={"payload": base64.b64encode(audio).decode()})

    async def mark(self, name: str) -> None:
        await self.send("mark", mark={"name": name})


class Product:
    """A product that answers with the TwiML it was given."""

    def __init__(self) -> None:
        self.twiml: dict[str, str] = {}
        self.on_stream: StreamScript | None = None
        self.requests: list[tuple[str, str, dict[str, str], dict[str, str]]] = []
        self.handshakes: list[dict[str, str]] = []
        self.streams: list[ProductStream] = []
        self.url = ""
        self.app = Quart("product")
        self._install()

    def asked(self, path: str) -> list[dict[str, str]]:
        """Return the fields of every request to a path."""
        return [fields for _, asked, fields, _ in self.requests if asked == path]

    def _install(self) -> None:
        @self.app.route("/<path:path>", methods=["GET", "POST"])
        async def answer(path: str) -> Response:
            fields = dict(await request.form) if request.method == "POST" else dict(request.args)
            self.requests.append((request.method, f"/{path}", fields, dict(request.headers)))
            twiml = self.twiml.get(f"/{path}")
            if twiml is None:
                return Response(status=404)
            return Response(
                twiml.replace("WS", self.url.replace("http", "ws")), mimetype="text/xml"
            )

        @self.app.websocket("/media")
        async def media() -> None:
            self.handshakes.append({"url": websocket.url, **dict(websocket.headers)})
            await websocket.accept()
            stream = ProductStream()
            self.streams.append(stream)
            stream.received.append(json.loads(await websocket.receive()))
            message = json.loads(await websocket.receive())
            stream.received.append(message)
            stream.start = message["start"]
            assert self.on_stream is not None
            await self.on_stream(stream)


@dataclass
class Phone:
    """A phone without a brain: sends what it is told, keeps what comes."""

    call_sid: str
    socket: aiohttp.ClientWebSocketResponse
    events: list[dict[str, Any]] = field(default_factory=list)
    heard: bytearray = field(default_factory=bytearray)

    async def until(self, event: str) -> dict[str, Any]:
        """Receive until an event of this kind."""
        async with asyncio.timeout(PATIENCE):
            async for message in self.socket:
                if message.type is aiohttp.WSMsgType.BINARY:
                    self.heard += message.data
                    continue
                body = json.loads(message.data)
                self.events.append(body)
                if body["event"] == event:
                    return dict(body)
        raise AssertionError(self.events)

    async def press(self, digit: str) -> None:
        await self.socket.send_json({"event": "dtmf", "digit": digit})

    @property
    def errors(self) -> list[int]:
        return [event["code"] for event in self.events if event["event"] == "error"]


@dataclass
class Exchange:
    """All three of them."""

    url: str
    product: Product
    board: Switchboard
    config: SandboxConfig
    http: aiohttp.ClientSession

    @property
    def control(self) -> Control:
        return self.board.control

    async def place(self, **options: Any) -> str:
        body = {"from": CALLER, "to": NUMBER, **options}
        async with self.http.post(f"{self.url}/_phone/calls", json=body) as answer:
            assert answer.status == 201, await answer.text()
            return str((await answer.json())["call_sid"])

    @asynccontextmanager
    async def dial(self, **options: Any) -> AsyncIterator[Phone]:
        call_sid = await self.place(**options)
        async with self.http.ws_connect(f"{self.url}/_phone/calls/{call_sid}/line") as socket:
            yield Phone(call_sid, socket)

    async def view(self, call_sid: str) -> dict[str, Any]:
        async with self.http.get(f"{self.url}/_phone/calls/{call_sid}") as answer:
            return dict(await answer.json())

    async def recorded(self, kind: str, **details: Any) -> dict[str, Any]:
        return await asyncio.wait_for(self.control.recorded(kind, **details), PATIENCE)


@asynccontextmanager
async def exchange(**number: Any) -> AsyncIterator[Exchange]:
    """Serve a product and a Twilio whose number calls it."""
    product = Product()
    async with serving(product.app) as product.url, aiohttp.ClientSession() as http:
        config = SandboxConfig(
            script=True,
            openai_url=product.url,
            voice_url=f"{product.url}/voice",
            status_callback_url=f"{product.url}/status",
            sms_url=f"{product.url}/sms",
        )
        app = create_app(config)
        board = app.extensions["switchboard"]
        if number:
            seed = {"voice_url": "/voice"} | number
            for name, value in seed.items():
                if isinstance(value, str) and value.startswith("/"):
                    seed[name] = product.url + value
            board.seed({"numbers": {NUMBER: seed}})
        async with serving(app) as url:
            yield Exchange(url, product, board, config, http)

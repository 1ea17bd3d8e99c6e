"""A call through the sandbox's Twilio: a phone on one side, the product's adapters on the other."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import aiohttp
from quart import Quart, Response, request

from sandbox.config import SandboxConfig
from sandbox.serving import serving
from sandbox.twilio.app import create_app
from tests.support.serving import port_of
from tests.support.serving import serving as serving_product
from voice.adapters.twilio_leg import TwilioCallLeg
from voice.adapters.twilio_media import StartMessage
from voice.adapters.twilio_rest import SIGNATURE_HEADER, SignatureValidator, TwilioCallControl
from voice.ports import FRAME_BYTES
from voice.stream_door import StreamDoor

CALLER = "+14155550123"
TOKEN = "the-single-use-token"


@dataclass
class Phone:
    """The caller's telephone."""

    socket: aiohttp.ClientWebSocketResponse
    heard: bytearray = field(default_factory=bytearray)
    ended: asyncio.Future[str] = field(default_factory=asyncio.Future)

    async def say(self, audio: bytes) -> None:
        """Speak in real time, as a microphone does."""
        loop = asyncio.get_running_loop()
        start = loop.time()
        for number, offset in enumerate(range(0, len(audio), FRAME_BYTES), start=1):
            await self.socket.send_bytes(audio[offset : offset + FRAME_BYTES])
            await asyncio.wait([self.ended], timeout=start + number * 0.02 - loop.time())

    async def press(self, digit: str) -> None:
        await self.socket.send_json({"event": "dtmf", "digit": digit})

    async def hang_up(self) -> None:
        await self.socket.send_json({"event": "hang_up"})

    async def follow(self) -> None:
        async for message in self.socket:
            if message.type is aiohttp.WSMsgType.BINARY:
                self.heard += message.data
            elif (event := json.loads(message.data))["event"] == "ended":
                self.ended.set_result(event["reason"])
        if not self.ended.done():
            self.ended.set_result("lost")


@dataclass
class Product:
    """The least of a voice service: it answers, takes the stream and keeps it."""

    auth_token: str
    app: Quart = field(default_factory=lambda: Quart("product"))
    url: str = ""
    signed: dict[str, bool] = field(default_factory=dict)
    leg: asyncio.Future[tuple[TwilioCallLeg, StartMessage]] = field(default_factory=asyncio.Future)
    is_over: asyncio.Event = field(default_factory=asyncio.Event)

    def __post_init__(self) -> None:
        self.validator = SignatureValidator(self.auth_token)

        @self.app.post("/voice")
        async def answer() -> Response:
            form = (await request.form).to_dict()
            signature = request.headers.get(SIGNATURE_HEADER)
            is_signed = self.validator.is_signed(f"{self.url}/voice", form, signature)
            self.signed["webhook"] = is_signed
            stream = f'<Stream url="{self.stream_url}"><Parameter name="token" value="{TOKEN}"/>'
            twiml = f"<Response><Connect>{stream}</Stream></Connect></Response>"
            return Response(twiml, content_type="text/xml")

        @self.app.post("/status")
        async def status() -> Response:
            return Response("", status=204)

        self.app.extensions["streams"] = StreamDoor(self._serve, self._is_signed, path="/stream")

    async def _serve(self, leg: TwilioCallLeg) -> None:
        self.leg.set_result((leg, await leg.started()))
        await self.is_over.wait()

    def _is_signed(self, signature: str | None) -> bool:
        self.signed["stream"] = self.validator.is_signed(self.stream_url, {}, signature)
        return True

    @property
    def stream_url(self) -> str:
        return f"{self.url.replace('http', 'ws', 1)}/stream"


@dataclass(frozen=True)
class PhoneCall:
    """A call in progress."""

    call_sid: str
    phone: Phone
    leg: TwilioCallLeg
    start: StartMessage
    product: Product
    control: TwilioCallControl
    twilio_url: str
    http: aiohttp.ClientSession

    async def fail_next(self, **failure: object) -> None:
        async with self.http.post(f"{self.twilio_url}/_control/fail_next", json=failure) as answer:
            assert answer.ok, await answer.text()


@asynccontextmanager
async def phone_call() -> AsyncIterator[PhoneCall]:
    """Dial, answer, and open the stream."""
    config = SandboxConfig(script=True)
    product = Product(config.auth_token)
    async with serving_product(product.app) as server, aiohttp.ClientSession() as http:
        product.url = f"http://127.0.0.1:{port_of(server)}"
        config = config.with_options(
            voice_url=f"{product.url}/voice", status_callback_url=f"{product.url}/status"
        )
        async with (
            serving(create_app(config)) as url,
            TwilioCallControl(
                account_sid=config.account_sid,
                auth_token=config.auth_token,
                base_url=url,
                timeout_seconds=1.0,
            ) as control,
        ):
            async with http.post(f"{url}/_phone/calls", json={"from": CALLER}) as placed:
                call_sid = (await placed.json())["call_sid"]
            async with http.ws_connect(f"{url}/_phone/calls/{call_sid}/line") as socket:
                phone = Phone(socket)
                following = asyncio.create_task(phone.follow())
                leg, start = await product.leg
                yield PhoneCall(call_sid, phone, leg, start, product, control, url, http)
                await leg.close()
                await asyncio.wait([following], timeout=5)  # until the call is over
                following.cancel()
        product.is_over.set()

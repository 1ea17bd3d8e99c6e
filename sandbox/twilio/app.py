"""Twilio on loopback: places calls to the product and answers its REST requests.

A phone places a call with `POST /_phone/calls {"from", "to"?, "stir_verstat"?, "caller_name"?,
"forwarded_from"?, "line"?}`, which answers `{"call_sid"}`, and then takes its end of it at the
websocket `/_phone/calls/<call_sid>/line`. Both ways go binary frames of 160 bytes, 20 ms of
μ-law, in real time; up also `{"event": "dtmf", "digit"}` and `{"event": "hang_up"}`; down

    {"event": "answered"}                                   the caller hears from now on
    {"event": "mark", "name", "played_at"}                  milliseconds since the answer
    {"event": "cleared", "dropped_ms"}                      the product took audio back
    {"event": "error", "code", "message", "is_warning"}     in Twilio's own numbers
    {"event": "ended", "reason", "status"}                  then the connection closes

A reason is `caller` (hung up), `hung_up` (the TwiML ended), `hung_up_by_api`, `rejected`,
`stream_failed`, `failed` (no usable TwiML) or `no_phone`. `{"line": false}` calls without a phone.
`GET /_phone` tells a phone what it needs, `GET /_phone/calls/<call_sid>` what became of a call.
`POST /_control/seed {"numbers": {"+14155550100": {"voice_url", "status_callback", …}}}`.
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Coroutine
from contextlib import suppress
from typing import Any

import aiohttp
from quart import Quart, request, websocket

from sandbox.config import SandboxConfig
from sandbox.control import Control, install_control
from sandbox.sound import speak
from sandbox.twilio.call import ENDED, Call, Exchange
from sandbox.twilio.fields import Parties
from sandbox.twilio.numbers import Numbers
from sandbox.twilio.rest import calls_api, error_body
from sandbox.twilio.webhooks import Webhooks

REMEMBERED_CALLS = 500
FAILING_ROUTES = (
    *("calls.fetch", "calls.update", "phone.calls"),
    *("stream.message", "stream_status", "status_callback"),
)
VOICE = "alloy"  # `<Say>`'s own voices are not the buddies'

log = logging.getLogger("sandbox.twilio")


class Switchboard:
    """One sandbox's calls and what they need."""

    def __init__(self, config: SandboxConfig) -> None:
        self.config = config
        self.numbers = Numbers(config)
        self.calls: dict[str, Call] = {}
        self.exchange: Exchange | None = None
        self.control = Control(
            *FAILING_ROUTES,
            on_reset=self.reset,
            on_seed=self.seed,
            is_ready=lambda: self.exchange is not None,
            error_body=error_body,
        )
        self._tasks: set[asyncio.Task[None]] = set()
        self._spoken: dict[str, bytes] = {}

    async def open(self) -> None:
        """Get ready for calls."""
        http = aiohttp.ClientSession(
            timeout=aiohttp.ClientTimeout(total=None), connector=aiohttp.TCPConnector(limit=0)
        )
        self.exchange = Exchange(
            account_sid=self.config.account_sid,
            auth_token=self.config.auth_token,
            http=http,
            webhooks=Webhooks(http, self.config.auth_token),
            control=self.control,
            say=self._say,
            run_aside=self.run_aside,
        )

    async def close(self) -> None:
        """Drop everything, as a power cut at the exchange would."""
        exchange, self.exchange = self.exchange, None
        await self._cancel_all()
        if exchange is not None:
            await exchange.http.close()

    async def reset(self) -> None:
        """End all calls and forget them."""
        await self._cancel_all()
        self.calls.clear()
        self.numbers.reset()

    def seed(self, body: dict[str, Any]) -> None:
        """Take numbers and what they call."""
        self.numbers.seed(body["numbers"])

    def place(self, body: dict[str, Any]) -> Call | None:
        """Start a call; None where nobody has the number."""
        called = body.get("to") or self.config.phone_number
        number = self.numbers.find(called)
        if number is None or self.exchange is None:
            return None
        options = {
            name: body[name]
            for name in ("stir_verstat", "caller_name", "forwarded_from")
            if name in body
        }
        parties = Parties(caller=body["from"], called=called, **options)
        call = Call(self.exchange, parties, number, has_phone=body.get("line", True))
        self._forget_old_calls()
        self.calls[call.sid] = call
        self.run_aside(call.run())
        return call

    def run_aside(self, work: Coroutine[Any, Any, None]) -> None:
        """Run something that nobody waits for, and end it with the server."""
        if self.exchange is None:
            work.close()
            return
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._over)

    def _over(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("a call broke", exc_info=error)
            self.control.record("crash", error=repr(error))

    async def _say(self, text: str, _voice: str) -> bytes:
        if text not in self._spoken and self.exchange is not None:
            self._spoken[text] = await speak(
                self.exchange.http, self.config.openai_url, text, voice=VOICE
            )
        return self._spoken.get(text, b"")

    async def _cancel_all(self) -> None:
        tasks = set(self._tasks)
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks, timeout=1)

    def _forget_old_calls(self) -> None:
        ended = [call for call in self.calls.values() if call.status in ENDED]
        for call in ended[: max(0, len(self.calls) - REMEMBERED_CALLS)]:
            del self.calls[call.sid]


def create_app(config: SandboxConfig) -> Quart:
    """Return a Twilio of its own."""
    app = Quart("sandbox.twilio")
    board = Switchboard(config)
    install_control(app, board.control)
    app.before_serving(board.open)
    app.after_serving(board.close)
    app.register_blueprint(calls_api(config, board.control, board.calls.get))
    app.extensions["switchboard"] = board
    _install_phone(app, board)
    return app


def _install_phone(app: Quart, board: Switchboard) -> None:
    @app.get("/_phone")
    async def settings() -> Any:
        config = board.config
        return {
            "number": config.phone_number,
            "script": config.script,
            "openai_url": config.openai_url,
            "deepgram_url": config.deepgram_url,
        }

    @app.post("/_phone/calls")
    async def place() -> Any:
        await board.control.before("phone.calls")
        body = await request.get_json(force=True, silent=True)
        if not isinstance(body, dict) or not isinstance(body.get("from"), str):
            return {"error": 'send {"from": a number, "to": a number}'}, 400
        call = board.place(body)
        if call is None:
            known = ", ".join(board.numbers)
            return {"error": f"nobody has the number {body.get('to')}; there is {known}"}, 404
        return {"call_sid": call.sid}, 201

    @app.get("/_phone/calls/<call_sid>")
    async def view(call_sid: str) -> Any:
        call = board.calls.get(call_sid)
        return ({"error": "there is no such call"}, 404) if call is None else _view(call)

    @app.websocket("/_phone/calls/<call_sid>/line")
    async def line(call_sid: str) -> Any:
        call = board.calls.get(call_sid)
        if call is None or call.line.is_attached.is_set():
            return {"error": "there is no such call without a phone"}, 404
        await websocket.accept()
        await _connect_phone(call)
        return None


async def _connect_phone(call: Call) -> None:
    call.line.is_attached.set()
    listening = asyncio.create_task(_listen(call))
    try:
        while (outgoing := await call.line.outgoing()) is not None:
            await websocket.send(outgoing)
        await websocket.close(1000)
    finally:
        # Quart cancels this handler when the phone goes away: that is hanging up.
        listening.cancel()
        with suppress(asyncio.CancelledError):
            await listening
        if call.ended_at is None:
            call.hang_up("caller")


async def _listen(call: Call) -> None:
    while True:
        message = await websocket.receive()
        if isinstance(message, bytes):
            call.line.speak(message)
            continue
        with suppress(ValueError):  # a phone that talks nonsense is not listened to
            match json.loads(message):
                case {"event": "dtmf", "digit": str(digit)}:
                    call.press(digit)
                case {"event": "hang_up"}:
                    call.hang_up("caller")
                case _:
                    pass


def _view(call: Call) -> dict[str, Any]:
    return {
        "call_sid": call.sid,
        "from": call.parties.caller,
        "to": call.parties.called,
        "status": call.status,
        "seconds": call.seconds,
        "end_reason": call.end_reason,
        "streams": call.streams,
        "errors": [
            {
                "code": problem.code,
                "message": str(problem),
                "is_warning": problem.is_warning,
                "more_info": problem.more_info,
            }
            for problem in call.problems
        ],
    }

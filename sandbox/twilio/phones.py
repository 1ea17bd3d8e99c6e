"""What a telephone can do: call, take its end of the line, and write.

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
`POST /_phone/messages {"from", "body", "to"?}` writes a text.
`GET /_phone` tells a phone what it needs, `GET /_phone/calls/<call_sid>` what became of a call.
"""

from __future__ import annotations

import asyncio
import json
from contextlib import suppress
from typing import Any

from quart import Blueprint, request, websocket

from sandbox.twilio.call import Call
from sandbox.twilio.switchboard import Switchboard


def phones(board: Switchboard) -> Blueprint:
    """Return the routes."""
    app = Blueprint("phones", __name__)

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

    @app.post("/_phone/messages")
    async def write() -> Any:
        await board.control.before("phone.messages")
        written = await request.get_json(force=True, silent=True)
        written = written if isinstance(written, dict) else {}
        sender, body = written.get("from"), written.get("body")
        to = written.get("to") or board.config.phone_number
        if not (isinstance(sender, str) and isinstance(body, str) and isinstance(to, str)):
            return {"error": 'send {"from": a number, "to": a number, "body": words}'}, 400
        if board.numbers.find(to) is None:
            return {"error": f"nobody has the number {to}"}, 404
        return {"message_sid": board.messaging.receive(sender, to, body).sid}, 201

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

    return app


async def _connect_phone(call: Call) -> None:
    call.line.is_attached.set()
    listening = asyncio.create_task(_listen(call))
    try:
        with suppress(OSError):  # what uvicorn raises for a phone that has just gone
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

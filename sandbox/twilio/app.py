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
`POST /_control/seed` takes `{"numbers": {"+14155550100": {"voice_url", "status_callback", …}}}`,
`{"lines": …}` (see `lines.py`) and `{"verify": …}` (see `verify.py`). `POST /_control/clock` moves
the clock that verifications expire by. What was texted or spoken to a number, and by it, is shown
at `/messages` and returned by `GET /_control/messages?to=%2B14155550123`, newest first.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from quart import Quart, jsonify, request, websocket

from sandbox.config import SandboxConfig
from sandbox.control import BadControlRequest, install_control
from sandbox.twilio.call import Call
from sandbox.twilio.lookup import lookup_api
from sandbox.twilio.pages import pages
from sandbox.twilio.rest import calls_api
from sandbox.twilio.switchboard import Switchboard
from sandbox.twilio.verify import verify_api


def create_app(config: SandboxConfig) -> Quart:
    """Return a Twilio of its own."""
    app = Quart("sandbox.twilio")
    board = Switchboard(config)
    install_control(app, board.control)
    app.before_serving(board.open)
    app.after_serving(board.close)
    app.register_blueprint(calls_api(config, board.control, board.calls))
    app.register_blueprint(verify_api(config, board.control, board.verify))
    app.register_blueprint(lookup_api(config, board.control, board.lines))
    app.register_blueprint(pages())
    app.extensions["switchboard"] = board
    _install_steering(app, board)
    _install_phone(app, board)
    return app


def _install_steering(app: Quart, board: Switchboard) -> None:
    @app.get("/_control/messages")
    async def messages() -> Any:
        return jsonify({"messages": board.mailbox.view(request.args.get("to") or None)})

    @app.post("/_control/clock")
    async def clock() -> Any:
        return await _steered(board.clock.steer) | {"now": board.clock.now().isoformat()}

    @app.post("/_control/verify")
    async def verify() -> Any:
        return await _steered(board.verify.steer)


async def _steered(steer: Callable[[dict[str, Any]], None]) -> dict[str, Any]:
    body = await request.get_json(force=True, silent=True)
    try:
        steer(body if isinstance(body, dict) else {})
    except (TypeError, ValueError, OverflowError) as error:
        raise BadControlRequest(str(error)) from error
    return {"status": "done"}


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

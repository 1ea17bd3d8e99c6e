"""Twilio on loopback: places calls to the product and answers its REST requests.

What a telephone does stands in `phones.py`.

    POST /_control/seed      {"numbers": {"+14155550100": {"voice_url", "status_callback", …}}},
                             {"lines": …}, {"verify": …}, {"messaging": …}: see `numbers.py`,
                             `lines.py`, `verifications.py`, `messaging_service.py`
    POST /_control/verify    see `verify.py`
    POST /_control/clock     see `clock.py`: verifications expire by it
    GET  /_control/messages  ?to=%2B14155550123: see `mailbox.py`; `/messages` shows the same
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from quart import Quart, jsonify, request

from sandbox.config import SandboxConfig
from sandbox.control import BadControlRequest, install_control
from sandbox.phone.page import phone_page
from sandbox.twilio.lookup import lookup_api
from sandbox.twilio.messages_api import messages_api
from sandbox.twilio.pages import pages
from sandbox.twilio.phones import phones
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
    app.register_blueprint(messages_api(config, board.control, board.messaging))
    app.register_blueprint(pages())
    app.register_blueprint(phone_page())
    app.extensions["switchboard"] = board
    _install_steering(app, board)
    app.register_blueprint(phones(board))
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

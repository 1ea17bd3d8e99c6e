"""How every Deepgram socket begins: a key and options that fit; and how its texts are read."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, TypeVar

from quart import Response, websocket
from werkzeug.datastructures import MultiDict

from sandbox.deepgram import sockets
from sandbox.deepgram.options import RefusedOptions

T = TypeVar("T")


def asked_for(parse: Callable[[MultiDict[str, str]], T]) -> T | Response:
    """Return the options of the handshake, or the answer that refuses it."""
    if not sockets.has_key():
        return sockets.refusal(401, "Invalid credentials.", "INVALID_AUTH")
    try:
        return parse(websocket.args)
    except RefusedOptions as refused:
        return sockets.refusal(refused.status, str(refused))


def read(message: str | bytes) -> tuple[str | None, dict[str, Any]]:
    """Return a text message's type, None where it has none, and its body."""
    try:
        body = json.loads(message)
        return body["type"], body
    except (ValueError, TypeError, KeyError):
        return None, {}

"""Twilio's side of a call that comes in: the signed webhook, and the stream its answer names.

https://www.twilio.com/docs/usage/security#validating-requests
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import re
from html import unescape
from typing import Any
from urllib.parse import urlencode, urlsplit

from bench.peers.world.callers import Dialled

ANSWER_WITHIN = 15.0  # seconds, as Twilio waits
_STREAM = re.compile(r'<Stream url="([^"]+)"')
_TOKEN = re.compile(r'<Parameter name="token" value="([^"]+)"')


async def answer_of(webhook: dict[str, Any], number: int) -> Dialled:
    """Post the webhook and return where the call's stream goes."""
    call_sid = f"CA{webhook['run']}{number:020}"
    form = {
        "AccountSid": "ACsandbox0000000000000000000000000",
        "CallSid": call_sid,
        "CallStatus": "ringing",
        "Direction": "inbound",
        "From": f"+1415{webhook['first_number'] + number:07}",
        "To": webhook["to"],
    }
    url, secret = webhook["url"], webhook["secret"]
    signed = url + "".join(f"{key}{value}" for key, value in sorted(form.items()))
    answer = await _post(url, urlencode(form), {"X-Twilio-Signature": signature(signed, secret)})
    stream, token = _STREAM.search(answer), _TOKEN.search(answer)
    if stream is None or token is None:
        message = f"the webhook answered with no stream: {answer[-200:]}"
        raise ConnectionError(message)
    address = unescape(stream[1])
    headers = {"X-Twilio-Signature": signature(address, secret)}
    return Dialled(address, call_sid, headers, {"token": unescape(token[1])})


def signature(text: str, secret: str) -> str:
    """Return Twilio's signature of a text."""
    digest = hmac.new(secret.encode(), text.encode(), hashlib.sha1).digest()
    return base64.b64encode(digest).decode()


async def _post(url: str, body: str, headers: dict[str, str]) -> str:
    parts = urlsplit(url)
    reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
    lines = [
        f"POST {parts.path} HTTP/1.1",
        f"host: {parts.netloc}",
        "content-type: application/x-www-form-urlencoded",
        f"content-length: {len(body)}",
        "connection: close",
        *(f"{name}: {value}" for name, value in headers.items()),
    ]
    writer.write(("\r\n".join(lines) + "\r\n\r\n" + body).encode())
    async with asyncio.timeout(ANSWER_WITHIN):
        answer = await reader.read()
    writer.close()
    return answer.decode()

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
    form = _form(webhook, number, "ringing")
    answer = await _post_signed(webhook["url"], form, webhook["secret"])
    stream, token = _STREAM.search(answer), _TOKEN.search(answer)
    if stream is None or token is None:
        message = f"the webhook answered with no stream: {answer[-200:]}"
        raise ConnectionError(message)
    address = unescape(stream[1])
    headers = {"X-Twilio-Signature": signature(address, webhook["secret"])}
    return Dialled(address, form["CallSid"], headers, {"token": unescape(token[1])})


async def tell_completed(webhook: dict[str, Any], number: int) -> None:
    """Post the status callback that follows every call, whatever became of its stream."""
    form = _form(webhook, number, "completed") | {"SequenceNumber": "3", "CallDuration": "2"}
    await _post_signed(webhook["status_url"], form, webhook["secret"])


def _form(webhook: dict[str, Any], number: int, status: str) -> dict[str, str]:
    return {
        "AccountSid": "ACsandbox0000000000000000000000000",
        "CallSid": f"CA{webhook['run']}{number:020}",
        "CallStatus": status,
        "Direction": "inbound",
        "From": f"+1415{webhook['first_number'] + number:07}",
        "To": webhook["to"],
    }


async def _post_signed(url: str, form: dict[str, str], secret: str) -> str:
    signed = url + "".join(f"{key}{value}" for key, value in sorted(form.items()))
    return await _post(url, urlencode(form), {"X-Twilio-Signature": signature(signed, secret)})


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

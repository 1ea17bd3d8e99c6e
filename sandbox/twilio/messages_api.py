"""The Messages resource: send, fetch, list, redact and delete.

https://www.twilio.com/docs/messaging/api/message-resource. Redacting empties the body and keeps
the record; deleting takes the record away, once the message is final (20009 before that,
https://www.twilio.com/docs/api/errors/20009).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import urlencode

from quart import Blueprint, request

from sandbox.config import SandboxConfig
from sandbox.control import Control
from sandbox.twilio.answers import Refusal, vendor_api
from sandbox.twilio.fields import API_VERSION
from sandbox.twilio.messaging import Messaging
from sandbox.twilio.texts import Text

USUAL_PAGE, LARGEST_PAGE = 50, 1000
NOT_BUILT: Final = ("MediaUrl", "ContentSid", "ScheduleType", "SendAt", "ShortenUrls")


def messages_api(config: SandboxConfig, control: Control, messaging: Messaging) -> Blueprint:
    """Return the routes."""
    api = vendor_api("messages_api", f"/api/{API_VERSION}/Accounts/<account_sid>", config)
    texts = messaging.texts

    def want(account_sid: str) -> None:
        if account_sid != config.account_sid:
            raise Refusal(404, 20404, "no such account")

    def find(account_sid: str, sid: str) -> Text:
        want(account_sid)
        return texts.find(sid)

    @api.post("/Messages.json")
    async def create(account_sid: str) -> Any:
        await control.before("messages.create")
        want(account_sid)
        form = await request.form
        _want_built(form)
        return messaging.send(form).as_json(), 201

    @api.get("/Messages.json")
    async def read(account_sid: str) -> Any:
        await control.before("messages.list")
        want(account_sid)
        return _page(messaging, account_sid)

    @api.get("/Messages/<sid>.json")
    async def fetch(account_sid: str, sid: str) -> Any:
        await control.before("messages.fetch")
        return find(account_sid, sid).as_json()

    @api.post("/Messages/<sid>.json")
    async def update(account_sid: str, sid: str) -> Any:
        await control.before("messages.update")
        return _update(find(account_sid, sid), await request.form).as_json()

    @api.delete("/Messages/<sid>.json")
    async def delete(account_sid: str, sid: str) -> Any:
        await control.before("messages.delete")
        _want_final(find(account_sid, sid))
        texts.delete(sid)
        return "", 204

    return api


def _update(text: Text, form: Mapping[str, str]) -> Text:
    if form.get("Status") == "canceled":
        # https://www.twilio.com/docs/api/errors/30409: only what is scheduled, and nothing is
        raise Refusal(400, 30409, "This message cannot be canceled")
    if form.get("Body") != "":
        raise Refusal(400, 20001, "Body can only be set to an empty string")
    _want_final(text)
    text.body = ""
    return text


def _want_built(form: Mapping[str, str]) -> None:
    for name in NOT_BUILT:
        if name in form:
            raise Refusal(501, 501, f"The sandbox sends no message with {name}.")


def _want_final(text: Text) -> None:
    if not text.is_final:
        raise Refusal(409, 20009, "Cannot delete this resource before it is complete")


def _page(messaging: Messaging, account_sid: str) -> dict[str, Any]:
    asked = request.args
    number, size = _whole("Page", 0), min(_whole("PageSize", USUAL_PAGE) or 1, LARGEST_PAGE)
    found = messaging.texts.newest_first(to=asked.get("To"), sender=asked.get("From"))
    start = number * size
    shown = found[start : start + size]
    base = f"/{API_VERSION}/Accounts/{account_sid}/Messages.json"

    def uri(page: int) -> str:
        filters = {name: asked[name] for name in ("To", "From") if name in asked}
        return f"{base}?{urlencode({**filters, 'PageSize': size, 'Page': page})}"

    return {
        "end": start + max(0, len(shown) - 1),
        "first_page_uri": uri(0),
        "next_page_uri": uri(number + 1) if start + size < len(found) else None,
        "page": number,
        "page_size": size,
        "previous_page_uri": uri(number - 1) if number else None,
        "messages": [text.as_json() for text in shown],
        "start": start,
        "uri": uri(number),
    }


def _whole(name: str, usual: int) -> int:
    text = request.args.get(name, "")
    return int(text) if text.isdecimal() else usual

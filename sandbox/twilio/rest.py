"""Twilio's REST API as far as the product uses it: fetch, change and delete a call.

https://www.twilio.com/docs/voice/api/call-resource; errors as
https://www.twilio.com/docs/usage/twilios-response has them. The product reaches it below
`/api`, the first part of Twilio's host name.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import MutableMapping
from datetime import datetime
from typing import Any

from quart import Blueprint, request

from sandbox.config import SandboxConfig
from sandbox.control import Control
from sandbox.twilio.answers import error_body, not_found, vendor_api
from sandbox.twilio.call import ENDED, Call
from sandbox.twilio.exchange import Fetch, Inline
from sandbox.twilio.fields import API_VERSION, rfc2822

LONGEST_TWIML = 4000
SETTLING_SECONDS = 0.25  # a call that is being hung up is shown as it will be


def calls_api(
    config: SandboxConfig, control: Control, calls: MutableMapping[str, Call]
) -> Blueprint:
    """Return the routes of the Calls resource."""
    api = vendor_api("calls_api", f"/api/{API_VERSION}/Accounts", config)

    @api.get("/<account_sid>/Calls/<call_sid>.json")
    async def fetch(account_sid: str, call_sid: str) -> Any:
        await control.before("calls.fetch")
        call = calls.get(call_sid) if account_sid == config.account_sid else None
        return not_found() if call is None else call_resource(call)

    @api.post("/<account_sid>/Calls/<call_sid>.json")
    async def update(account_sid: str, call_sid: str) -> Any:
        await control.before("calls.update")
        call = calls.get(call_sid) if account_sid == config.account_sid else None
        if call is None:
            return not_found()
        return await _update(call, await request.form)

    @api.delete("/<account_sid>/Calls/<call_sid>.json")
    async def delete(account_sid: str, call_sid: str) -> Any:
        # https://www.twilio.com/docs/voice/api/call-resource#delete-a-call-resource
        await control.before("calls.delete")
        call = calls.get(call_sid) if account_sid == config.account_sid else None
        if call is None:
            return not_found()
        if call.status not in ENDED:
            # https://www.twilio.com/docs/api/errors/20009
            return error_body(409, "Cannot delete this resource before it is complete", 20009)
        del calls[call_sid]
        return "", 204

    return api


async def _update(call: Call, form: Any) -> Any:
    """Carry out https://www.twilio.com/docs/voice/api/call-resource#update-a-call-resource."""
    status, twiml, url = form.get("Status"), form.get("Twiml"), form.get("Url")
    method = form.get("Method", "POST").upper()
    if call.status in ENDED:
        # https://www.twilio.com/docs/api/errors/21220
        return error_body(400, "Call is not in-progress. Cannot redirect.", 21220)
    if status is not None:
        if status not in ("completed", "canceled"):
            return error_body(400, f"Invalid value for Status: {status}", 20001)
        if status == "canceled" and call.answered_at is not None:
            return error_body(400, "Call is in-progress. Cannot cancel.", 21220)
        if status == "canceled":
            call.status = "canceled"
        call.hang_up("hung_up_by_api")
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(SETTLING_SECONDS):
                await call.has_ended.wait()
        return call_resource(call) | {"status": status}
    if twiml is not None and url is None:
        if len(twiml) > LONGEST_TWIML:
            return error_body(400, "Twiml must be at most 4000 characters", 21620)
        call.redirect(Inline(twiml))
        return call_resource(call)
    if url is not None:
        fallback = form.get("FallbackUrl")
        call.redirect(Fetch(url, method, Fetch(fallback) if fallback else None))
        return call_resource(call)
    return error_body(400, "No Status, Url or Twiml was given", 20001)


def call_resource(call: Call) -> dict[str, Any]:
    """Return a call as the API shows it."""
    uri = f"/{API_VERSION}/Accounts/{call.account_sid}/Calls/{call.sid}"
    has_ended = call.ended_at is not None
    return {
        "sid": call.sid,
        "account_sid": call.account_sid,
        "annotation": None,
        "answered_by": None,
        "api_version": API_VERSION,
        "caller_name": call.parties.caller_name,
        "date_created": rfc2822(call.created_at),
        "date_updated": rfc2822(call.ended_at or call.answered_at or call.created_at),
        "direction": "inbound",
        "duration": str(call.seconds) if has_ended else None,
        "end_time": _moment(call.ended_at),
        "forwarded_from": call.parties.forwarded_from,
        "from": call.parties.caller,
        "from_formatted": call.parties.caller,
        "group_sid": None,
        "parent_call_sid": None,
        "phone_number_sid": f"PN{call.parties.called.strip('+').zfill(32)}",
        "price": None,
        "price_unit": "USD",
        "queue_time": "0",
        "start_time": _moment(call.answered_at),
        "status": call.status,
        "subresource_uris": {
            name: f"{uri}/{path}.json"
            for name, path in (
                ("events", "Events"),
                ("notifications", "Notifications"),
                ("recordings", "Recordings"),
                ("streams", "Streams"),
            )
        },
        "to": call.parties.called,
        "to_formatted": call.parties.called,
        "trunk_sid": None,
        "uri": f"{uri}.json",
    }


def _moment(moment: datetime | None) -> str | None:
    return None if moment is None else rfc2822(moment)

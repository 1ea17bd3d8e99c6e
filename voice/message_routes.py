"""The doors for text messages: what callers write to us, and what became of what we sent."""

from __future__ import annotations

import re

import structlog
from quart import Blueprint, Response, request
from twilio.twiml.messaging_response import MessagingResponse  # type: ignore[import-untyped]

from shared.database import StoreUnavailable
from shared.ids import TextMessageId
from shared.phone import caller_number
from shared.services import text_messages
from voice.adapters.twilio_rest import SIGNATURE_HEADER
from voice.service import VoiceService
from voice.text_desk import STATUS_PATH

log = structlog.get_logger()

TEXT_ID = re.compile(r"txt_[0-9a-f]{24}")
STATUS = re.compile(r"[a-z]{1,32}")


def message_doors(service: VoiceService) -> Blueprint:
    """Return the routes."""
    doors = Blueprint("messages", __name__)

    @doors.post("/messages/incoming")
    async def incoming() -> Response:
        """Take in what a caller wrote. Twilio itself answers STOP, START and HELP.

        https://www.twilio.com/docs/messaging/tutorials/advanced-opt-out
        """
        form = (await request.form).to_dict()
        if not _is_signed(service, "/messages/incoming", form):
            return Response("wrong signature", status=403)
        number = caller_number(form.get("From", ""))
        keyword = text_messages.keyword(
            opt_out_type=form.get("OptOutType", ""), body=form.get("Body", "")
        )
        if number is not None and keyword is not None:
            try:
                await service.database.transact(
                    text_messages.answer,
                    number=number,
                    keyword=keyword,
                    now=service.clock.now(),
                )
            except StoreUnavailable as error:
                log.warning("text_not_taken", error=str(error))
                return Response("try again", status=503)
            log.info("text_taken", keyword=keyword)
        return Response(str(MessagingResponse()), content_type="text/xml")

    @doors.post(STATUS_PATH)
    async def status() -> Response:
        """Take in what became of a text; it may be told late, twice or out of order.

        https://www.twilio.com/docs/messaging/guides/track-outbound-message-status
        """
        form = (await request.form).to_dict()
        query = request.query_string.decode("ascii", "replace")
        if not _is_signed(service, f"{STATUS_PATH}?{query}" if query else STATUS_PATH, form):
            return Response("wrong signature", status=403)
        text_id, status = request.args.get("text", ""), form.get("MessageStatus", "")
        if not (TEXT_ID.fullmatch(text_id) and STATUS.fullmatch(status)):
            return Response("the text or its status is missing", status=400)
        try:
            await service.database.transact(
                text_messages.update_status, text_id=TextMessageId(text_id), status=status
            )
        except StoreUnavailable as error:
            log.warning("text_status_not_kept", error=str(error))
            return Response("try again", status=503)
        return Response("", status=204)

    return doors


def _is_signed(service: VoiceService, path: str, form: dict[str, str]) -> bool:
    url = f"{service.settings.voice_public_url.rstrip('/')}{path}"
    return service.validator.is_signed(url, form, request.headers.get(SIGNATURE_HEADER))

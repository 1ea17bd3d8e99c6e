"""The HTTP doors of the voice service; for streams there is `voice.stream_door`."""

from __future__ import annotations

import re

import structlog
from quart import Blueprint, Quart, Response, request
from twilio.twiml.voice_response import (  # type: ignore[import-untyped]
    Connect,
    VoiceResponse,
)

from shared.database import StoreUnavailable
from shared.phone import caller_number
from shared.services import calls, resumptions
from voice.adapters.twilio_rest import SIGNATURE_HEADER
from voice.service import VoiceService
from voice.stream_door import StreamDoor
from voice.streams import CALL_SID

log = structlog.get_logger()

STATUS = re.compile(r"[a-z-]{1,32}")
RESUME_PATH = "/calls/resume"
ATTESTED = "TN-Validation-Passed-A"
BUSY_WORDS = "Sorry, we can not take your call right now. Please try again in a minute. Goodbye."


def register(app: Quart, service: VoiceService) -> None:
    """Give `app` its doors."""
    doors = Blueprint("calls", __name__)
    _add_webhooks(doors, service)
    _add_resumption(doors, service)
    _add_health(doors, service)
    app.register_blueprint(doors)
    app.extensions["streams"] = StreamDoor(
        service.serve_stream,
        lambda signature: service.validator.is_signed(service.settings.stream_url, {}, signature),
    )


def _add_webhooks(doors: Blueprint, service: VoiceService) -> None:
    @doors.post("/calls/incoming")
    async def incoming() -> Response:
        """Answer Twilio's voice webhook with the stream to connect to.

        https://www.twilio.com/docs/voice/twiml/stream
        """
        form = (await request.form).to_dict()
        if not _is_signed(service, "/calls/incoming", form):
            return Response("wrong signature", status=403)
        if not CALL_SID.fullmatch(form.get("CallSid", "")):
            return Response("CallSid is missing or is none", status=400)
        if service.is_draining:
            return _twiml(_sorry())
        try:
            taken = await service.database.transact(
                calls.take_call,
                call_sid=form["CallSid"],
                number=caller_number(form.get("From", "")),
                is_attested=form.get("StirVerstat") == ATTESTED,
                now=service.clock.now(),
            )
        except StoreUnavailable as error:
            log.warning("call_not_taken", call_sid=form.get("CallSid"), error=str(error))
            return _twiml(_sorry())
        log.info("call_taken", call_sid=form.get("CallSid"), call_id=taken.call_id)
        await service.end_missed(taken.others)
        return _twiml(_stream(service, taken.stream_token))

    @doors.post("/calls/status")
    async def status_callback() -> Response:
        """Take Twilio's status callbacks in; they may be late, repeated or out of order."""
        form = (await request.form).to_dict()
        if not _is_signed(service, "/calls/status", form):
            return Response("wrong signature", status=403)
        call_sid, status = form.get("CallSid", ""), form.get("CallStatus", "")
        if not (CALL_SID.fullmatch(call_sid) and STATUS.fullmatch(status)):
            return Response("CallSid or CallStatus is missing or is none", status=400)
        try:
            await service.database.transact(
                calls.update_status,
                call_sid=call_sid,
                status=status,
                sequence_number=_whole(form.get("SequenceNumber")),
                duration_seconds=_whole(form.get("CallDuration")),
                now=service.clock.now(),
            )
        except StoreUnavailable as error:
            log.warning("status_not_kept", call_sid=form.get("CallSid"), error=str(error))
            return Response("try again", status=503)
        return Response("", status=204)


def _add_resumption(doors: Blueprint, service: VoiceService) -> None:
    @doors.post("/calls/resume")
    async def resume() -> Response:
        """Say what follows a stream: another one where it broke, the end where that was meant.

        https://www.twilio.com/docs/voice/twiml/stream: what stands behind `<Connect>` is done
        once the stream is over; https://www.twilio.com/docs/voice/twiml/redirect
        """
        form = (await request.form).to_dict()
        if not _is_signed(service, RESUME_PATH, form):
            return Response("wrong signature", status=403)
        call_sid = form.get("CallSid", "")
        if not CALL_SID.fullmatch(call_sid):
            return Response("CallSid is missing or is none", status=400)
        if service.is_draining:
            return _twiml(_sorry())
        try:
            resumable = await service.database.transact(
                resumptions.resume_call, call_sid=call_sid, now=service.clock.now()
            )
        except StoreUnavailable as error:
            log.warning("call_not_resumed", call_sid=call_sid, error=str(error))
            return _twiml(_sorry())
        if resumable is None:
            return _twiml(_hang_up())
        log.info("call_resumable", call_sid=call_sid, call_id=resumable.call_id)
        return _twiml(_stream(service, resumable.stream_token))


def _add_health(doors: Blueprint, service: VoiceService) -> None:
    @doors.get("/healthz")
    async def healthz() -> Response:
        return Response("ok")

    @doors.get("/readyz")
    async def readyz() -> Response:
        return Response("ready") if service.is_ready else Response("not ready", status=503)


def _is_signed(service: VoiceService, path: str, form: dict[str, str]) -> bool:
    """Check the signature against the address that Twilio was given, never a proxy's."""
    url = _address(service, path)
    return service.validator.is_signed(url, form, request.headers.get(SIGNATURE_HEADER))


def _address(service: VoiceService, path: str) -> str:
    return f"{service.settings.voice_public_url.rstrip('/')}{path}"


def _stream(service: VoiceService, token: str) -> VoiceResponse:
    """Connect the call, and have it come back here should the stream end without it."""
    answer = VoiceResponse()
    connect = Connect()
    connect.stream(url=service.settings.stream_url).parameter(name="token", value=token)
    answer.append(connect)
    answer.redirect(_address(service, RESUME_PATH), method="POST")
    return answer


def _hang_up() -> VoiceResponse:
    answer = VoiceResponse()
    answer.hangup()
    return answer


def _sorry() -> VoiceResponse:
    answer = VoiceResponse()
    answer.say(BUSY_WORDS)
    answer.hangup()
    return answer


def _twiml(answer: VoiceResponse) -> Response:
    return Response(str(answer), content_type="text/xml")


def _whole(text: str | None) -> int | None:
    return int(text) if text is not None and re.fullmatch(r"[0-9]{1,9}", text) else None

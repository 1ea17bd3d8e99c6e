"""The voice service's doors: only Twilio gets in, once a token, and nothing is left behind."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import aiohttp
import psycopg
import pytest
from sqlmodel import Session, update
from twilio.request_validator import RequestValidator  # type: ignore[import-untyped]

from shared.database import DatabaseUrls
from shared.tables.call import Call
from tests.support.fake_line import FakeCallControl
from tests.support.voice_service import RunningVoice, voice_alone

SECRET = RequestValidator("sandbox")
CALL = {
    "CallSid": "CA1",
    "From": "+14155550123",
    "To": "+14155550100",
    "CallStatus": "ringing",
    "StirVerstat": "TN-Validation-Passed-A",
    "FromCity": "",
}


@pytest.fixture
async def voice(database_urls: DatabaseUrls, tmp_path: Path) -> AsyncIterator[RunningVoice]:
    async with voice_alone(database_urls, tmp_path) as running:
        yield running


@pytest.fixture
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as session:
        yield session


async def post(
    http: aiohttp.ClientSession,
    voice: RunningVoice,
    path: str,
    form: dict[str, str],
    *,
    signed_as: dict[str, str] | None = None,
) -> tuple[int, str]:
    url = f"{voice.settings.voice_public_url}{path}"
    signature = SECRET.compute_signature(url, form if signed_as is None else signed_as)
    async with http.post(url, data=form, headers={"X-Twilio-Signature": signature}) as answer:
        return answer.status, await answer.text()


async def token_of_call(http: aiohttp.ClientSession, voice: RunningVoice, **form: str) -> str:
    status, twiml = await post(http, voice, "/calls/incoming", {**CALL, **form})
    assert status == 200
    parameter = ET.fromstring(twiml).find("./Connect/Stream/Parameter")  # noqa: S314 - ours
    assert parameter is not None
    assert parameter.attrib["name"] == "token"
    return parameter.attrib["value"]


def start_message(call_sid: str, token: str) -> str:
    start = {
        "accountSid": "AC1",
        "streamSid": "MZ1",
        "callSid": call_sid,
        "tracks": ["inbound"],
        "mediaFormat": {"encoding": "audio/x-mulaw", "sampleRate": 8000, "channels": 1},
        "customParameters": {"token": token},
    }
    return json.dumps({"event": "start", "sequenceNumber": "1", "start": start, "streamSid": "MZ1"})


async def first_answer(
    http: aiohttp.ClientSession, voice: RunningVoice, call_sid: str, token: str
) -> str:
    """Open a signed stream and return the event of the first message, or 'closed'."""
    url = voice.settings.stream_url
    headers = {"X-Twilio-Signature": SECRET.compute_signature(url, {})}
    async with http.ws_connect(url, headers=headers) as socket:
        await socket.send_str('{"event":"connected","protocol":"Call","version":"1.0.0"}')
        await socket.send_str(start_message(call_sid, token))
        message = await socket.receive(timeout=5)
        if message.type is aiohttp.WSMsgType.TEXT:
            return str(json.loads(message.data)["event"])
        return "closed"


def rows(voice: RunningVoice, query: str) -> list[Any]:
    assert voice.settings.database_url is not None
    with psycopg.connect(voice.settings.database_url.get_secret_value()) as connection:
        return connection.execute(query).fetchall()


async def test_webhook_answers_with_a_stream_and_takes_the_call(
    voice: RunningVoice, http: aiohttp.ClientSession
) -> None:
    status, twiml = await post(http, voice, "/calls/incoming", CALL)

    stream = ET.fromstring(twiml).find("./Connect/Stream")  # noqa: S314 - ours
    assert status == 200
    assert stream is not None
    assert stream.attrib["url"] == voice.settings.stream_url
    assert rows(voice, "SELECT call_sid, status, is_attested FROM call") == [
        ("CA1", "ringing", True)
    ]


async def test_wrong_signature_gets_403_and_leaves_nothing_behind(
    voice: RunningVoice, http: aiohttp.ClientSession
) -> None:
    before = rows(voice, "SELECT count(*) FROM account")

    forged, _ = await post(http, voice, "/calls/incoming", CALL, signed_as={"CallSid": "CA2"})
    status, _ = await post(http, voice, "/calls/status", CALL, signed_as={})
    async with http.post(f"{voice.settings.voice_public_url}/calls/incoming", data=CALL) as bare:
        unsigned = bare.status

    assert (forged, status, unsigned) == (403, 403, 403)
    assert rows(voice, "SELECT count(*) FROM call") == [(0,)]
    assert rows(voice, "SELECT count(*) FROM account") == before


async def test_repeated_webhook_finds_the_same_call(
    voice: RunningVoice, http: aiohttp.ClientSession
) -> None:
    first = await token_of_call(http, voice)
    second = await token_of_call(http, voice)

    assert first != second
    assert rows(voice, "SELECT count(*) FROM call") == [(1,)]
    assert await first_answer(http, voice, "CA1", first) == "closed"
    assert await first_answer(http, voice, "CA1", second) == "media"


async def test_token_opens_the_stream_of_its_own_call_once(
    voice: RunningVoice, http: aiohttp.ClientSession
) -> None:
    token = await token_of_call(http, voice)
    await token_of_call(http, voice, CallSid="CA2", From="+14155550177")

    assert await first_answer(http, voice, "CA2", token) == "closed"
    assert await first_answer(http, voice, "CA1", "guessed") == "closed"
    assert await first_answer(http, voice, "CA1", token) == "media"
    assert await first_answer(http, voice, "CA1", token) == "closed"


@pytest.mark.parametrize("signature", [None, "AAAA"])
async def test_stream_without_a_right_handshake_is_refused(
    voice: RunningVoice, http: aiohttp.ClientSession, signature: str | None
) -> None:
    headers = {} if signature is None else {"X-Twilio-Signature": signature}

    with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
        await http.ws_connect(voice.settings.stream_url, headers=headers)

    assert refused.value.status == 403


@pytest.mark.parametrize("number", ["anonymous", "+266696687", ""])
async def test_withheld_number_gets_an_account_for_this_call_only(
    voice: RunningVoice, http: aiohttp.ClientSession, number: str
) -> None:
    await token_of_call(http, voice, CallSid="CA1", From=number)
    await token_of_call(http, voice, CallSid="CA2", From=number)

    accounts = rows(
        voice,
        "SELECT a.kind, t.seconds_left FROM call c JOIN account a ON a.id = c.account_id"
        " JOIN talk_time t ON t.account_id = a.id",
    )
    assert accounts == [("withheld", 60), ("withheld", 60)]
    assert rows(voice, "SELECT count(DISTINCT account_id) FROM call") == [(2,)]


async def test_status_callbacks_end_the_call_whatever_their_order(
    voice: RunningVoice, http: aiohttp.ClientSession
) -> None:
    await token_of_call(http, voice)
    ended = {**CALL, "CallStatus": "completed", "CallDuration": "12", "SequenceNumber": "3"}
    late = {**CALL, "CallStatus": "in-progress", "SequenceNumber": "2"}

    answers = [await post(http, voice, "/calls/status", form) for form in (ended, late, ended)]

    assert [status for status, _ in answers] == [204, 204, 204]
    assert rows(voice, "SELECT status, line_seconds, ended_at IS NOT NULL FROM call") == [
        ("completed", 12, True)
    ]


def _begin_streams(session: Session) -> None:
    session.execute(update(Call).values(stream_started_at=datetime.now(UTC)))


@pytest.mark.parametrize(
    ("hung_up", "answers", "reason"),
    [(["CA1"], True, "line_lost"), ([], True, None), (["CA1"], False, None)],
)
async def test_who_dials_again_is_in_no_call_of_which_twilio_says_that_it_is_over(
    voice: RunningVoice,
    http: aiohttp.ClientSession,
    hung_up: list[str],
    answers: bool,  # noqa: FBT001
    reason: str | None,
) -> None:
    await token_of_call(http, voice)
    await voice.database.transact(_begin_streams)  # and then their process died
    call_control = voice.service._providers.call_control
    assert isinstance(call_control, FakeCallControl)
    call_control.hung_up, call_control.failures = hung_up, 0 if answers else 1

    await token_of_call(http, voice, CallSid="CA2")

    ends = rows(voice, "SELECT call_sid, end_reason FROM call ORDER BY call_sid")
    assert ends == [("CA1", reason), ("CA2", None)]


@pytest.mark.parametrize("call_sid", ["", "CA\0x", "C" * 5000])
async def test_call_without_a_proper_sid_is_refused(
    voice: RunningVoice, http: aiohttp.ClientSession, call_sid: str
) -> None:
    status, _ = await post(http, voice, "/calls/incoming", {**CALL, "CallSid": call_sid})

    assert status == 400
    assert rows(voice, "SELECT count(*) FROM call") == [(0,)]


async def test_odd_status_callback_does_no_harm(
    voice: RunningVoice, http: aiohttp.ClientSession
) -> None:
    await token_of_call(http, voice)

    odd = {**CALL, "CallStatus": "completed", "CallDuration": "²", "SequenceNumber": "-1"}
    status, _ = await post(http, voice, "/calls/status", odd)
    nonsense, _ = await post(http, voice, "/calls/status", {**CALL, "CallStatus": "\0"})

    assert (status, nonsense) == (204, 400)
    assert await first_answer(http, voice, "CA\0x", "token") == "closed"


async def test_draining_service_takes_no_new_call_and_says_so_kindly(
    voice: RunningVoice, http: aiohttp.ClientSession
) -> None:
    await voice.service.drain(0)

    status, twiml = await post(http, voice, "/calls/incoming", CALL)
    async with http.get(f"{voice.settings.voice_public_url}/readyz") as answer:
        ready = answer.status

    assert (status, ready) == (200, 503)
    assert "<Say>" in twiml
    assert rows(voice, "SELECT count(*) FROM call") == [(0,)]


async def test_text_from_a_telephone_is_taken_only_when_signed_and_not_answered_by_us(
    voice: RunningVoice, http: aiohttp.ClientSession
) -> None:
    form = {"From": "+14155550123", "To": "+14155550100", "Body": "STOP", "OptOutType": "STOP"}

    forged = await post(http, voice, "/messages/incoming", form, signed_as={})
    taken = [
        await post(http, voice, "/messages/incoming", {**form, **more})
        for more in ({}, {"From": "nobody"}, {"OptOutType": "", "Body": "hello there"})
    ]

    assert forged[0] == 403
    assert {status for status, _ in taken} == {200}
    assert all("<Message" not in twiml and "<Response" in twiml for _, twiml in taken)


async def test_what_became_of_a_text_is_taken_only_when_signed_and_whole(
    voice: RunningVoice, http: aiohttp.ClientSession
) -> None:
    path, form = f"/messages/status?text=txt_{'0' * 24}", {"MessageStatus": "delivered"}

    assert (await post(http, voice, path, form, signed_as={}))[0] == 403
    assert (await post(http, voice, path, form))[0] == 204  # of a text that was deleted
    assert (await post(http, voice, "/messages/status", form))[0] == 400
    assert (await post(http, voice, path, {"MessageStatus": "'; DROP"}))[0] == 400

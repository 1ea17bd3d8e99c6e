"""Twilio's webhooks and streams, as somebody would send them who has listened in once.

What else is tried at these doors (no signature, a wrong one, a guessed token, another call's) is
in `tests/integration/calls/test_doors.py`.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest

from shared.database import DatabaseUrls
from tests.integration.calls.test_doors import (
    CALL,
    SECRET,
    first_answer,
    post,
    rows,
    start_message,
    token_of_call,
)
from tests.support.voice_service import RunningVoice, voice_alone
from voice.app import create_app, vendors

COUNTS = (
    "SELECT (SELECT count(*) FROM call), (SELECT count(*) FROM account),"
    " (SELECT count(*) FROM consent), (SELECT count(*) FROM text_message)"
)


@pytest.fixture
async def voice(database_urls: DatabaseUrls, tmp_path: Path) -> AsyncIterator[RunningVoice]:
    async with voice_alone(database_urls, tmp_path) as running:
        yield running


@pytest.fixture
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as session:
        yield session


async def test_replayed_webhook_does_not_open_a_call_in_progress(
    voice: RunningVoice, http: aiohttp.ClientSession
) -> None:
    """Its signature is right for ever; the answer to it must not be worth anything."""
    url = voice.settings.stream_url
    headers = {"X-Twilio-Signature": SECRET.compute_signature(url, {})}
    token = await token_of_call(http, voice)
    async with http.ws_connect(url, headers=headers) as callers_own:
        await callers_own.send_str('{"event":"connected","protocol":"Call","version":"1.0.0"}')
        await callers_own.send_str(start_message("CA1", token))
        assert (await callers_own.receive(timeout=5)).type is aiohttp.WSMsgType.TEXT

        replayed = await token_of_call(http, voice)
        answer = await first_answer(http, voice, "CA1", replayed)

        assert answer == "closed"
        assert not callers_own.closed
    assert rows(voice, "SELECT count(*) FROM call") == [(1,)]


async def test_replayed_webhook_does_not_wake_a_call_that_has_ended(
    voice: RunningVoice, http: aiohttp.ClientSession
) -> None:
    await token_of_call(http, voice)
    ended = {**CALL, "CallStatus": "completed", "CallDuration": "12", "SequenceNumber": "3"}
    await post(http, voice, "/calls/status", ended)

    replayed = await token_of_call(http, voice)

    assert await first_answer(http, voice, "CA1", replayed) == "closed"
    assert rows(voice, "SELECT status FROM call") == [("completed",)]


async def test_every_door_that_takes_a_post_wants_its_own_signature(
    voice: RunningVoice, http: aiohttp.ClientSession
) -> None:
    """They are found in the app itself, so one that is added later is tried too."""
    providers = vendors(voice.settings)
    app = create_app(voice.settings, providers)
    await providers.close.aclose()
    doors = sorted(rule.rule for rule in app.url_map.iter_rules() if "POST" in (rule.methods or ()))
    form = {**CALL, "MessageSid": "SM1", "Body": "STOP", "MessageStatus": "delivered"}
    everything = rows(voice, COUNTS)

    refused = {}
    for door in doors:
        url = f"{voice.settings.voice_public_url}{door}"
        forgeries = (None, "", "AAAA", SECRET.compute_signature(url, {**form, "Body": "START"}))
        for signature in forgeries:
            headers = {} if signature is None else {"X-Twilio-Signature": signature}
            async with http.post(url, data=form, headers=headers) as answer:
                refused[door, signature] = answer.status

    assert {"/calls/incoming", "/calls/status", "/messages/incoming"} <= set(doors)
    assert set(refused.values()) == {403}
    assert rows(voice, COUNTS) == everything


async def test_signature_of_one_door_opens_no_other(
    voice: RunningVoice, http: aiohttp.ClientSession
) -> None:
    url = f"{voice.settings.voice_public_url}/calls/incoming"
    headers = {"X-Twilio-Signature": SECRET.compute_signature(url, CALL)}
    ended = f"{voice.settings.voice_public_url}/calls/status"

    async with http.post(ended, data=CALL, headers=headers) as answer:
        status = answer.status

    assert status == 403


@pytest.mark.parametrize(
    "form",
    [
        {**CALL, "From": "+1415555\r\n0123"},
        {**CALL, "From": "<script>alert(1)</script>"},
        {**CALL, "From": "x" * 100_000},
        {**CALL, "StirVerstat": "TN-Validation-Passed-A\0"},
        {**CALL, "Extra": "'; DROP TABLE call; --"},
    ],
)
async def test_odd_fields_are_taken_for_nobodys_number(
    voice: RunningVoice, http: aiohttp.ClientSession, form: dict[str, str]
) -> None:
    status, twiml = await post(http, voice, "/calls/incoming", form)

    assert status in (200, 400)
    assert "<script" not in twiml
    assert "\r\n0123" not in twiml


async def test_proxys_headers_do_not_make_a_signature_right(
    voice: RunningVoice, http: aiohttp.ClientSession
) -> None:
    """The signed address is the configured one, not what a request claims of itself."""
    forged = "https://evil.example/calls/incoming"
    headers = {
        "X-Twilio-Signature": SECRET.compute_signature(forged, CALL),
        "X-Forwarded-Host": "evil.example",
        "X-Forwarded-Proto": "https",
        "Host": "evil.example",
    }
    url = f"{voice.settings.voice_public_url}/calls/incoming"

    async with http.post(url, data=CALL, headers=headers) as answer:
        status = answer.status

    assert status == 403


async def test_stream_that_never_says_which_call_it_is_gets_nothing(
    voice: RunningVoice, http: aiohttp.ClientSession
) -> None:
    url = voice.settings.stream_url
    headers = {"X-Twilio-Signature": SECRET.compute_signature(url, {})}
    for first in ("not json", "[]", '{"event":"start"}', '{"event":"media","media":{"payload":1}}'):
        async with http.ws_connect(url, headers=headers) as socket:
            await socket.send_str(first)
            message = await socket.receive(timeout=10)

        assert message.type in (aiohttp.WSMsgType.CLOSE, aiohttp.WSMsgType.CLOSED), first

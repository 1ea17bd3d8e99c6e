"""One recogniser goes, the other one takes over: both adapters against the sandbox's Deepgram."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import pytest

from sandbox.config import SandboxConfig
from sandbox.deepgram.app import create_app
from sandbox.engines.tones import tones_from_text
from sandbox.serving import serving
from shared.settings import Settings
from tests.support.fake_sound import silence
from voice.conversation.events import (
    TranscriptReceived,
    UtteranceEnded,
    UtteranceLikelyEnded,
    UtteranceResumed,
    VoiceDetected,
)
from voice.metrics import Metrics
from voice.ports import FRAME_BYTES, ListenOptions, RecogniserEvent, RecogniserStream
from voice.recognisers import recognisers
from voice.reconnecting import ReconnectingSpeechToText

OPTIONS = ListenOptions(key_terms=("Lisa", "Ben"))


class Deepgram:
    """The sandbox's Deepgram, and what a test makes of it."""

    def __init__(self, url: str, http: aiohttp.ClientSession) -> None:
        self.url = url
        self._http = http

    async def fail_next(self, **failure: Any) -> None:
        async with self._http.post(f"{self.url}/_control/fail_next", json=failure) as answer:
            assert answer.ok, await answer.text()

    def settings(self, **more: Any) -> Settings:
        return Settings(deepgram_base_url=self.url, **more)


@pytest.fixture
async def deepgram() -> AsyncIterator[Deepgram]:
    async with (
        serving(create_app(SandboxConfig(script=True))) as url,
        aiohttp.ClientSession() as http,
        asyncio.timeout(20),
    ):
        yield Deepgram(url, http)


@asynccontextmanager
async def listening(settings: Settings) -> AsyncIterator[RecogniserStream]:
    async with ReconnectingSpeechToText(recognisers(settings, Metrics())).open(OPTIONS) as stream:
        yield stream


async def say(stream: RecogniserStream, audio: bytes) -> None:
    for start in range(0, len(audio), FRAME_BYTES):
        stream.send(audio[start : start + FRAME_BYTES])


async def until(
    events: AsyncIterator[RecogniserEvent], last: type[RecogniserEvent]
) -> list[RecogniserEvent]:
    """Return what is heard up to the first event of a kind after final words."""
    heard: list[RecogniserEvent] = []
    async for event in events:
        heard.append(event)
        if isinstance(event, last) and words(heard):
            return heard
    raise AssertionError(heard)


def words(heard: list[RecogniserEvent]) -> str:
    finals = (event for event in heard if isinstance(event, TranscriptReceived) and event.is_final)
    return " ".join(final.text for final in finals)


async def test_flux_hints_takes_back_and_is_sure(deepgram: Deepgram) -> None:
    audio = tones_from_text("tell me a story") + silence(0.32) + tones_from_text("of the sea")
    async with listening(deepgram.settings()) as stream:
        await say(stream, audio + silence(0.6))
        heard = await until(stream.events(), UtteranceEnded)

    assert words(heard) == "tell me a story of the sea"
    assert [type(event) for event in heard if not isinstance(event, TranscriptReceived)] == [
        VoiceDetected,
        UtteranceLikelyEnded,
        UtteranceResumed,
        VoiceDetected,
        UtteranceLikelyEnded,
        UtteranceEnded,
    ]


async def test_the_pause_time_can_end_what_flux_believes_unfinished(deepgram: Deepgram) -> None:
    async with listening(deepgram.settings()) as stream:
        await say(stream, tones_from_text("i would like to") + silence(0.6))
        heard: list[RecogniserEvent] = []
        async for event in stream.events():
            heard.append(event)
            if words(heard):
                break

    assert words(heard) == "i would like to"
    assert UtteranceLikelyEnded() not in heard


@pytest.mark.parametrize(
    ("wanted", "route"), [("flux", "listen:v2"), ("nova", "listen:v1")], ids=["flux", "nova"]
)
async def test_in_mid_call_the_other_recogniser_takes_over(
    deepgram: Deepgram, wanted: str, route: str
) -> None:
    async with listening(deepgram.settings(recogniser=wanted)) as stream:
        events = stream.events()
        await say(stream, tones_from_text("first") + silence(0.6))
        first = await until(events, UtteranceLikelyEnded)
        await deepgram.fail_next(route=route, times=100, status=503)
        await deepgram.fail_next(route="listen:audio", disconnect=True)
        await say(stream, tones_from_text("second") + silence(0.7))
        second = await until(events, UtteranceLikelyEnded)

    assert (words(first), words(second)) == ("first", "second")
    assert isinstance(second[-2], TranscriptReceived)
    spoken = (len(tones_from_text("first")) + len(tones_from_text("second"))) / 8000
    assert second[-2].ended_at == pytest.approx(0.6 + spoken, abs=0.1)

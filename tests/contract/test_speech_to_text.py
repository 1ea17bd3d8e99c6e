"""What every recogniser does: run on the fake and on Deepgram's two adapters against the sandbox."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass

import aiohttp
import pytest

from sandbox.config import SandboxConfig
from sandbox.deepgram.app import create_app
from sandbox.engines.tones import tones_from_text
from sandbox.serving import serving
from shared.errors import ProviderError
from tests.support.fake_line import FAKE
from tests.support.fake_sound import fake_speech, silence
from tests.support.fakes import FakeSpeechToText
from voice.adapters.deepgram_flux import FluxSpeechToText
from voice.adapters.deepgram_listen import DeepgramSpeechToText
from voice.conversation.events import (
    TranscriptReceived,
    UtteranceLikelyEnded,
    VoiceDetected,
)
from voice.ports import (
    BYTES_A_SECOND,
    FRAME_BYTES,
    ListenOptions,
    RecogniserEvent,
    RecogniserStream,
    SpeechToText,
)

OPTIONS = ListenOptions(key_terms=("Lisa", "Ben"))


@dataclass(frozen=True)
class Recogniser:
    """A recogniser under test, how to speak to it and how to make it fail."""

    port: SpeechToText
    speech: Callable[[str], bytes]
    refuse_next: Callable[[int], Awaitable[None]]  # with this HTTP status
    break_off: Callable[[], Awaitable[None]]  # at the next audio


@asynccontextmanager
async def fake() -> AsyncIterator[Recogniser]:
    port = FakeSpeechToText()

    async def refuse_next(status: int) -> None:
        port.refusals = 1
        port.refusal = ProviderError(FAKE, str(status), retryable=status >= 500)

    async def break_off() -> None:
        port.stream.break_off()

    yield Recogniser(port, fake_speech, refuse_next, break_off)


def nova() -> AbstractAsyncContextManager[Recogniser]:
    return sandbox(lambda url: DeepgramSpeechToText(api_key="a-key", base_url=url))


def flux() -> AbstractAsyncContextManager[Recogniser]:
    return sandbox(lambda url: FluxSpeechToText(api_key="a-key", base_url=url))


@asynccontextmanager
async def sandbox(adapter: Callable[[str], SpeechToText]) -> AsyncIterator[Recogniser]:
    async with (
        serving(create_app(SandboxConfig(script=True))) as url,
        aiohttp.ClientSession() as http,
    ):
        port = adapter(url)

        async def fail_next(**failure: object) -> None:
            async with http.post(f"{url}/_control/fail_next", json=failure) as answer:
                assert answer.ok, await answer.text()

        async def refuse_next(status: int) -> None:
            await fail_next(route="listen", status=status)

        async def break_off() -> None:
            await fail_next(route="listen:audio", disconnect=True)

        yield Recogniser(port, tones_from_text, refuse_next, break_off)


@pytest.fixture(params=[fake, nova, flux], ids=["fake", "nova", "flux"])
async def recogniser(request: pytest.FixtureRequest) -> AsyncIterator[Recogniser]:
    async with request.param() as recogniser, asyncio.timeout(20):
        yield recogniser


async def send(stream: RecogniserStream, audio: bytes) -> None:
    for start in range(0, len(audio), FRAME_BYTES):
        stream.send(audio[start : start + FRAME_BYTES])


async def until_ended(events: AsyncIterator[RecogniserEvent]) -> list[RecogniserEvent]:
    """Return what is heard up to the end of an utterance that had words."""
    heard: list[RecogniserEvent] = []
    async for event in events:
        heard.append(event)
        if isinstance(event, UtteranceLikelyEnded) and finals(heard):
            return heard
    raise AssertionError(heard)


def words(heard: list[RecogniserEvent]) -> list[TranscriptReceived]:
    return [event for event in heard if isinstance(event, TranscriptReceived) and event.text]


def finals(heard: list[RecogniserEvent]) -> list[TranscriptReceived]:
    return [event for event in words(heard) if event.is_final]


async def test_words_are_final_before_the_utterance_ends(recogniser: Recogniser) -> None:
    async with recogniser.port.open(OPTIONS) as stream:
        await send(stream, recogniser.speech("hello buddy") + silence(0.6))
        heard = await until_ended(stream.events())

    assert heard[0] == VoiceDetected()
    assert [final.text for final in finals(heard)] == ["hello buddy"]
    assert heard[-1] == UtteranceLikelyEnded()


async def test_words_may_come_early_and_change(recogniser: Recogniser) -> None:
    async with recogniser.port.open(OPTIONS) as stream:
        await send(stream, recogniser.speech("tell me about the weather in paris") + silence(0.6))
        heard = await until_ended(stream.events())

    interims = [event for event in words(heard) if not event.is_final]
    assert interims
    assert all("tell me about the weather in paris".startswith(e.text) for e in interims)


async def test_times_count_from_the_connections_first_audio(recogniser: Recogniser) -> None:
    speech = recogniser.speech("hello")
    async with recogniser.port.open(OPTIONS) as stream:
        events = stream.events()
        await send(stream, silence(1.0) + speech + silence(0.6))
        first = await until_ended(events)
        await send(stream, speech + silence(0.6))
        second = await until_ended(events)

    spoken = len(speech) / BYTES_A_SECOND
    assert finals(first)[0].ended_at == pytest.approx(1.0 + spoken, abs=0.1)
    assert finals(second)[0].ended_at == pytest.approx(1.6 + 2 * spoken, abs=0.1)


async def test_the_last_words_come_when_they_are_asked_for(recogniser: Recogniser) -> None:
    async with recogniser.port.open(OPTIONS) as stream:
        await send(stream, recogniser.speech("wait") + silence(0.27))  # no recogniser's pause yet
        await stream.finish()

        async for event in stream.events():
            if isinstance(event, TranscriptReceived) and event.is_final:
                assert event.text == "wait"
                return
    pytest.fail("no final words came")


async def test_who_goes_on_after_a_pause_is_heard_once(recogniser: Recogniser) -> None:
    audio = recogniser.speech("tell me a story") + silence(0.32) + recogniser.speech("of the sea")
    async with recogniser.port.open(OPTIONS) as stream:
        await send(stream, audio + silence(0.6))
        events = stream.events()
        heard = await until_ended(events)
        while " ".join(final.text for final in finals(heard)) != "tell me a story of the sea":
            heard += await until_ended(events)

    assert [final.ended_at for final in finals(heard)] == sorted(
        final.ended_at or 0.0 for final in finals(heard)
    )


async def test_silence_has_no_words(recogniser: Recogniser) -> None:
    async with recogniser.port.open(OPTIONS) as stream:
        await send(stream, silence(3) + recogniser.speech("yes") + silence(0.6))
        heard = await until_ended(stream.events())

    assert all("yes".startswith(event.text) for event in words(heard))


async def test_a_broken_connection_is_a_failure_that_may_be_retried(recogniser: Recogniser) -> None:
    async with recogniser.port.open(OPTIONS) as stream:
        await send(stream, silence(0.1))
        await recogniser.break_off()
        with pytest.raises(ProviderError) as caught:
            await asyncio.gather(send(stream, silence(0.1)), until_ended(stream.events()))

    assert caught.value.retryable


@pytest.mark.parametrize(("status", "retryable"), [(500, True), (401, False)])
async def test_a_refused_connection_is_a_failure(
    recogniser: Recogniser, status: int, *, retryable: bool
) -> None:
    await recogniser.refuse_next(status)

    with pytest.raises(ProviderError) as caught:
        async with recogniser.port.open(OPTIONS):
            pass

    assert caught.value.retryable is retryable


async def test_leaving_ends_the_events(recogniser: Recogniser) -> None:
    async with recogniser.port.open(OPTIONS) as stream:
        await send(stream, silence(0.1))
        listening = asyncio.ensure_future(_all(stream.events()))
        await asyncio.wait([listening], timeout=0.05)

    assert await listening == []


async def _all(events: AsyncIterator[RecogniserEvent]) -> list[RecogniserEvent]:
    return [event async for event in events]

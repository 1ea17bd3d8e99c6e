"""What every voice does: run on the fake and on every vendor's adapter against the sandbox."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass

import pytest

from sandbox.engines.tones import ToneListener
from shared.errors import ProviderError
from tests.contract.deepgram_sandbox import deepgram_sandbox
from tests.contract.openai_sandbox import openai_sandbox
from tests.support.fake_line import FAKE
from tests.support.fake_sound import words_in
from tests.support.fakes import FakeTextToSpeech, ScriptedSpeech
from voice.adapters.deepgram_speak import DeepgramSpeech
from voice.adapters.openai_realtime import OpenAIRealtimeSpeech
from voice.adapters.openai_speech import OpenAISpeech
from voice.ports import BYTES_A_SECOND, TextToSpeech, Voice

pytestmark = pytest.mark.filterwarnings(
    "ignore:websockets.*is deprecated:DeprecationWarning",  # deepgram-sdk imports it
)
BALLAD = Voice("ballad", "slow and close")
SENTENCE = "once upon a time there was a bear, and it could not sleep."


@dataclass(frozen=True)
class Speaker:
    """A voice under test, how to understand it and how to make it fail."""

    port: TextToSpeech
    words: Callable[[bytes], str]
    fail: Callable[[int], Awaitable[None]]  # with this HTTP status
    break_off: Callable[[], Awaitable[None]]  # after some audio


def read(audio: bytes) -> str:
    listener = ToneListener()
    listener.feed(audio)
    return listener.text


@asynccontextmanager
async def fake() -> AsyncIterator[Speaker]:
    port = FakeTextToSpeech(first_byte_seconds=0.01, speed=100)

    async def fail(status: int) -> None:
        retryable = status == 429 or status >= 500
        port.fail(ScriptedSpeech(error=ProviderError(FAKE, str(status), retryable=retryable)))

    async def break_off() -> None:
        port.fail(ScriptedSpeech(after_seconds=0.5))

    yield Speaker(port, words_in, fail, break_off)


@asynccontextmanager
async def openai_speech() -> AsyncIterator[Speaker]:
    async with (
        openai_sandbox() as server,
        OpenAISpeech(api_key="a-key", model="gpt-4o-mini-tts", base_url=server.base_url) as port,
    ):

        async def fail(status: int) -> None:
            await server.fail_next(route="speech", status=status)

        async def break_off() -> None:
            await server.fail_next(route="speech:chunk", after=2, disconnect=True)

        yield Speaker(port, read, fail, break_off)


@asynccontextmanager
async def openai_realtime() -> AsyncIterator[Speaker]:
    async with (
        openai_sandbox() as server,
        OpenAIRealtimeSpeech(
            api_key="a-key", model="gpt-realtime-2.1-mini", base_url=server.base_url
        ) as port,
    ):

        async def fail(status: int) -> None:
            await server.fail_next(route="realtime", status=status)

        async def break_off() -> None:
            await server.fail_next(route="realtime:audio", after=2, disconnect=True)

        yield Speaker(port, read, fail, break_off)


@asynccontextmanager
async def deepgram_speak() -> AsyncIterator[Speaker]:
    async with (
        deepgram_sandbox() as server,
        DeepgramSpeech(api_key="a-key", base_url=server.url) as port,
    ):

        async def fail(status: int) -> None:
            await server.fail_next(route="speak", status=status)

        async def break_off() -> None:
            await server.fail_next(route="speak:audio", after=2, disconnect=True)

        yield Speaker(port, read, fail, break_off)


@pytest.fixture(params=[fake, openai_speech, openai_realtime, deepgram_speak])
async def speaker(request: pytest.FixtureRequest) -> AsyncIterator[Speaker]:
    async with request.param() as speaker, asyncio.timeout(20):
        yield speaker


async def chunks_of(speaker: Speaker, text: str = SENTENCE) -> list[bytes]:
    return [chunk async for chunk in speaker.port.synthesise(text, BALLAD)]


async def test_the_audio_says_the_words_to_the_last_letter(speaker: Speaker) -> None:
    audio = b"".join(await chunks_of(speaker))

    assert speaker.words(audio).strip() == SENTENCE
    assert len(audio) / BYTES_A_SECOND == pytest.approx(len(SENTENCE) * 0.04, abs=0.1)


async def test_it_comes_in_pieces_and_none_is_empty(speaker: Speaker) -> None:
    chunks = await chunks_of(speaker)

    assert len(chunks) > 3
    assert all(chunks)


async def test_two_sentences_at_once_do_not_mix(speaker: Speaker) -> None:
    first, second = await asyncio.gather(
        chunks_of(speaker, "the first one"), chunks_of(speaker, "the second")
    )

    said = (speaker.words(b"".join(first)).strip(), speaker.words(b"".join(second)).strip())
    assert said == ("the first one", "the second")


@pytest.mark.parametrize(("status", "retryable"), [(500, True), (429, True), (400, False)])
async def test_a_refusal_says_whether_asking_again_can_help(
    speaker: Speaker, status: int, *, retryable: bool
) -> None:
    await speaker.fail(status)

    with pytest.raises(ProviderError) as caught:
        await chunks_of(speaker)

    assert caught.value.retryable is retryable


async def test_speech_cut_off_is_a_failure_and_not_an_end(speaker: Speaker) -> None:
    await speaker.break_off()

    with pytest.raises(ProviderError) as caught:
        await chunks_of(speaker)

    assert caught.value.retryable


async def test_closing_early_ends_the_request_and_the_next_one_works(speaker: Speaker) -> None:
    audio = speaker.port.synthesise(SENTENCE, BALLAD)
    await anext(audio)
    await audio.aclose()

    assert speaker.words(b"".join(await chunks_of(speaker, "again"))).strip() == "again"

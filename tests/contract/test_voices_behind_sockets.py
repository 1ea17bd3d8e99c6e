"""What the two voices behind a websocket do beyond the port, against the sandbox."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import pytest
from structlog.testing import capture_logs

from sandbox.engines.tones import ToneListener
from shared.errors import ProviderError
from tests.contract.deepgram_sandbox import deepgram_sandbox
from tests.contract.openai_sandbox import openai_sandbox
from tests.contract.steered_sandbox import SteeredSandbox
from voice.adapters.deepgram_speak import DeepgramSpeech
from voice.adapters.openai_realtime import OpenAIRealtimeSpeech
from voice.ports import TextToSpeech, Voice

pytestmark = pytest.mark.filterwarnings(
    "ignore:websockets.*is deprecated:DeprecationWarning",  # deepgram-sdk imports it
)
SENTENCE = "the lighthouse keeper had a rule, never answer the sea."
REALTIME = "gpt-realtime-2.1-mini"


@dataclass(frozen=True)
class World:
    port: TextToSpeech
    server: SteeredSandbox
    request: str  # the sandbox's name for being asked to speak

    async def say(self, text: str, voice: Voice | None = None) -> str:
        listener = ToneListener()
        async for chunk in self.port.synthesise(text, voice or Voice("ballad")):
            listener.feed(chunk)
        return listener.text.strip()

    async def connections(self) -> list[str]:
        """Return the query of every websocket that was opened."""
        return [r["query"] for r in await self.server.requests() if r["kind"] == "websocket"]


@asynccontextmanager
async def openai_realtime() -> AsyncIterator[World]:
    async with (
        openai_sandbox() as server,
        OpenAIRealtimeSpeech(api_key="a-key", model=REALTIME, base_url=server.base_url) as port,
    ):
        yield World(port, server, "realtime:response")


@asynccontextmanager
async def deepgram_speak() -> AsyncIterator[World]:
    async with (
        deepgram_sandbox() as server,
        DeepgramSpeech(api_key="a-key", base_url=server.url) as port,
    ):
        yield World(port, server, "speak:flush")


@pytest.fixture(params=[openai_realtime, deepgram_speak])
async def world(request: pytest.FixtureRequest) -> AsyncIterator[World]:
    async with request.param() as world, asyncio.timeout(20):
        yield world


async def test_one_connection_speaks_one_segment_after_the_other(world: World) -> None:
    said = [await world.say(text) for text in ("one thing", "and another", "and a third")]

    assert said == ["one thing", "and another", "and a third"]
    assert len(await world.connections()) == 1


async def test_a_voice_that_was_warmed_up_needs_no_handshake_to_speak(world: World) -> None:
    assert isinstance(world.port, OpenAIRealtimeSpeech | DeepgramSpeech)
    await world.port.warm_up(Voice("ballad"))
    before = await world.connections()
    said = await world.say("one thing")

    assert (len(before), said, await world.connections()) == (1, "one thing", before)


async def test_every_voice_and_every_pace_has_a_connection_of_its_own(world: World) -> None:
    await world.say("one", Voice("ballad"))
    await world.say("two", Voice("marin"))
    await world.say("three", Voice("marin", speed=0.8))

    assert len(await world.connections()) == 3


async def test_a_connection_lost_between_segments_is_made_again_unnoticed(world: World) -> None:
    await world.say("one")
    await world.server.fail_next(route=world.request, disconnect=True)

    assert await world.say("two") == "two"


async def test_deepgram_is_asked_for_the_aura_voice_that_comes_nearest() -> None:
    async with deepgram_speak() as world:
        await world.say("one", Voice("ballad"))
        await world.say("two", Voice("aura-2-zeus-en", speed=3))
        await world.say("three", Voice("a voice of tomorrow"))
        asked = [
            dict(pair.split("=") for pair in query.split("&"))
            for query in await world.connections()
        ]

    same = {"encoding": "mulaw", "sample_rate": "8000", "mip_opt_out": "true"}
    assert asked == [
        same | {"model": "aura-2-draco-en"},
        same | {"model": "aura-2-zeus-en", "speed": "1.5"},
        same | {"model": "aura-2-thalia-en"},
    ]


async def test_a_connection_is_not_flushed_more_often_than_deepgram_allows() -> None:
    async with deepgram_speak() as world:
        said = [await world.say("x") for _ in range(21)]

        assert said == ["x"] * 21
        assert len(await world.connections()) == 2


async def test_an_answer_instead_of_a_reading_is_given_up_before_anybody_hears_it() -> None:
    async with openai_realtime() as world:
        await world.server.script(rewordings=["thank you for asking, i am fine today."])
        audio = world.port.synthesise("how are you my old friend?", Voice("ballad"))

        with pytest.raises(ProviderError) as caught:
            await anext(audio)

        assert caught.value.retryable
        assert await world.say("how are you my old friend?") == "how are you my old friend?"


async def test_a_reading_that_strays_later_is_counted_and_logged_without_its_words() -> None:
    async with openai_realtime() as world:
        told: list[Any] = []
        assert isinstance(world.port, OpenAIRealtimeSpeech)
        world.port.on_reworded = lambda: told.append(True)
        reworded = "the lighthouse keeper had a rule, which was to stay silent."
        await world.server.script(rewordings=[reworded])
        with capture_logs() as logs:
            assert await world.say(SENTENCE) == reworded
            assert await world.say(SENTENCE) == SENTENCE

        assert (len(told), world.port.reworded) == (1, 1)
        assert [entry["event"] for entry in logs] == ["reading_reworded"]
        assert "lighthouse" not in str(logs)


async def test_a_model_or_a_key_that_is_wrong_is_no_matter_of_trying_again() -> None:
    async with (
        openai_sandbox() as server,
        OpenAIRealtimeSpeech(api_key="k", model="gpt-nothing", base_url=server.base_url) as port,
    ):
        with pytest.raises(ProviderError) as caught:
            await World(port, server, "realtime").say("hello")

    assert not caught.value.retryable
    assert "404" in str(caught.value)


async def test_a_persona_voice_that_the_realtime_api_lacks_is_a_failure_that_stays() -> None:
    async with openai_realtime() as world:
        with pytest.raises(ProviderError) as caught:
            await world.say("hello", Voice("onyx"))

    assert not caught.value.retryable

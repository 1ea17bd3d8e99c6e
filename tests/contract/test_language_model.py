"""What every language model does: run on the fake and on LangChain's against the sandbox."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass

import pytest

from shared.errors import ProviderError
from tests.contract.openai_sandbox import openai_sandbox
from tests.support.fake_line import FAKE
from tests.support.fakes import FakeLanguageModel, ScriptedReply
from voice.adapters.openai_chat import OpenAIChat
from voice.conversation.prompts import ModelMessage
from voice.ports import LanguageModel

STORY = "Once upon a time there was a bear. It could not sleep."


@dataclass(frozen=True)
class Model:
    """A model under test, what it shall answer and how it shall fail."""

    port: LanguageModel
    answer: Callable[[str], Awaitable[None]]
    fail: Callable[[int], Awaitable[None]]  # with this HTTP status
    break_off: Callable[[], Awaitable[None]]  # after some words


@asynccontextmanager
async def fake() -> AsyncIterator[Model]:
    port = FakeLanguageModel()

    async def answer(text: str) -> None:
        port.answer(ScriptedReply(text, first_token_seconds=0.01, token_seconds=0.001))

    async def fail(status: int) -> None:
        error = ProviderError(FAKE, str(status), retryable=status == 429 or status >= 500)
        port.answer(ScriptedReply(error=error))

    async def break_off() -> None:
        error = ProviderError(FAKE, "cut", retryable=True)
        port.answer(ScriptedReply("Once upon a", error=error))

    yield Model(port, answer, fail, break_off)


@asynccontextmanager
async def sandbox() -> AsyncIterator[Model]:
    async with (
        openai_sandbox() as server,
        OpenAIChat(api_key="a-key", base_url=server.base_url) as port,
    ):

        async def answer(text: str) -> None:
            reply = {"match": ".*", "text": text, "first_token_ms": 10, "token_ms": 1}
            await server.script(replies=[reply])

        async def fail(status: int) -> None:
            await server.fail_next(route="chat", status=status)

        async def break_off() -> None:
            await answer(STORY)
            await server.fail_next(route="chat:chunk", after=3, disconnect=True)

        yield Model(port, answer, fail, break_off)


@pytest.fixture(params=[fake, sandbox], ids=["fake", "sandbox"])
async def model(request: pytest.FixtureRequest) -> AsyncIterator[Model]:
    async with request.param() as model, asyncio.timeout(20):
        yield model


def asked(text: str) -> list[ModelMessage]:
    return [
        ModelMessage("system", "You are Ben."),
        ModelMessage("user", "hi"),
        ModelMessage("assistant", "Hello!"),
        ModelMessage("user", text),
    ]


async def tokens_of(model: Model, text: str = "a story please") -> list[str]:
    tokens: list[str] = []
    await keep_tokens(model, tokens, text)
    return tokens


async def keep_tokens(model: Model, kept: list[str], text: str = "a story please") -> None:
    async for token in model.port.reply(asked(text), model="gpt-6-luna"):
        kept.append(token)  # noqa: PERF401 - what came before a failure counts


async def test_a_reply_comes_in_pieces_and_none_is_empty(model: Model) -> None:
    await model.answer(STORY)

    tokens = await tokens_of(model)

    assert "".join(tokens) == STORY
    assert len(tokens) > 3
    assert all(tokens)


async def test_it_answers_the_last_thing_said(model: Model) -> None:
    assert "".join(await tokens_of(model, "good morning")) == "You said good morning."


async def test_replies_do_not_mix(model: Model) -> None:
    first, second = await asyncio.gather(tokens_of(model, "one"), tokens_of(model, "two"))

    assert ("".join(first), "".join(second)) == ("You said one.", "You said two.")


@pytest.mark.parametrize(("status", "retryable"), [(500, True), (429, True), (401, False)])
async def test_a_refusal_says_whether_asking_again_can_help(
    model: Model, status: int, *, retryable: bool
) -> None:
    await model.fail(status)

    with pytest.raises(ProviderError) as caught:
        await tokens_of(model)

    assert caught.value.retryable is retryable


async def test_a_reply_cut_off_keeps_what_came_and_then_fails(model: Model) -> None:
    await model.break_off()
    said: list[str] = []

    with pytest.raises(ProviderError) as caught:
        await keep_tokens(model, said)

    assert caught.value.retryable
    assert said
    assert STORY.startswith("".join(said))


async def test_closing_early_ends_the_request_and_the_next_one_works(model: Model) -> None:
    await model.answer(STORY)
    reply = model.port.reply(asked("a story please"), model="gpt-6-luna")
    await anext(reply)
    await reply.aclose()
    await model.answer("Fine.")

    assert "".join(await tokens_of(model)) == "Fine."

"""The local model's replies are made short enough for a telephone."""

from __future__ import annotations

from collections.abc import AsyncGenerator

import pytest

from sandbox.engines.local_model import (
    LONGEST_HISTORY,
    MOST_TOKENS,
    _for_the_telephone,
    _until_enough,
)
from sandbox.engines.roles import ChatRequest, ReplyEnded, TextWritten, Written
from sandbox.engines.script_model import tokens_of

ASKED = ChatRequest("gpt-6-luna", ({"role": "user", "content": "tell me more " * 10},))


async def writing(text: str) -> AsyncGenerator[Written]:
    for token in tokens_of(text):
        yield TextWritten(token)
    yield ReplyEnded("stop", 5, len(tokens_of(text)))


async def cut(text: str) -> str:
    pieces = [piece async for piece in _until_enough(writing(text), ASKED)]
    assert isinstance(pieces[-1], ReplyEnded)
    return "".join(piece.text for piece in pieces if isinstance(piece, TextWritten))


@pytest.mark.parametrize(
    "short",
    [
        "Hi.",
        "I had a great day! What was yours?",
        "That sounds stressful. Do you have a plan for it?",
    ],
)
async def test_a_short_reply_is_left_alone(short: str) -> None:
    assert await cut(short) == short


async def test_a_long_reply_ends_at_a_sentence() -> None:
    story = "Once there was a boat that sailed far away. " * 6

    text = await cut(story)

    assert text == "Once there was a boat that sailed far away. " * 1 + (
        "Once there was a boat that sailed far away."
    )


async def test_a_reply_that_was_ended_has_its_usage_estimated() -> None:
    pieces = [piece async for piece in _until_enough(writing("One boat sailed. " * 20), ASKED)]

    assert isinstance(pieces[-1], ReplyEnded)
    assert pieces[-1].completion_tokens == len(pieces) - 1
    assert 20 <= pieces[-1].prompt_tokens <= 40


async def test_a_sentence_without_end_is_not_cut() -> None:
    assert await cut("and then " * 30) == "and then " * 30


def test_requests_are_cooled_and_shortened() -> None:
    asked = ChatRequest(
        "gpt-6-luna",
        ({"role": "user", "content": "hi"},),
        tools=({"type": "function"},),
        options={"temperature": 1.2, "max_completion_tokens": 4000, "tool_choice": "auto"},
    )

    request = _for_the_telephone(asked)

    assert request.tools == ()
    assert request.options == {"temperature": 0.3, "max_tokens": MOST_TOKENS, "cache_prompt": True}


def test_history_that_does_not_fit_loses_its_oldest() -> None:
    system = {"role": "system", "content": "s" * 1000}
    turns = [{"role": "user", "content": f"{n:02}" + "x" * 998} for n in range(20)]

    messages = _for_the_telephone(ChatRequest("m", (system, *turns))).messages

    assert messages[0] == system
    assert messages[-1] == turns[-1]
    assert sum(len(m["content"]) for m in messages) <= LONGEST_HISTORY
    assert len(messages) == 9

"""Replies by script."""

from __future__ import annotations

from typing import Any

import pytest

from sandbox.engines.roles import ChatRequest, ReplyEnded, TextWritten, ToolCalled, Written
from sandbox.engines.script_model import ScriptModel, tokens_of


def asking(text: str, **options: Any) -> ChatRequest:
    system = {"role": "system", "content": "You are Lisa."}
    return ChatRequest("gpt-6-luna", (system, {"role": "user", "content": text}), options=options)


async def written(model: ScriptModel, request: ChatRequest) -> list[Written]:
    return [piece async for piece in model.reply(request)]


def text(pieces: list[Written]) -> str:
    return "".join(piece.text for piece in pieces if isinstance(piece, TextWritten))


async def test_without_a_script_it_repeats_what_was_said() -> None:
    model = ScriptModel()

    assert text(await written(model, asking("hello there"))) == "You said hello there."
    assert text(await written(model, asking("who are you?"))) == "You said who are you?"


async def test_the_first_reply_that_matches_is_given_as_often_as_it_may() -> None:
    model = ScriptModel()
    model.take(
        {
            "replies": [
                {"match": "^STORY", "text": "Once upon a time.", "times": 1},
                {"match": "story", "text": "Another one."},
                {"text": "Pardon?"},
            ]
        }
    )

    asked = [asking("story please"), asking("story please"), asking("weather")]
    assert [text(await written(model, request)) for request in asked] == [
        "Once upon a time.",
        "Another one.",
        "Pardon?",
    ]


async def test_a_tool_is_called_with_json() -> None:
    model = ScriptModel()
    model.take({"replies": [{"tool_calls": [{"name": "search", "arguments": {"q": "news"}}]}]})

    pieces = await written(model, asking("news?"))

    assert pieces[0] == ToolCalled("search", '{"q": "news"}')
    assert isinstance(pieces[-1], ReplyEnded)
    assert pieces[-1].reason == "tool_calls"


async def test_a_limit_cuts_the_reply_and_says_so() -> None:
    pieces = await written(ScriptModel(), asking("one two three four", max_tokens=3))

    assert text(pieces) == "You said one"
    assert isinstance(pieces[-1], ReplyEnded)
    assert (pieces[-1].reason, pieces[-1].completion_tokens) == ("length", 3)


async def test_parts_of_a_message_are_one_text() -> None:
    content = [{"type": "text", "text": "good"}, {"type": "text", "text": "evening"}]
    request = ChatRequest("gpt-6-luna", ({"role": "user", "content": content},))

    assert text(await written(ScriptModel(), request)) == "You said good evening."


def test_a_script_with_a_broken_pattern_is_refused() -> None:
    with pytest.raises(Exception, match="unterminated"):
        ScriptModel().take({"replies": [{"match": "(", "text": ""}]})


@pytest.mark.parametrize("reply", ["Well, it's 5 o'clock!", " a  b ", "", "…ok\n"])
def test_tokens_lose_nothing(reply: str) -> None:
    assert "".join(tokens_of(reply)) == reply

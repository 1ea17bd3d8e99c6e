"""What the sandbox streams has the shape of what the vendor documents: `tests/wire/openai`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from sandbox.engines.roles import ReplyEnded, TextWritten
from sandbox.openai.completions import Completion
from sandbox.openai.requests import error_body

WIRE: dict[str, Any] = json.loads(
    (Path(__file__).parents[3] / "wire" / "openai" / "chat_stream.json").read_text("utf-8")
)


def test_a_streamed_reply_is_documented_event_by_event() -> None:
    completion = Completion("gpt-4o-mini", has_usage=True)

    hello = TextWritten("Hello")
    events = [
        completion.opening(hello),
        *completion.chunks(hello),
        *completion.chunks(TextWritten(" there.")),
        *completion.chunks(ReplyEnded("stop", 19, 3)),
    ]

    assert len(events) == len(WIRE["events"])
    for event, documented in zip(events, WIRE["events"], strict=True):
        assert set(documented) <= set(event)
        for field in ("object", "model"):
            assert event[field] == documented[field]
        assert [_essence(c) for c in event["choices"]] == [
            _essence(c) for c in documented["choices"]
        ]
        usage = documented["usage"]
        assert (event["usage"] or {}) | (usage or {}) == (event["usage"] or {})
    assert len({event["id"] for event in events}) == 1


def _essence(choice: dict[str, Any]) -> Any:
    delta = {name: value for name, value in choice["delta"].items() if name != "refusal"}
    return choice["index"], delta, choice["logprobs"], choice["finish_reason"]


@pytest.mark.parametrize(("status", "kind"), [(500, "server_error"), (429, "requests")])
def test_errors_have_the_documented_fields(status: int, kind: str) -> None:
    body = error_body(status, "no")

    assert set(body["error"]) == set(WIRE["error_event"]["error"])
    assert body["error"]["type"] == kind

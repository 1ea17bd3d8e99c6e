"""Reads and checks what clients send, and refuses as OpenAI does.

Error bodies per platform.openai.com/docs/guides/error-codes; limits per the API reference.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sandbox.engines.roles import ChatRequest
from sandbox.openai.catalogue import CHAT_MODELS, SPEECH_MODELS, VOICES

LONGEST_INPUT = 4096  # characters of speech input
SLOWEST, FASTEST = 0.25, 4.0
ROLES = ("developer", "system", "user", "assistant", "tool", "function")
PASSED_ON = (
    "temperature",
    "top_p",
    "max_tokens",
    "max_completion_tokens",
    "stop",
    "seed",
    "presence_penalty",
    "frequency_penalty",
    "response_format",
    "tool_choice",
)


class RefusedRequest(Exception):
    """The request is answered with this status and error."""

    def __init__(
        self, status: int, message: str, *, param: str | None = None, code: str | None = None
    ) -> None:
        super().__init__(message)
        self.status = status
        self.param = param
        self.code = code


@dataclass(frozen=True, slots=True)
class StreamOptions:
    """How the reply is wanted."""

    is_streamed: bool
    has_usage: bool


@dataclass(frozen=True, slots=True)
class SpeechRequest:
    """A checked request for speech."""

    text: str
    voice: str
    speed: float
    response_format: str


def parse_chat(body: Any) -> tuple[ChatRequest, StreamOptions]:
    """Check a body of `POST /v1/chat/completions`."""
    model = _model(body, CHAT_MODELS)
    messages = _messages(body)
    tools = body.get("tools") or []
    if not all(isinstance(t, dict) and t.get("type") == "function" for t in tools):
        raise RefusedRequest(501, "The sandbox takes function tools only.", param="tools")
    if body.get("n", 1) != 1:
        raise RefusedRequest(501, "The sandbox writes one reply at a time.", param="n")
    is_streamed = bool(body.get("stream", False))
    stream_options = body.get("stream_options")
    if stream_options is not None and not is_streamed:
        raise RefusedRequest(
            400,
            "The 'stream_options' parameter is only allowed when 'stream' is enabled.",
            param="stream_options",
        )
    request = ChatRequest(
        model=model,
        messages=tuple(messages),
        tools=tuple(tools),
        options={name: body[name] for name in PASSED_ON if body.get(name) is not None},
    )
    has_usage = bool((stream_options or {}).get("include_usage"))
    return request, StreamOptions(is_streamed=is_streamed, has_usage=has_usage)


def parse_speech(body: Any) -> SpeechRequest:
    """Check a body of `POST /v1/audio/speech`."""
    _model(body, SPEECH_MODELS)
    text = _required(body, "input")
    if not isinstance(text, str) or not text.strip():
        raise RefusedRequest(
            400,
            "Invalid 'input': string too short. Expected a string with minimum length 1.",
            param="input",
            code="string_below_min_length",
        )
    if len(text) > LONGEST_INPUT:
        raise RefusedRequest(
            400,
            f"Invalid 'input': string too long. Expected a string with maximum length "
            f"{LONGEST_INPUT}, but got a string with length {len(text)} instead.",
            param="input",
            code="string_above_max_length",
        )
    return SpeechRequest(text, _voice(body), _speed(body), _format(body))


def _model(body: Any, known: dict[str, str | None]) -> str:
    if not isinstance(body, dict):
        raise RefusedRequest(
            400, "We could not parse the JSON body of your request.", code="invalid_json"
        )
    model = body.get("model")
    if not isinstance(model, str) or not model:
        raise RefusedRequest(400, "you must provide a model parameter")
    if model not in known and not (known is CHAT_MODELS and model.startswith("gpt-")):
        raise RefusedRequest(
            404,
            f"The model `{model}` does not exist or you do not have access to it.",
            code="model_not_found",
        )
    return model


def _messages(body: dict[str, Any]) -> list[dict[str, Any]]:
    messages = _required(body, "messages")
    if not isinstance(messages, list) or not messages:
        raise RefusedRequest(
            400,
            "Invalid 'messages': empty array. Expected an array with minimum length 1, "
            "but got an empty array instead.",
            param="messages",
            code="empty_array",
        )
    for place, message in enumerate(messages):
        role = message.get("role") if isinstance(message, dict) else None
        if role not in ROLES:
            raise RefusedRequest(
                400,
                f"Invalid value: '{role}'. Supported values are: "
                + ", ".join(f"'{known}'" for known in ROLES),
                param=f"messages[{place}].role",
                code="invalid_value",
            )
        if role in ("user", "system", "developer"):
            _required(message, "content", within=f"messages[{place}].")
    return messages


def _voice(body: dict[str, Any]) -> str:
    voice = _required(body, "voice")
    if isinstance(voice, dict):
        raise RefusedRequest(501, "The sandbox has no custom voices.", param="voice")
    if voice not in VOICES:
        raise RefusedRequest(
            400,
            f"Invalid value: '{voice}'. Supported values are: "
            + ", ".join(f"'{known}'" for known in VOICES),
            param="voice",
            code="invalid_value",
        )
    return str(voice)


def _speed(body: dict[str, Any]) -> float:
    speed = body.get("speed")
    if speed is None:
        return 1.0
    if isinstance(speed, bool) or not isinstance(speed, int | float):
        raise RefusedRequest(
            400, "Invalid type for 'speed': expected a decimal.", param="speed", code="invalid_type"
        )
    if not SLOWEST <= speed <= FASTEST:
        raise RefusedRequest(
            400,
            f"Invalid 'speed': expected a value between {SLOWEST} and {FASTEST}, but got {speed}.",
            param="speed",
            code="decimal_out_of_range",
        )
    return float(speed)


def _format(body: dict[str, Any]) -> str:
    wanted = body.get("response_format") or "mp3"
    if wanted not in ("mp3", "opus", "aac", "flac", "wav", "pcm"):
        raise RefusedRequest(
            400,
            f"Invalid value: '{wanted}'. Supported values are: 'mp3', 'opus', 'aac', 'flac', "
            "'wav', and 'pcm'.",
            param="response_format",
            code="invalid_value",
        )
    if wanted not in ("pcm", "wav"):
        raise RefusedRequest(
            501, f"The sandbox speaks pcm and wav, not {wanted}.", param="response_format"
        )
    if body.get("stream_format", "audio") != "audio":
        raise RefusedRequest(501, "The sandbox streams audio, not events.", param="stream_format")
    return str(wanted)


def _required(body: dict[str, Any], name: str, within: str = "") -> Any:
    if body.get(name) is None:
        raise RefusedRequest(
            400,
            f"Missing required parameter: '{within}{name}'.",
            param=f"{within}{name}",
            code="missing_required_parameter",
        )
    return body[name]


def error_body(
    status: int, message: str, *, param: str | None = None, code: str | None = None
) -> dict[str, Any]:
    """Return an error as OpenAI words it."""
    kinds = {429: "requests", 501: "not_implemented"}
    codes = {429: "rate_limit_exceeded"}
    kind = kinds.get(status, "invalid_request_error" if status < 500 else "server_error")  # noqa: PLR2004 - HTTP
    return {
        "error": {
            "message": message,
            "type": kind,
            "param": param,
            "code": code or codes.get(status),
        }
    }

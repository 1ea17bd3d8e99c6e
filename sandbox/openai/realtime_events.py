"""The events of a Realtime session, and what a client may ask for in one.

Per developers.openai.com/api/reference/resources/realtime: server events, client events.
"""

from __future__ import annotations

import base64
import re
import time
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

from sandbox.openai.catalogue import REALTIME_VOICES

SLOWEST, FASTEST = 0.25, 1.5
PCM, PCMU = "audio/pcm", "audio/pcmu"
SESSION_SECONDS = 1800
_TEXT = re.compile(r".*<text>(.*)</text>", re.DOTALL)  # the last one: it may be explained before


class RefusedEvent(Exception):
    """A client's event is answered with an `error`; the session goes on."""

    def __init__(self, message: str, *, code: str | None = None, param: str | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.param = param


def new_id(prefix: str) -> str:
    return f"{prefix}_{uuid4().hex[:21]}"


def event(kind: str, **fields: Any) -> dict[str, Any]:
    """Return a server event."""
    return {"type": kind, "event_id": new_id("event"), **fields}


def error_event(refused: RefusedEvent, event_id: str | None) -> dict[str, Any]:
    return event(
        "error",
        error={
            "type": "invalid_request_error",
            "code": refused.code,
            "message": str(refused),
            "param": refused.param,
            "event_id": event_id,
        },
    )


@dataclass(slots=True)
class Session:
    """One session's configuration, as it stands."""

    model: str
    id: str = field(default_factory=lambda: new_id("sess"))
    instructions: str = "You are a helpful, witty, and friendly AI."
    voice: str = "alloy"
    format: str = PCM
    speed: float = 1.0
    has_spoken: bool = False
    expires_at: int = field(default_factory=lambda: int(time.time()) + SESSION_SECONDS)

    def shown(self) -> dict[str, Any]:
        """Return it as `session.created` and `session.updated` show it."""
        rate = {"rate": 24_000} if self.format == PCM else {}
        return {
            "type": "realtime",
            "object": "realtime.session",
            "id": self.id,
            "model": self.model,
            "output_modalities": ["audio"],
            "instructions": self.instructions,
            "tools": [],
            "tool_choice": "auto",
            "max_output_tokens": "inf",
            "tracing": None,
            "expires_at": self.expires_at,
            "audio": {
                "input": {"format": {"type": PCM, "rate": 24_000}, "turn_detection": None},
                "output": {
                    "format": {"type": self.format, **rate},
                    "voice": self.voice,
                    "speed": self.speed,
                },
            },
        }

    def update(self, wanted: Any) -> None:
        """Take a `session.update`; all of it or nothing."""
        if not isinstance(wanted, dict) or wanted.get("type") != "realtime":
            message = "Missing required parameter: 'session.type'."
            raise RefusedEvent(message, code="missing_required_parameter", param="session.type")
        _only_audio(wanted, "session.")
        output = (wanted.get("audio") or {}).get("output") or {}
        voice = output.get("voice", self.voice)
        _check(voice in REALTIME_VOICES, voice, "session.audio.output.voice", REALTIME_VOICES)
        if self.has_spoken and voice != self.voice:
            message = "Cannot update a conversation's voice if assistant audio is present."
            raise RefusedEvent(message, code="cannot_update_voice")
        form = (output.get("format") or {}).get("type", self.format)
        _check(form in (PCM, PCMU), form, "session.audio.output.format.type", (PCM, PCMU))
        speed = output.get("speed", self.speed)
        if isinstance(speed, bool) or not isinstance(speed, int | float):
            _check(False, speed, "session.audio.output.speed", ())  # noqa: FBT003 - it is wrong
        if not SLOWEST <= speed <= FASTEST:
            _check(False, speed, "session.audio.output.speed", ())  # noqa: FBT003 - it is wrong
        self.voice, self.format, self.speed = voice, form, float(speed)
        self.instructions = str(wanted.get("instructions", self.instructions))


@dataclass(frozen=True, slots=True)
class Order:
    """A checked `response.create`."""

    text: str  # what shall be read
    metadata: dict[str, str] | None


def parse_order(body: dict[str, Any], session: Session) -> Order:
    """Read a `response.create`; the sandbox's voice model reads texts aloud, and nothing else."""
    wanted = body.get("response") or {}
    _only_audio(wanted, "response.")
    if wanted.get("conversation", "auto") != "none":
        message = "The sandbox keeps no conversation: ask for responses with conversation 'none'."
        raise RefusedEvent(message, code="not_implemented", param="response.conversation")
    if wanted.get("input"):
        message = "The sandbox takes no input items: put the text into the instructions."
        raise RefusedEvent(message, code="not_implemented", param="response.input")
    found = _TEXT.search(str(wanted.get("instructions") or session.instructions))
    if found is None:
        message = "The sandbox's voice reads only what stands between <text> and </text>."
        raise RefusedEvent(message, code="not_implemented", param="response.instructions")
    return Order(found[1].strip(), wanted.get("metadata"))


class Speech:
    """The events of one response with one spoken message."""

    def __init__(self, session: Session, order: Order) -> None:
        self.id = new_id("resp")
        self._session = session
        self._order = order
        self._item = new_id("item")
        self._said = ""

    def opening(self) -> list[dict[str, Any]]:
        return [
            event("response.created", response=self._response("in_progress", [])),
            self._of("response.output_item.added", item=self._shown("in_progress", [])),
            self._part("response.content_part.added", part={"type": "audio", "transcript": ""}),
        ]

    def words(self, words: str) -> dict[str, Any]:
        self._said += words
        return self._part("response.output_audio_transcript.delta", delta=words)

    def audio(self, audio: bytes) -> dict[str, Any]:
        delta = base64.b64encode(audio).decode()
        return self._part("response.output_audio.delta", delta=delta)

    def closing(self, status: str, details: dict[str, Any] | None = None) -> list[dict[str, Any]]:
        """Return the end of a response that was `completed`, `cancelled`, `failed` or so."""
        ended = "completed" if status == "completed" else "incomplete"
        content = [{"type": "output_audio", "transcript": self._said}]
        item = self._shown(ended, content)
        return [
            self._part("response.output_audio.done"),
            self._part("response.output_audio_transcript.done", transcript=self._said),
            self._part(
                "response.content_part.done", part={"type": "audio", "transcript": self._said}
            ),
            self._of("response.output_item.done", item=item),
            event("response.done", response=self._response(status, [item], details)),
        ]

    def _shown(self, status: str, content: list[dict[str, Any]]) -> dict[str, Any]:
        return {
            "id": self._item,
            "object": "realtime.item",
            "type": "message",
            "status": status,
            "role": "assistant",
            "content": content,
        }

    def _of(self, kind: str, **fields: Any) -> dict[str, Any]:
        return event(kind, response_id=self.id, output_index=0, **fields)

    def _part(self, kind: str, **fields: Any) -> dict[str, Any]:
        return self._of(kind, item_id=self._item, content_index=0, **fields)

    def _response(
        self, status: str, output: list[Any], details: dict[str, Any] | None = None
    ) -> dict[str, Any]:
        is_over = status != "in_progress"
        spoken = {"format": {"type": self._session.format}, "voice": self._session.voice}
        return {
            "object": "realtime.response",
            "id": self.id,
            "status": status,
            "status_details": {"type": status, **details} if details else None,
            "output": output,
            "conversation_id": None,
            "output_modalities": ["audio"],
            "max_output_tokens": "inf",
            "audio": {"output": spoken},
            "usage": self._usage() if is_over else None,
            "metadata": self._order.metadata,
        }

    def _usage(self) -> dict[str, Any]:
        read, said = len(self._order.text) // 4 + 60, len(self._said) // 4
        audio = 2 * len(self._said)
        return {
            "total_tokens": read + said + audio,
            "input_tokens": read,
            "output_tokens": said + audio,
            "input_token_details": {"text_tokens": read, "audio_tokens": 0, "cached_tokens": 0},
            "output_token_details": {"text_tokens": said, "audio_tokens": audio},
        }


def _only_audio(wanted: Any, within: str) -> None:
    modalities = wanted.get("output_modalities", ["audio"]) if isinstance(wanted, dict) else None
    if modalities != ["audio"]:
        message = "The sandbox's voice model answers with audio."
        raise RefusedEvent(message, code="not_implemented", param=f"{within}output_modalities")


def _check(is_right: bool, value: Any, param: str, known: Any) -> None:  # noqa: FBT001 - a check
    if not is_right:
        listed = f" Supported values are: {', '.join(repr(one) for one in known)}." if known else ""
        message = f"Invalid value: '{value}'.{listed}"
        raise RefusedEvent(message, code="invalid_value", param=param)

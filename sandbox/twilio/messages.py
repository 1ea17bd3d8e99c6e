"""The messages of a Media Stream, both ways; all of them JSON in text frames.

https://www.twilio.com/docs/voice/media-streams/websocket-messages. Numbers are strings;
`sequenceNumber` starts at 1 with `start` and counts every later message, `chunk` counts media,
`timestamp` is milliseconds since the stream began. `connected` has none of them.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sandbox.twilio.errors import CallProblem

FRAME_MS = 20


@dataclass(frozen=True, slots=True)
class Media:
    """Audio to play: μ-law at 8 kHz, any length, no header."""

    audio: bytes


@dataclass(frozen=True, slots=True)
class Mark:
    """Say when everything before has been played."""

    name: str


@dataclass(frozen=True, slots=True)
class Clear:
    """Drop what has not been played."""


def read(message: str | bytes, stream_sid: str) -> Media | Mark | Clear:
    """Read a message to Twilio; raise `CallProblem` with Twilio's number for what is wrong.

    https://www.twilio.com/docs/api/errors/31950: a binary frame. 31951: no JSON, an unknown type,
    a missing or extra field, the wrong Stream SID.
    """
    if isinstance(message, bytes):
        raise CallProblem(31950, "a binary frame; Media Streams speak JSON in text frames")
    try:
        body = json.loads(message)
    except ValueError as error:
        raise CallProblem(31951, f"this is not JSON: {error}") from error
    event = body.get("event") if isinstance(body, dict) else None
    if event not in ("media", "mark", "clear"):
        raise CallProblem(31951, f"there is no message {event!r}")
    inner = {"media": ("media",), "mark": ("mark",), "clear": ()}[event]
    _want(body, "event", "streamSid", *inner)
    if body["streamSid"] != stream_sid:
        raise CallProblem(31951, "the message names another stream")
    if event == "media":
        return Media(_decode(_want(body["media"], "payload")["payload"]))
    if event == "mark":
        return Mark(_text(_want(body["mark"], "name")["name"]))
    return Clear()


def _want(value: Any, *names: str) -> dict[str, Any]:
    if not isinstance(value, dict) or value.keys() != set(names):
        fields = ", ".join(sorted(value)) if isinstance(value, dict) else repr(value)
        raise CallProblem(31951, f"wanted the fields {', '.join(names)}, got {fields}")
    return value


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise CallProblem(31951, f"wanted a string, got {value!r}")
    return value


def _decode(payload: Any) -> bytes:
    try:
        return base64.b64decode(_text(payload), validate=True)
    except binascii.Error as error:
        raise CallProblem(31951, f"the payload is not base64: {error}") from error


class Writer:
    """Writes the messages of one stream and keeps their numbers."""

    def __init__(self, *, account_sid: str, call_sid: str, stream_sid: str) -> None:
        self._account_sid = account_sid
        self._call_sid = call_sid
        self._stream_sid = stream_sid
        self._sequence = 0
        self._chunk = 0

    def connected(self) -> str:
        """Return the first message."""
        return _json({"event": "connected", "protocol": "Call", "version": "1.0.0"})

    def start(self, parameters: Mapping[str, str]) -> str:
        """Return the second message: what this stream is."""
        start = {
            "accountSid": self._account_sid,
            "streamSid": self._stream_sid,
            "callSid": self._call_sid,
            "tracks": ["inbound"],
            "mediaFormat": {"encoding": "audio/x-mulaw", "sampleRate": 8000, "channels": 1},
            "customParameters": dict(parameters),
        }
        return self._numbered("start", start=start)

    def media(self, audio: bytes, *, at_ms: int) -> str:
        """Return 20 ms of the caller."""
        self._chunk += 1
        media = {
            "track": "inbound",
            "chunk": str(self._chunk),
            "timestamp": str(at_ms),
            "payload": base64.b64encode(audio).decode(),
        }
        return self._numbered("media", media=media)

    def dtmf(self, digit: str) -> str:
        """Return a key that the caller pressed."""
        return self._numbered("dtmf", dtmf={"track": "inbound_track", "digit": digit})

    def mark(self, name: str) -> str:
        """Return a mark to whoever sent it."""
        return self._numbered("mark", mark={"name": name})

    def stop(self) -> str:
        """Return the last message."""
        stop = {"accountSid": self._account_sid, "callSid": self._call_sid}
        return self._numbered("stop", stop=stop)

    def _numbered(self, event: str, **body: Any) -> str:
        self._sequence += 1
        number = str(self._sequence)
        return _json(
            {"event": event, "sequenceNumber": number, **body, "streamSid": self._stream_sid}
        )


def _json(body: dict[str, Any]) -> str:
    return json.dumps(body, separators=(",", ":"))

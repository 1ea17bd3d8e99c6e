"""The JSON that Deepgram's `/v1/listen` sends, in the shapes of its reference."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from sandbox.engines.roles import LINE_RATE, HeardWord

_PUNCTUATION = re.compile(r"^[^\w']+|[^\w'%]+$")
MODEL_UUID = "40bd3654-e622-47c4-a111-63a61b23bfe8"


@dataclass(slots=True)
class Stream:
    """What every message of one stream has in common."""

    model: str
    is_formatted: bool
    request_id: str = field(default_factory=lambda: str(uuid4()))
    created_at: datetime = field(default_factory=lambda: datetime.now(UTC))
    checksum: Any = field(default_factory=hashlib.sha256)

    @property
    def _model_info(self) -> dict[str, str]:
        name = self.model if "-" in self.model.removeprefix("nova-") else f"{self.model}-general"
        return {
            "name": f"general-{self.model}",
            "version": "sandbox",
            "arch": name.rsplit("-", 1)[0],
        }

    def results(
        self,
        words: Sequence[HeardWord],
        begin: int,
        end: int,
        *,
        is_final: bool,
        speech_final: bool = False,
        from_finalize: bool = False,
    ) -> dict[str, Any]:
        """Build `Results`."""
        spoken = [self._word(word) for word in words]
        shown = "punctuated_word" if self.is_formatted else "word"
        confidence = sum(word.confidence for word in words) / len(words) if words else 0.0
        return {
            "type": "Results",
            "channel_index": [0, 1],
            "duration": _seconds(end - begin),
            "start": _seconds(begin),
            "is_final": is_final,
            "speech_final": speech_final,
            "channel": {
                "alternatives": [
                    {
                        "transcript": " ".join(word[shown] for word in spoken),
                        "confidence": round(confidence, 4),
                        "words": spoken,
                    }
                ]
            },
            "metadata": {
                "request_id": self.request_id,
                "model_info": self._model_info,
                "model_uuid": MODEL_UUID,
            },
            "from_finalize": from_finalize,
        }

    def _word(self, word: HeardWord) -> dict[str, Any]:
        shape: dict[str, Any] = {
            "word": _PUNCTUATION.sub("", word.text).lower() or word.text,
            "start": _seconds(word.started_at),
            "end": _seconds(word.ended_at),
            "confidence": round(word.confidence, 4),
        }
        if self.is_formatted:
            shape["punctuated_word"] = word.text
        return shape

    def speech_started(self, at: int) -> dict[str, Any]:
        """Build `SpeechStarted`."""
        return {"type": "SpeechStarted", "channel": [0, 1], "timestamp": _seconds(at)}

    def utterance_end(self, last_word_end: int) -> dict[str, Any]:
        """Build `UtteranceEnd`."""
        return {
            "type": "UtteranceEnd",
            "channel": [0, 1],
            "last_word_end": _seconds(last_word_end),
        }

    def metadata(self, samples: int) -> dict[str, Any]:
        """Build the `Metadata` that ends a stream."""
        return {
            "type": "Metadata",
            "transaction_key": "deprecated",
            "request_id": self.request_id,
            "sha256": self.checksum.hexdigest(),
            "created": self.created_at.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "duration": _seconds(samples),
            "channels": 1,
            "models": [MODEL_UUID],
            "model_info": {MODEL_UUID: self._model_info},
        }

    def configured(self, key_terms: tuple[str, ...]) -> dict[str, Any]:
        """Build `ConfigureSuccess`."""
        return {
            "type": "ConfigureSuccess",
            "request_id": self.request_id,
            "keyterms": list(key_terms),
        }

    def not_configured(self, code: str, description: str) -> dict[str, Any]:
        """Build `ConfigureFailure`."""
        return {
            "type": "ConfigureFailure",
            "request_id": self.request_id,
            "code": code,
            "description": description,
        }


def error(variant: str, description: str) -> dict[str, Any]:
    """Build the `Error` that comes before a refusing close."""
    return {"type": "Error", "variant": variant, "description": description, "message": description}


def _seconds(samples: int) -> float:
    return round(samples / LINE_RATE, 3)

"""The JSON that Deepgram's `/v2/listen` sends, in the shapes of its reference."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

from sandbox.deepgram.flux_options import FluxOptions
from sandbox.deepgram.flux_turns import TurnInfo
from sandbox.engines.roles import LINE_RATE


@dataclass(slots=True)
class FluxStream:
    """What every message of one stream has in common: its request and a running number."""

    request_id: str = field(default_factory=lambda: str(uuid4()))
    sequence_id: int = -1

    def connected(self) -> dict[str, Any]:
        """Build `Connected`, which comes before all others."""
        return self._numbered("Connected")

    def turn_info(self, info: TurnInfo) -> dict[str, Any]:
        """Build `TurnInfo`."""
        words = [
            {
                "word": word.text,
                "confidence": round(word.confidence, 4),
                "start": _seconds(word.started_at),
                "end": _seconds(word.ended_at),
            }
            for word in info.words
        ]
        message = self._numbered(
            "TurnInfo",
            event=info.event.value,
            turn_index=info.turn_index,
            audio_window_start=_seconds(info.begin),
            audio_window_end=_seconds(info.end),
            transcript=" ".join(word.text for word in info.words),
            words=words,
            end_of_turn_confidence=round(info.confidence, 4),
        )
        if info.trigger is not None:
            message["trigger"] = info.trigger.value
        return message

    def configured(self, options: FluxOptions) -> dict[str, Any]:
        """Build `ConfigureSuccess`."""
        thresholds: dict[str, Any] = {
            "eot_threshold": options.eot_threshold,
            "eot_timeout_ms": options.eot_timeout_ms,
        }
        if options.eager_eot_threshold is not None:
            thresholds["eager_eot_threshold"] = options.eager_eot_threshold
        return self._numbered(
            "ConfigureSuccess", thresholds=thresholds, keyterms=list(options.key_terms)
        )

    def not_configured(self, code: str, description: str) -> dict[str, Any]:
        """Build `ConfigureFailure`."""
        return self._numbered("ConfigureFailure", code=code, description=description)

    def warning(self, code: str, description: str) -> dict[str, Any]:
        """Build `Warning`: the stream goes on."""
        return self._numbered("Warning", code=code, description=description)

    def error(self, code: str, description: str) -> dict[str, Any]:
        """Build `Error`: the stream is over."""
        message = self._numbered("Error", code=code, description=description)
        del message["request_id"]
        return message

    def _numbered(self, kind: str, **parts: Any) -> dict[str, Any]:
        self.sequence_id += 1
        return {
            "type": kind,
            "request_id": self.request_id,
            "sequence_id": self.sequence_id,
            **parts,
        }


def _seconds(samples: int) -> float:
    return round(samples / LINE_RATE, 3)

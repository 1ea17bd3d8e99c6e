"""The models the sandbox answers for, under OpenAI's own names.

Which local model is behind them is the sandbox's affair. Shutdown dates per
developers.openai.com/api/docs/deprecations.
"""

from __future__ import annotations

from typing import Any

_CREATED = 1_764_547_200
_SPEECH_ENDS = "2027-01-06"
_OLD_CHAT_ENDS = "2027-01-14"
_OLD_REALTIME_ENDS = "2027-01-20"

CHAT_MODELS: dict[str, str | None] = {
    "gpt-6-luna": None,
    "gpt-6-sol": None,
    "gpt-6-astra": None,
    "gpt-6.1-sol": None,
    "gpt-6.1-terra": None,
    "gpt-4.1": _OLD_CHAT_ENDS,
    "gpt-4.1-mini": _OLD_CHAT_ENDS,
    "gpt-4o": _OLD_CHAT_ENDS,
    "gpt-4o-mini": _OLD_CHAT_ENDS,
}
SPEECH_MODELS: dict[str, str | None] = {
    "gpt-4o-mini-tts": _SPEECH_ENDS,
    "gpt-4o-mini-tts-2025-12-15": _SPEECH_ENDS,
    "tts-1": _SPEECH_ENDS,
    "tts-1-hd": _SPEECH_ENDS,
}
REALTIME_MODELS: dict[str, str | None] = {
    "gpt-realtime-2.1": None,
    "gpt-realtime-2.1-mini": None,
    "gpt-realtime-2": None,
    "gpt-realtime-1.5": None,
    "gpt-realtime": _OLD_REALTIME_ENDS,
    "gpt-realtime-2025-08-28": _OLD_REALTIME_ENDS,
    "gpt-realtime-mini": _OLD_REALTIME_ENDS,
    "gpt-realtime-mini-2025-12-15": _OLD_REALTIME_ENDS,
}
REALTIME_VOICES = "alloy ash ballad coral echo sage shimmer verse marin cedar".split()
VOICES = (
    "alloy ash ballad coral echo fable onyx nova sage shimmer verse marin cedar"  # all of them
).split()


def model_object(name: str) -> dict[str, Any] | None:
    """Return a model as `GET /v1/models/{name}` does."""
    known = CHAT_MODELS | SPEECH_MODELS | REALTIME_MODELS
    if name not in known:
        return None
    return {
        "id": name,
        "object": "model",
        "created": _CREATED,
        "owned_by": "system",
        "shutdown_date": known[name],
    }


def model_list() -> dict[str, Any]:
    """Return all models as `GET /v1/models` does."""
    names = CHAT_MODELS | SPEECH_MODELS | REALTIME_MODELS
    return {"object": "list", "data": [model_object(name) for name in names]}

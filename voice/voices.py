"""Who speaks: the adapters that the settings name, in their order, behind one port."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AsyncExitStack
from typing import Final, Protocol, runtime_checkable

from shared.settings import Settings
from voice.counted import CountedTextToSpeech
from voice.falling_back import Choice, FallbackTextToSpeech
from voice.metrics import Metrics
from voice.patience import RetryingTextToSpeech
from voice.ports import TextToSpeech, Voice

# While somebody else waits to speak, a voice gets no longer than this for its first byte.
PATIENCE: Final = 2.5  # seconds


class Adapter(TextToSpeech, Protocol):
    """A voice that holds connections."""

    async def close(self) -> None: ...


@runtime_checkable
class _KeepsConnections(Protocol):
    """A voice that keeps a connection for each sound."""

    async def warm_up(self, voice: Voice) -> None: ...


def speech_models(settings: Settings) -> Mapping[str, str]:
    """Return the model of each voice, as prices name it."""
    return {**settings.voice_models, "deepgram_speak": "aura-2"}


def speech(settings: Settings, closing: AsyncExitStack, metrics: Metrics) -> FallbackTextToSpeech:
    """Return the voices; leaving `closing` lets go of their connections."""
    names = settings.voice_vendors
    choices = []

    def note_rewording() -> None:
        metrics.reworded.inc()
        fallback.let_rest("openai_realtime")

    for name in names:
        adapter = ADAPTERS[name](settings, note_rewording)
        closing.push_async_callback(adapter.close)
        patience = float("inf") if name == names[-1] else PATIENCE
        patient = RetryingTextToSpeech(adapter, patience=patience)
        warm_up = adapter.warm_up if isinstance(adapter, _KeepsConnections) else None
        choices.append(Choice(name, CountedTextToSpeech(patient, metrics, name), warm_up))
    fallback = FallbackTextToSpeech(choices)
    return fallback


# Imported where they are wanted: an SDK takes seconds.


def _openai_speech(settings: Settings, _on_reworded: Callable[[], None]) -> Adapter:
    from voice.adapters.openai_speech import OpenAISpeech  # noqa: PLC0415

    return OpenAISpeech(
        api_key=settings.openai_api_key.get_secret_value(),
        base_url=settings.openai_base_url,
        model=settings.speech_model,
    )


def _openai_realtime(settings: Settings, on_reworded: Callable[[], None]) -> Adapter:
    from voice.adapters.openai_realtime import OpenAIRealtimeSpeech  # noqa: PLC0415

    return OpenAIRealtimeSpeech(
        api_key=settings.openai_api_key.get_secret_value(),
        base_url=settings.openai_base_url,
        model=settings.realtime_model,
        on_reworded=on_reworded,
    )


def _deepgram_speak(settings: Settings, _on_reworded: Callable[[], None]) -> Adapter:
    from voice.adapters.deepgram_speak import DeepgramSpeech  # noqa: PLC0415

    return DeepgramSpeech(
        api_key=settings.deepgram_api_key.get_secret_value(),
        base_url=settings.deepgram_base_url,
    )


ADAPTERS: Final[dict[str, Callable[[Settings, Callable[[], None]], Adapter]]] = {
    "openai_speech": _openai_speech,
    "openai_realtime": _openai_realtime,
    "deepgram_speak": _deepgram_speak,
}

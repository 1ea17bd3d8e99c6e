"""The vendors that a process talks to, behind the ports."""

from __future__ import annotations

import contextlib
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass
from typing import Any

from shared.domain.spending import VendorPrice
from voice.ports import (
    FRAME_BYTES,
    CallControl,
    LanguageModel,
    SpeechToText,
    TextMessages,
    TextToSpeech,
    Voice,
)


async def _leave_cold(_voice: Voice) -> None:
    """Open no connection beforehand."""


@dataclass(frozen=True, slots=True)
class Providers:
    """The vendors' adapters, or the fakes of a test."""

    speech_to_text: SpeechToText
    language_model: LanguageModel
    text_to_speech: TextToSpeech
    call_control: CallControl
    text_messages: TextMessages
    warm_up: Callable[[], Awaitable[None]]  # opens connections ahead of the first call
    close: contextlib.AsyncExitStack
    speaks_as_wanted: Callable[[], bool] = lambda: True  # by the first choice, no fallback
    warm_voice: Callable[[Voice], Coroutine[Any, Any, None]] = _leave_cold
    speech_price: Callable[[], VendorPrice | None] = lambda: None  # of whoever speaks now
    hearing_bytes: int = FRAME_BYTES  # of the caller's audio that the recogniser takes at once

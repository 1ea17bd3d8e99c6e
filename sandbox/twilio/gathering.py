"""What a caller enters while a `<Gather>` waits for it.

https://www.twilio.com/docs/voice/twiml/gather: keys up to `numDigits` or to `finishOnKey`, which
is no part of them; or speech, up to a pause. `timeout` counts from the end of what is nested in
the verb, anew from each key. The first key or word stops what is being said. Whichever came first,
keys or speech, is what is sent. With nothing entered the call goes on with the next verb, unless
`actionOnEmptyResult` asks for the action all the same.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Protocol

from sandbox.twilio.twiml import Gather

SPEECH_PAUSE_SECONDS = 1.0  # `speechTimeout="auto"`: a pause that ends what is said
CONFIDENCE = "0.9"  # Twilio sends one with what it understood


class Listener(Protocol):
    """Hears what the caller says."""

    changed: asyncio.Event

    def hear(self, frame: bytes) -> None: ...

    def text(self) -> str: ...


class Gathering:
    """One `<Gather>`: takes keys and sound from the line and knows when there is enough."""

    def __init__(self, verb: Gather, listener: Listener | None) -> None:
        self._verb = verb
        self._listener = listener
        self._digits = ""
        self._is_finished = False  # by a key
        self._news = asyncio.Event()

    def press(self, digit: str) -> None:
        """Take a key."""
        if not self._verb.takes_keys or self._is_enough:
            return
        if digit == self._verb.finish_on_key:
            self._is_finished = True
        else:
            self._digits += digit
        self._news.set()

    def hear(self, frame: bytes) -> None:
        """Take 20 ms of the caller."""
        if self._listener is not None:
            self._listener.hear(frame)

    async def run(self, say: Callable[[], Awaitable[None]]) -> dict[str, str] | None:
        """Say what is nested and wait; return the fields of what was entered, None for nothing."""
        saying = asyncio.ensure_future(say())
        try:
            while not saying.done() and not self._has_begun:
                await self._anything(saying)
        finally:
            saying.cancel()
            await asyncio.wait({saying})
        while not self._is_enough:
            if not await self._goes_on():
                break  # nothing more came in time
        return self._entered()

    @property
    def _speech(self) -> str:
        return self._listener.text() if self._listener is not None else ""

    @property
    def _has_begun(self) -> bool:
        return bool(self._digits or self._is_finished or self._speech)

    @property
    def _is_enough(self) -> bool:
        return self._is_finished or 0 < (self._verb.num_digits or 0) <= len(self._digits)

    async def _goes_on(self) -> bool:
        """Wait for more of what has begun; return whether any came in time."""
        before = (self._digits, self._is_finished, self._speech)
        is_speaking = bool(self._speech) and not self._digits
        try:
            async with asyncio.timeout(self._speech_pause if is_speaking else self._verb.timeout):
                while (self._digits, self._is_finished, self._speech) == before:
                    await self._anything()
        except TimeoutError:
            return False
        return True

    @property
    def _speech_pause(self) -> float:
        pause = self._verb.speech_timeout
        return SPEECH_PAUSE_SECONDS if pause is None else pause

    async def _anything(self, *others: asyncio.Future[None]) -> None:
        """Return with the next key, word, or end of what is being said."""
        self._news.clear()
        waits = [asyncio.create_task(_pulse(self._news))]
        if self._listener is not None:
            self._listener.changed.clear()
            waits.append(asyncio.create_task(_pulse(self._listener.changed)))
        try:
            await asyncio.wait([*waits, *others], return_when=asyncio.FIRST_COMPLETED)
        finally:
            for wait in waits:
                wait.cancel()

    def _entered(self) -> dict[str, str] | None:
        if self._digits:
            return {"Digits": self._digits}
        if speech := self._speech:
            return {"SpeechResult": speech, "Confidence": CONFIDENCE}
        return {"Digits": ""} if self._verb.action_on_empty_result else None


async def _pulse(event: asyncio.Event) -> None:
    await event.wait()

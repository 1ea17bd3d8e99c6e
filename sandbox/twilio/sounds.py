"""What a call is told by TwiML: words through a voice, sounds from a server."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import assert_never

import aiohttp

from sandbox.sound import SpeechUnavailable, UnreadableSound, read_wave
from sandbox.twilio.errors import CallProblem
from sandbox.twilio.exchange import Exchange
from sandbox.twilio.playback import Playback
from sandbox.twilio.twiml import Pause, Play, Say

FIRST_ERROR_STATUS = 400


class Sounds:
    """Plays on one call."""

    def __init__(
        self,
        exchange: Exchange,
        playback: Playback,
        *,
        report: Callable[[CallProblem], None],
        absolute: Callable[[str], str],
    ) -> None:
        self._exchange = exchange
        self._playback = playback
        self._report = report
        self._absolute = absolute

    async def perform(self, verb: Say | Play | Pause) -> None:
        """Carry out one verb to its end."""
        match verb:
            case Say(text, voice, loop):
                await self._play(await self._speech(text, voice), loop)
            case Play(url, digits, loop):
                if digits:
                    message = "the sandbox plays no digits"
                    raise CallProblem(501, message)
                await self._play(await self._sound(self._absolute(url)), loop)
            case Pause(seconds):
                await asyncio.sleep(seconds)
            case _:
                assert_never(verb)

    async def _speech(self, text: str, voice: str) -> bytes:
        if not text:
            self._report(CallProblem(13520, "there is nothing to say"))
            return b""
        try:
            return await self._exchange.say(text, voice)
        except SpeechUnavailable as error:
            self._report(CallProblem(13520, str(error)))
            return b""

    async def _sound(self, url: str) -> bytes:
        try:
            async with self._exchange.http.get(url) as answer:
                data = await answer.read()
                if answer.status >= FIRST_ERROR_STATUS:
                    raise CallProblem(11200, f"{url} answered {answer.status}")
            return read_wave(data)
        except aiohttp.ClientError as error:
            raise CallProblem(11205, f"{url} can't be reached: {error}") from error
        except UnreadableSound as error:
            raise CallProblem(12300, f"{url}: {error}; the sandbox plays WAV only") from error

    async def _play(self, audio: bytes, loop: int) -> None:
        played = 0
        while audio and (loop == 0 or played < loop):
            over = asyncio.Event()
            self._playback.add(audio)
            self._playback.mark(lambda _was_played, over=over: over.set())  # type: ignore[misc]
            await over.wait()
            played += 1

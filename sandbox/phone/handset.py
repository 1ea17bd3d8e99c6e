"""A telephone whose keys, microphone and loudspeaker are in a browser.

The sandbox's side of the page at `/phone`: it takes its end of a line as the phone in the terminal
does, has everything read by the recogniser, and tells the page. From the page come

    {"do": "dial", "from", "to"?, "stir_verstat"?}
    {"do": "press", "digit"}    {"do": "say", "text"}    {"do": "hang_up"}
    {"do": "play", "name", "wav": base64 of a WAV file, mono}

and to it go the line's sound as it comes (binary, 20 ms of μ-law a frame) and

    {"event": "ready", "number", "caller", "is_scripted"}     who can be called, and as whom
    {"event": "calling", "from", "to", "call_sid"}            then
    {"event": "answered"}
    {"event": "said" | "pressed", "at", "text"}               what the caller did
    {"event": "heard", "passage", "at", "text"}               the passage as read so far
    {"event": "interrupted", "passage", "at", "dropped_ms"}   the buddy took the rest of it back
    {"event": "mark", "at", "name"}
    {"event": "trouble", "at", "text"}                        Twilio's, the recogniser's, the voice's
    {"event": "ended", "at", "reason"}                        the line is dead
    {"event": "read"}                                         and its last words are read

`at` is milliseconds since the answer.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
from collections.abc import Callable, Coroutine
from contextlib import suppress
from typing import Any, Final, TypeVar

import aiohttp

from sandbox.phone.ear import Ear, EarFailed
from sandbox.phone.line import ExchangeSettings, Line, NoExchange, place, settings_of
from sandbox.phone.passages import Passages
from sandbox.sound import SpeechUnavailable, UnreadableSound, read_wave, speak

CALLER: Final = "+14155550123"
VOICE: Final = "onyx"  # the caller's
LONGEST_SAYING: Final = 2000  # characters

Tell = Callable[[dict[str, Any]], None]
Play = Callable[[bytes], None]
T = TypeVar("T")


class Handset:
    """One browser's telephone; one call at a time."""

    def __init__(
        self, http: aiohttp.ClientSession, twilio_url: str, *, tell: Tell, play: Play
    ) -> None:
        self._http = http
        self._twilio_url = twilio_url
        self._tell = tell
        self._play = play
        self._call: PageCall | None = None
        self._calling: asyncio.Task[None] | None = None

    async def ready(self) -> None:
        """Tell the page whom it can call."""
        settings = await settings_of(self._http, self._twilio_url)
        self._tell(
            {
                "event": "ready",
                "number": settings.number,
                "caller": CALLER,
                "is_scripted": settings.is_scripted,
            }
        )

    async def take(self, order: dict[str, Any]) -> None:
        """Do what the page asks for; what makes no sense is not done."""
        match order:
            case {"do": "dial", "from": str(caller), **options}:
                if self._call is None or self._call.has_ended:
                    await self.close()  # what is still being read of the last call
                    self._calling = asyncio.create_task(self._dial(caller, options))
            case {"do": "press", "digit": str(digit)} if self._call:
                await self._call.press(digit)
            case {"do": "say", "text": str(text)} if self._call and text.strip():
                self._call.say(text.strip()[:LONGEST_SAYING])
            case {"do": "play", "name": str(name), "wav": str(wav)} if self._call:
                self._call.say_recording(name, wav)
            case {"do": "hang_up"} if self._call:
                await self._call.line.hang_up()
            case _:
                pass

    async def close(self) -> None:
        """Hang up, because the browser is gone."""
        if self._calling is not None:
            self._calling.cancel()
            with suppress(asyncio.CancelledError):
                await self._calling

    async def _dial(self, caller: str, options: dict[str, Any]) -> None:
        try:
            settings = await settings_of(self._http, self._twilio_url)
            order = {"from": caller, "to": options.get("to") or settings.number}
            if options.get("stir_verstat"):
                order["stir_verstat"] = options["stir_verstat"]
            call_sid, socket = await place(self._http, self._twilio_url, order)
        except NoExchange as problem:
            self._tell({"event": "trouble", "at": 0, "text": str(problem)})
            self._tell({"event": "ended", "at": 0, "reason": "failed"})
            self._tell({"event": "read"})
            return
        self._tell({"event": "calling", **order, "call_sid": call_sid})
        self._call = PageCall(self._http, settings, socket, tell=self._tell, play=self._play)
        try:
            await self._call.run()
        finally:
            self._call = None


class PageCall:
    """One call of a handset."""

    def __init__(
        self,
        http: aiohttp.ClientSession,
        settings: ExchangeSettings,
        socket: aiohttp.ClientWebSocketResponse,
        *,
        tell: Tell,
        play: Play,
    ) -> None:
        self.line = Line(socket, on_frame=self._hear, on_event=self._take)
        self._http = http
        self._settings = settings
        self._socket = socket
        self._send = tell
        self._play = play
        # Reading while it is still being said costs a real recogniser too much.
        self._ear = Ear(http, settings.deepgram_url, has_interims=settings.is_scripted)
        self._passages = Passages()
        self._shown: dict[int, str] = {}
        self._now = asyncio.get_running_loop().time
        self._began_at = self._now()
        self.has_ended = False
        self._saying = asyncio.Lock()
        self._tasks: set[asyncio.Task[Any]] = set()

    async def run(self) -> None:
        """Carry the call to its end, and read its last words."""
        try:
            await self._listen()
            self._aside(self.line.transmit())
            await self.line.receive()
            self._end("line_lost")
            await self._ear.finish()
            self._show()
            if self._ear.failure:
                self._trouble(self._ear.failure)
        finally:
            for task in self._tasks:
                task.cancel()
            await self._socket.close()
            await self._ear.close()
            self._send({"event": "read"})

    async def press(self, digit: str) -> None:
        """Press a key."""
        self._passages.turn()
        await self.line.press(digit)
        self._tell("pressed", text=digit)

    def say(self, text: str) -> None:
        """Say words in the sandbox's own voice, after what is being said already."""
        voicing = speak(self._http, self._settings.openai_url, text, voice=VOICE)
        self._aside(self._say(text, self._aside(voicing)))

    def say_recording(self, name: str, wav: str) -> None:
        """Say what a WAV file holds."""

        async def read() -> bytes:
            try:
                return read_wave(base64.b64decode(wav, validate=True))
            except binascii.Error as error:
                message = "the recording did not arrive whole"
                raise UnreadableSound(message) from error

        self._aside(self._say(name, self._aside(read())))

    async def _say(self, text: str, voicing: asyncio.Task[bytes]) -> None:
        async with self._saying:
            try:
                audio = await voicing
            except (SpeechUnavailable, UnreadableSound) as error:
                self._trouble(str(error))
                return
            self._passages.turn()
            self._tell("said", text=text)
            await self.line.say(audio)

    async def _listen(self) -> None:
        try:
            await self._ear.open()
        except EarFailed as error:
            self._trouble(str(error))
            return
        self._aside(self._read())

    async def _read(self) -> None:
        while True:
            await self._ear.changed.wait()
            self._ear.changed.clear()
            self._show()

    def _show(self) -> None:
        """Tell the page of every passage that reads otherwise than before."""
        for number, (begin, end) in enumerate(self._passages.stretches()):
            text = self._ear.text(begin, end)
            if text and self._shown.get(number) != text:
                self._shown[number] = text
                at = self._passages.began_at(number)
                self._send({"event": "heard", "passage": number, "at": self._ms(at), "text": text})

    def _hear(self, frame: bytes, now: float) -> None:
        self._passages.hear(frame, now)
        self._ear.hear(frame)
        self._play(frame)

    def _take(self, event: dict[str, Any], now: float) -> None:
        match event:
            case {"event": "answered"}:
                self._began_at = now
                self._tell("answered")
            case {"event": "mark", "name": name}:
                self._tell("mark", name=name)
            case {"event": "cleared", "dropped_ms": dropped} if dropped > 0:
                self._tell("interrupted", passage=self._passages.last, dropped_ms=dropped)
                self._passages.turn()
            case {"event": "error", "message": message}:
                self._trouble(message)
            case {"event": "ended", "reason": reason}:
                self._end(reason)
            case _:
                pass

    def _end(self, reason: str) -> None:
        if not self.has_ended:
            self.has_ended = True
            self._tell("ended", reason=reason)

    def _trouble(self, text: str) -> None:
        self._tell("trouble", text=text)

    def _tell(self, event: str, **details: Any) -> None:
        self._send({"event": event, "at": self._ms(self._now()), **details})

    def _ms(self, moment: float) -> int:
        return max(0, round((moment - self._began_at) * 1000))

    def _aside(self, work: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

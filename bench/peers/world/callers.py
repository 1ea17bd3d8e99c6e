"""Simulated callers on Twilio's Media Streams, and what each of them hears.

The line plays what it gets in real time, as Twilio does: marks come back when the sound before
them has been played, `clear` empties it. Where it runs dry in the middle of a reply for more
than a frame, that is an underrun.
https://www.twilio.com/docs/voice/media-streams/websocket-messages
"""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import msgspec
from picows import WSError, WSFrame, WSListener, WSMsgType, WSTransport, ws_connect

from bench.peers.world import sound
from bench.peers.world.book import Book, Turn, clock

TICK: Final = 0.02  # seconds
PLAYED_OUT: Final = 0.6  # seconds of silence that end a reply
INTERRUPTS_AFTER: Final = 1.0  # seconds of the reply
ANSWER_WITHIN: Final = 6.0  # seconds
REPLY_WITHIN: Final = 10.0
GREETING_WITHIN: Final = 20.0
QUIET_START: Final = 1.0  # seconds before the first words, where nobody greets


@dataclass(frozen=True, slots=True)
class Script:
    """What every caller does; the last turn talks over the reply before it."""

    turns: int
    is_greeted: bool
    first_key: str = ""
    hang_up_after: float = 0.0  # seconds; who talks, hangs up when everything has been said


@dataclass(frozen=True, slots=True)
class Dialled:
    """Where a stream goes, and what the start message says of it."""

    url: str
    call_sid: str
    headers: dict[str, str]
    parameters: dict[str, str]


class Caller(WSListener):
    """One call."""

    def __init__(self, number: int, script: Script, book: Book, dialled: Dialled) -> None:
        self.lateness: list[float] = []
        self.seconds = 0.0
        self.failure = ""
        self._number = number
        self._script = script
        self._book = book
        self._dialled = dialled
        self._stream_sid = f"MZ{dialled.call_sid[2:]}"
        self._hum = sound.payloads(sound.hum(number))
        self._frames: list[str] = []
        self._loud: list[bool] = []
        self._frame = 0
        self._ticks = 0
        self._turn: Turn | None = None
        self._reply_of: Turn | None = None  # whose reply is on the line
        self._plays_until = 0.0  # what has been sent to the line, silence included
        self._sounds_until = 0.0
        self._marks: dict[asyncio.TimerHandle, str] = {}
        self._waiting: tuple[Callable[[], bool], asyncio.Future[None]] | None = None
        self._has_heard = False
        self._loop = asyncio.get_running_loop()
        self._transport: WSTransport | None = None
        self._ticker: asyncio.TimerHandle | None = None

    @property
    def has_heard(self) -> bool:
        """Whether anything was audible."""
        return self._has_heard

    async def run(self) -> None:
        """Make the call and hang up."""
        began = clock()
        try:
            await ws_connect(
                lambda: self,
                self._dialled.url,
                extra_headers=self._dialled.headers,
                websocket_handshake_timeout=15,
            )
            await self._talk()
        except (OSError, WSError) as error:  # a TimeoutError is an OSError
            self.failure = f"{type(error).__name__}: {error}"
        finally:
            self.seconds = clock() - began
            self._hang_up()

    async def _talk(self) -> None:
        if self._script.first_key:
            self._send(
                {"event": "dtmf", "dtmf": {"track": "inbound", "digit": self._script.first_key}}
            )
        if self._script.hang_up_after:
            await asyncio.sleep(self._script.hang_up_after)
            return
        if self._script.is_greeted:
            await self._until(lambda: self._has_heard and self._is_played_out, GREETING_WITHIN)
        else:
            began = clock()
            await self._until(lambda: clock() > began + QUIET_START, GREETING_WITHIN)
        sentences = sound.sentences()
        for number in range(self._script.turns):
            is_last = number + 1 == self._script.turns
            frames = sentences[(self._number + number) % len(sentences)]
            turn = self._say(frames, number, is_interrupting=is_last and number > 0)
            if not await self._until(lambda turn=turn: turn.heard_at is not None, ANSWER_WITHIN):
                continue
            heard_at = turn.heard_at or 0.0
            if number + 2 == self._script.turns:
                moment = heard_at + INTERRUPTS_AFTER
                await self._until(lambda moment=moment: clock() >= moment, ANSWER_WITHIN)
            else:
                await self._until(
                    lambda turn=turn: turn.is_spoken and self._is_played_out, REPLY_WITHIN
                )

    @property
    def _is_played_out(self) -> bool:
        return clock() > self._sounds_until + PLAYED_OUT

    def _say(self, frames: list[bytes], number: int, *, is_interrupting: bool) -> Turn:
        self._turn = self._book.open(self._number, number, is_interrupting=is_interrupting)
        self._frames = sound.payloads(frames)
        self._loud = [sound.is_loud(frame) for frame in frames]
        self._frame = 0
        return self._turn

    async def _until(self, condition: Callable[[], bool], seconds: float) -> bool:
        """Wait for `condition`, looked at with every frame; return whether it came true."""
        self._waiting = (condition, self._loop.create_future())
        try:
            async with asyncio.timeout(seconds):
                await self._waiting[1]
        except TimeoutError:
            return False
        else:
            return True
        finally:
            self._waiting = None

    # The line.

    def on_ws_connected(self, transport: WSTransport) -> None:
        self._transport = transport
        self._send({"event": "connected", "protocol": "Call", "version": "1.0.0"})
        start = {
            "accountSid": "ACsandbox0000000000000000000000000",
            "streamSid": self._stream_sid,
            "callSid": self._dialled.call_sid,
            "tracks": ["inbound"],
            "mediaFormat": {"encoding": "audio/x-mulaw", "sampleRate": 8000, "channels": 1},
            "customParameters": self._dialled.parameters,
        }
        self._send({"event": "start", "sequenceNumber": "1", "start": start})
        self._due = self._loop.time()
        self._tick()

    def on_ws_disconnected(self, transport: WSTransport) -> None:
        if not self.seconds:
            self.failure = self.failure or "the bot closed the line"
        self._stop()

    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        if frame.msg_type is not WSMsgType.TEXT:
            return
        message = msgspec.json.decode(frame.get_payload_as_bytes())
        match message["event"]:
            case "media":
                self._hear(base64.b64decode(message["media"]["payload"]))
            case "mark":
                self._keep_mark(message["mark"]["name"])
            case "clear":
                self._clear()
            case _:
                pass

    def _tick(self) -> None:
        now = self._loop.time()
        self.lateness.append(now - self._due)
        self._ticks += 1
        payload = self._next_frame()
        if self._transport is None:
            return
        self._transport.send(
            WSMsgType.TEXT,
            (
                f'{{"event":"media","sequenceNumber":"{self._ticks + 1}","media":{{'
                f'"track":"inbound","chunk":"{self._ticks}","timestamp":"{self._ticks * 20}",'
                f'"payload":"{payload}"}},"streamSid":"{self._stream_sid}"}}'
            ).encode(),
        )
        if self._waiting is not None and not self._waiting[1].done() and self._waiting[0]():
            self._waiting[1].set_result(None)
        self._due += TICK
        self._ticker = self._loop.call_at(self._due, self._tick)

    def _next_frame(self) -> str:
        turn = self._turn
        if turn is None or self._frame >= len(self._frames):
            return self._hum[self._ticks % len(self._hum)]
        if self._loud[self._frame]:
            turn.quiet_at = clock()
            turn.spoke_at = turn.spoke_at or turn.quiet_at
        self._frame += 1
        return self._frames[self._frame - 1]

    def _hear(self, audio: bytes) -> None:
        start = max(self._plays_until, clock())
        self._plays_until = start + len(audio) / sound.RATE
        if not sound.is_loud(audio):
            return  # a bot may send silence of its own: what counts is what can be heard
        going_on, silent = self._reply_of, start - self._sounds_until
        self._note_reply(start)
        if going_on is not None and going_on is self._reply_of and silent > TICK:
            going_on.underruns += 1
            going_on.silent_seconds += silent
        self._sounds_until = self._plays_until

    def _note_reply(self, start: float) -> None:
        """Take the first sound of a reply: it can't come before the voice has made any."""
        turn = self._turn
        self._has_heard = True
        if turn is None or turn.heard_at is not None:
            return
        if not any(speech.byte_at is not None for speech in turn.speech):
            return
        if turn.is_interrupting and turn.cleared_at is None and self._sounds_until > start - TICK:
            return  # the reply that is being talked over goes on
        turn.heard_at = start
        self._reply_of = turn

    def _keep_mark(self, name: str) -> None:
        delay = max(0.0, self._plays_until - clock())
        timer = self._loop.call_later(delay, lambda: self._return_mark(timer))
        self._marks[timer] = name

    def _return_mark(self, timer: asyncio.TimerHandle) -> None:
        name = self._marks.pop(timer)
        self._send({"event": "mark", "streamSid": self._stream_sid, "mark": {"name": name}})

    def _clear(self) -> None:
        now = clock()
        turn = self._turn
        if turn is not None and turn.is_interrupting and turn.spoke_at is not None:
            turn.cleared_at = turn.cleared_at or now
        if turn is not self._reply_of:
            self._reply_of = None
        self._plays_until = min(self._plays_until, now)
        self._sounds_until = min(self._sounds_until, now)
        for timer in tuple(self._marks):
            timer.cancel()
            self._return_mark(timer)

    def _send(self, message: dict[str, Any]) -> None:
        if self._transport is not None:
            body = {"streamSid": self._stream_sid, **message}
            self._transport.send(WSMsgType.TEXT, msgspec.json.encode(body))

    def _hang_up(self) -> None:
        if self._transport is not None:
            self._send({"event": "stop", "stop": {"callSid": self._dialled.call_sid}})
            self._transport.send_close(1000)
            self._transport.disconnect()
        self._stop()

    def _stop(self) -> None:
        self._transport = None
        if self._ticker is not None:
            self._ticker.cancel()
        for timer in self._marks:
            timer.cancel()
        self._marks.clear()
        if self._waiting is not None and not self._waiting[1].done():
            self._waiting[1].set_exception(ConnectionError("the line is gone"))

"""The caller's line: one Media Stream as a `CallLeg`.

The socket hands every message over as it comes, and what is sent goes out at once: no task stands
in between. While the socket takes nothing more, what is to be sent waits here, so that `clear`
overtakes it; if that lasts, the line is over.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from contextvars import copy_context
from dataclasses import dataclass
from typing import Final, Protocol

import structlog

from shared.closing import Closing
from shared.errors import LocalProtocolError, RemoteProtocolError
from voice.adapters.twilio_media import Connected, Encoder, StartMessage, Unknown, decode
from voice.following import Followed
from voice.ports import KeyPressed, LegClosed, LegEvent, MarkReturned, MediaReceived

SEND_TIMEOUT: Final = 2.0  # seconds; a socket that takes nothing for longer is a line nobody hears
MESSAGE_BYTES: Final = 1600  # 200 ms: Twilio takes any size, smaller ones are easier to overtake
MOST_UNREAD: Final = 64  # events that wait for somebody who follows; more than a second of them
NORMAL_CLOSE: Final = 1000

log = structlog.get_logger()


class LineSocket(Protocol):
    """The websocket under a line. Nothing here waits; on one that is gone nothing happens."""

    def send(self, message: bytes) -> None:
        """Send one message of text."""

    def close(self, code: int) -> None:
        """Close, and be gone soon even if the other side does not answer."""

    def pause_reading(self) -> None:
        """Hand over no more messages than those that were read already."""

    def resume_reading(self) -> None: ...


@dataclass(frozen=True, slots=True)
class _Mark:
    name: str


class TwilioCallLeg(Closing):
    """The caller's line. Await `started`, then use it as a `CallLeg`; close it in the end."""

    def __init__(self, socket: LineSocket) -> None:
        self._socket = socket
        self._encoder: Encoder | None = None
        self._start: asyncio.Future[StartMessage] = asyncio.get_running_loop().create_future()
        self._news: Followed[LegEvent] = Followed()
        self._context = copy_context()  # of whom log lines are about
        self._unsent: deque[bytes | _Mark] = deque()  # while the socket takes nothing
        self._blocked: asyncio.TimerHandle | None = None
        self._is_closed = False
        self._has_ended = False

    async def started(self, *, timeout: float = 5.0) -> StartMessage:  # noqa: ASYNC109 - a wire's own
        """Return the stream's start message; raise `RemoteProtocolError` if none comes."""
        try:
            async with asyncio.timeout(timeout):
                return await asyncio.shield(self._start)
        except TimeoutError:
            message = "no start message came"
            raise RemoteProtocolError(message) from None

    # The port.

    def follow(self, take: Callable[[LegEvent], None]) -> None:
        self._context = copy_context()
        self._news.follow(take)
        if not self._has_ended:
            self._socket.resume_reading()

    async def send_audio(self, audio: bytes) -> None:
        encoder = self._started_encoder()
        for start in range(0, len(audio), MESSAGE_BYTES):
            self._post(encoder.media(audio[start : start + MESSAGE_BYTES]))

    async def send_mark(self, name: str) -> None:
        encoder = self._started_encoder()
        self._post(encoder.mark(name) if self._blocked is None else _Mark(name))

    async def clear(self) -> None:
        """Drop what has not been played; marks that never went out come back at once too."""
        unsent = [item.name for item in self._unsent if isinstance(item, _Mark)]
        self._unsent.clear()
        self._post(self._started_encoder().clear)
        for name in unsent:
            self._tell(MarkReturned(name))

    async def close(self, code: int = NORMAL_CLOSE) -> None:
        self._close(code)

    # What the socket tells.

    def message_received(self, text: bytes | memoryview) -> None:
        """Take one message from Twilio."""
        if self._has_ended:
            return
        try:
            message = decode(text)
        except RemoteProtocolError as error:
            self._warn("line_message_broken", error=str(error))
            self._fail_start(error)
            self._close(is_lost=True)
            return
        match message:
            case MediaReceived() | MarkReturned() | KeyPressed() if self._encoder is not None:
                self._tell(message)
            case LegClosed():
                self._end(message)
            case StartMessage() if self._encoder is None:
                self._encoder = Encoder(message.stream_sid)
                self._start.set_result(message)
            case Unknown(event):
                self._warn("line_message_unknown", message_event=event)
            case Connected() if self._encoder is None:
                pass
            case _ if self._encoder is None:
                self._end(LegClosed(), f"{type(message).__name__} came before the start message")
            case _:
                self._warn("line_message_repeated", message_type=type(message).__name__)

    def line_lost(self) -> None:
        """Take note that the websocket is gone; whoever follows gets `LegClosed`.

        Twilio says `stop` before it closes a stream; a socket that goes without is a lost line.
        https://www.twilio.com/docs/voice/media-streams/websocket-messages#stop-message
        """
        self._end(LegClosed(is_lost=True))

    def pause_writing(self) -> None:
        """Keep what is to be sent: the socket takes nothing for now."""
        if self._blocked is None and not self._has_ended:
            loop = asyncio.get_running_loop()
            self._blocked = loop.call_later(SEND_TIMEOUT, self._give_up)

    def resume_writing(self) -> None:
        """Send what has been kept, as far as the socket takes it."""
        self._unblock()
        while self._unsent and self._blocked is None:
            item = self._unsent.popleft()
            self._socket.send(self._text(item))

    # Inside.

    def _started_encoder(self) -> Encoder:
        if self._encoder is None:
            message = "nothing can be sent before the stream has started"
            raise LocalProtocolError(message)
        return self._encoder

    def _post(self, item: bytes | _Mark) -> None:
        if self._has_ended:
            return
        if self._blocked is None:
            self._socket.send(self._text(item))
        else:
            self._unsent.append(item)

    def _text(self, item: bytes | _Mark) -> bytes:
        return self._started_encoder().mark(item.name) if isinstance(item, _Mark) else item

    def _tell(self, event: LegEvent) -> None:
        self._news.tell(event)
        if self._news.waiting == MOST_UNREAD:
            self._socket.pause_reading()

    def _give_up(self) -> None:
        self._warn("line_write_blocked")
        self._close(is_lost=True)

    def _close(self, code: int = NORMAL_CLOSE, *, is_lost: bool = False) -> None:
        self._end(LegClosed(is_lost))
        if not self._is_closed:
            self._is_closed = True
            self._socket.close(code)

    def _end(self, ended: LegClosed, reason: str = "no start message came") -> None:
        if not self._has_ended:
            self._has_ended = True
            self._unsent.clear()
            self._unblock()
            self._fail_start(RemoteProtocolError(reason))
            self._tell(ended)

    def _fail_start(self, error: RemoteProtocolError) -> None:
        if not self._start.done():
            self._start.set_exception(error)
            self._start.exception()  # nobody may be waiting for it

    def _warn(self, event: str, **values: str) -> None:
        self._context.run(log.warning, event, **values)

    def _unblock(self) -> None:
        if self._blocked is not None:
            self._blocked.cancel()
            self._blocked = None

"""Twilio Media Streams: its JSON messages, and the caller's line over one websocket.

`decode` and `Encoder` are pure. `TwilioCallLeg` owns the socket: one task writes, so that `clear`
overtakes audio that has not gone out yet, and a write that blocks ends the line.
"""

from __future__ import annotations

import asyncio
import re
from binascii import b2a_base64
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Final, Self

import msgspec
import structlog

from shared.errors import LocalProtocolError, RemoteProtocolError
from voice import tasks
from voice.ports import KeyPressed, LegClosed, LegEvent, MarkReturned, MediaReceived

SEND_TIMEOUT: Final = 2.0  # seconds; a socket that takes longer is a line nobody hears
STOP_GRACE: Final = 0.25  # seconds in which a `stop` that has arrived may still be read
MESSAGE_BYTES: Final = 1600  # 200 ms: Twilio takes any size, smaller ones are easier to overtake

log = structlog.get_logger()


class _Message(msgspec.Struct, tag_field="event", rename="camel", frozen=True):
    pass


class Connected(_Message, tag="connected", frozen=True):
    """The websocket is up."""

    protocol: str
    version: str


class _MediaFormat(msgspec.Struct, rename="camel", frozen=True):
    encoding: str
    sample_rate: int
    channels: int


class _StartDetails(msgspec.Struct, rename="camel", frozen=True):
    account_sid: str
    stream_sid: str
    call_sid: str
    media_format: _MediaFormat
    custom_parameters: dict[str, str] = msgspec.field(default_factory=dict)


class _Start(_Message, tag="start", frozen=True):
    start: _StartDetails


class _MediaDetails(msgspec.Struct, rename="camel", frozen=True):
    payload: bytes  # base64, decoded in the same pass


class _Media(_Message, tag="media", frozen=True):
    media: _MediaDetails


class _DtmfDetails(msgspec.Struct, rename="camel", frozen=True):
    digit: str


class _Dtmf(_Message, tag="dtmf", frozen=True):
    dtmf: _DtmfDetails


class _MarkDetails(msgspec.Struct, rename="camel", frozen=True):
    name: str


class _Mark(_Message, tag="mark", frozen=True):
    mark: _MarkDetails


class _Stop(_Message, tag="stop", frozen=True):
    pass


@dataclass(frozen=True, slots=True)
class StartMessage:
    """Which call this stream belongs to, and what the TwiML said about it."""

    account_sid: str
    call_sid: str
    stream_sid: str
    parameters: dict[str, str]

    @property
    def token(self) -> str:
        """The single-use token that the voice webhook put into the TwiML."""
        return self.parameters.get("token", "")


@dataclass(frozen=True, slots=True)
class Unknown:
    """A message of a kind that Twilio did not have when this was written."""

    event: str


Message = Connected | StartMessage | MediaReceived | KeyPressed | MarkReturned | LegClosed | Unknown

_KINDS = Connected | _Start | _Media | _Dtmf | _Mark | _Stop
_KIND_NAMES = frozenset({"connected", "start", "media", "dtmf", "mark", "stop"})
_decoder = msgspec.json.Decoder(_KINDS)
_DIGIT = re.compile(r"[0-9*#A-D]")


class _AnyMessage(msgspec.Struct):
    event: str


_any_decoder = msgspec.json.Decoder(_AnyMessage)


def decode(text: str | bytes) -> Message:
    """Read one message from Twilio; raise `RemoteProtocolError` if it is none."""
    try:
        message: Any = _decoder.decode(text)
    except (msgspec.MsgspecError, UnicodeError) as error:
        return _decode_unknown(text, error)
    match message:
        case _Media(media):
            return MediaReceived(media.payload)
        case _Mark(mark):
            return MarkReturned(mark.name)
        case _Dtmf(dtmf):
            return _key_pressed(dtmf.digit)
        case _Start(start):
            return _started(start)
        case _Stop():
            return LegClosed()
        case _:
            connected: Connected = message
            return connected


def _decode_unknown(text: str | bytes, error: Exception) -> Unknown:
    try:
        event = _any_decoder.decode(text).event
    except (msgspec.MsgspecError, UnicodeError):
        event = ""
    if not event or event in _KIND_NAMES:
        message = f"not a Media Streams message: {error}"
        raise RemoteProtocolError(message) from None
    return Unknown(event)


def _key_pressed(digit: str) -> KeyPressed:
    if not _DIGIT.fullmatch(digit):
        message = "not a key of a phone"
        raise RemoteProtocolError(message)
    return KeyPressed(digit)


def _started(start: _StartDetails) -> StartMessage:
    form = start.media_format
    if (form.encoding, form.sample_rate, form.channels) != ("audio/x-mulaw", 8000, 1):
        message = f"the stream's audio is {form.encoding} at {form.sample_rate} Hz"
        raise RemoteProtocolError(message)
    return StartMessage(
        start.account_sid, start.call_sid, start.stream_sid, start.custom_parameters
    )


class Encoder:
    """Writes messages for one stream."""

    def __init__(self, stream_sid: str) -> None:
        sid = msgspec.json.encode(stream_sid).decode()
        # A template: encoding a message this way takes half the time of a JSON encoder.
        self._media = f'{{"event":"media","streamSid":{sid},"media":{{"payload":"'
        self._mark = f'{{"event":"mark","streamSid":{sid},"mark":{{"name":'
        self.clear = f'{{"event":"clear","streamSid":{sid}}}'

    def media(self, audio: bytes) -> str:
        payload = b2a_base64(audio, newline=False).decode("ascii")
        return f'{self._media}{payload}"}}}}'

    def mark(self, name: str) -> str:
        return f"{self._mark}{msgspec.json.encode(name).decode()}}}}}"


@dataclass(frozen=True, slots=True)
class _Audio:
    audio: bytes


@dataclass(frozen=True, slots=True)
class _MarkRequest:
    name: str


@dataclass(frozen=True, slots=True)
class _Clear:
    pass


class TwilioCallLeg:
    """The caller's line. Enter it, await `started`, then use it as a `CallLeg`."""

    def __init__(
        self,
        *,
        receive: Callable[[], Awaitable[str | bytes]],
        send: Callable[[str], Awaitable[None]],
        close: Callable[[], Awaitable[None]],
    ) -> None:
        self._receive_text = receive
        self._send_text = send
        self._close_socket = close
        self._encoder: Encoder | None = None
        self._outbox: deque[_Audio | _MarkRequest | _Clear] = deque()
        self._has_work = asyncio.Event()
        self._news: deque[LegEvent] = deque()  # events that did not come over the wire
        self._reading: asyncio.Timeout | None = None
        self._writer: asyncio.Task[None] | None = None
        self._is_closed = False
        self._is_lost = False
        self._ended: LegClosed | None = None

    async def __aenter__(self) -> Self:
        self._writer = tasks.start(self._write(), name="leg-writer")
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.close()
        if self._writer is not None:
            self._writer.cancel()
            await asyncio.wait([self._writer])

    async def started(self, *, timeout: float = 5.0) -> StartMessage:  # noqa: ASYNC109 - a wire's own
        """Return the stream's start message; raise `RemoteProtocolError` if none comes."""
        try:
            async with asyncio.timeout(timeout):
                while isinstance(first := decode(await self._receive_text()), Connected | Unknown):
                    pass
        except (TimeoutError, OSError, EOFError):
            message = "no start message came"
            raise RemoteProtocolError(message) from None
        if not isinstance(first, StartMessage):
            message = f"{type(first).__name__} came before the start message"
            raise RemoteProtocolError(message)
        self._encoder = Encoder(first.stream_sid)
        return first

    # The port.

    async def receive(self) -> LegEvent:
        while True:
            if self._news:
                return self._news.popleft()
            if self._ended is not None:
                return self._ended
            if (event := await self._receive_from_wire()) is not None:
                return event

    async def send_audio(self, audio: bytes) -> None:
        for start in range(0, len(audio), MESSAGE_BYTES):
            self._post(_Audio(audio[start : start + MESSAGE_BYTES]))

    async def send_mark(self, name: str) -> None:
        self._post(_MarkRequest(name))

    async def clear(self) -> None:
        """Drop what has not been played; marks that never went out come back at once too."""
        unsent = [item.name for item in self._outbox if isinstance(item, _MarkRequest)]
        self._outbox.clear()
        self._post(_Clear())
        self._tell(*map(MarkReturned, unsent))

    async def close(self) -> None:
        was_over = self._is_lost or self._ended is not None
        self._end(LegClosed(self._is_lost))
        if not self._is_closed:
            self._is_closed = True
            try:
                async with asyncio.timeout(SEND_TIMEOUT):
                    await self._close_socket()
            except Exception as error:  # noqa: BLE001 - whatever it is, the socket is gone
                if not was_over:  # a caller who hangs up takes the socket along
                    log.info("line_close_failed", error=type(error).__name__)

    def line_lost(self) -> None:
        """Take note that the websocket is gone; whoever receives gets `LegClosed`.

        Twilio says `stop` before it closes a stream; a socket that goes without is a lost line.
        What came before it went may not have been read yet.
        https://www.twilio.com/docs/voice/media-streams/websocket-messages#stop-message
        """
        if not self._is_lost:
            self._is_lost = True
            self._outbox.clear()
            if self._reading is not None and not self._reading.expired():
                self._reading.reschedule(asyncio.get_running_loop().time() + STOP_GRACE)

    # Inside.

    async def _receive_from_wire(self) -> LegEvent | None:
        try:
            async with asyncio.timeout(STOP_GRACE if self._is_lost else None) as self._reading:
                text = await self._receive_text()
            self._reading = None
            message = decode(text)
        except TimeoutError:  # there are news, or nothing comes any more
            if self._is_lost and not self._news:
                self._end(LegClosed(is_lost=True))
            return None
        except (OSError, EOFError):
            self._end(LegClosed(is_lost=True))
            return None
        except RemoteProtocolError as error:
            log.warning("line_message_broken", error=str(error))
            self._is_lost = True
            await self.close()
            return None
        finally:
            self._reading = None
        match message:
            case MediaReceived() | MarkReturned() | KeyPressed():
                return message
            case LegClosed():
                self._end(message)
            case Unknown(event):
                log.info("line_message_unknown", message_event=event)
            case _:
                log.warning("line_message_repeated", message_type=type(message).__name__)
        return None

    def _post(self, item: _Audio | _MarkRequest | _Clear) -> None:
        if self._encoder is None:
            message = "nothing can be sent before the stream has started"
            raise LocalProtocolError(message)
        if not self._is_lost and self._ended is None:
            self._outbox.append(item)
            self._has_work.set()

    def _tell(self, *events: LegEvent) -> None:
        """Hand over events of our own, even while the wire is being waited for."""
        self._news.extend(events)
        if events and self._reading is not None and not self._reading.expired():
            self._reading.reschedule(asyncio.get_running_loop().time())

    def _end(self, ended: LegClosed) -> None:
        if self._ended is None:
            self._ended = ended
            self._outbox.clear()
            self._tell(ended)

    async def _write(self) -> None:
        while True:
            await self._has_work.wait()
            self._has_work.clear()
            while self._outbox:
                try:
                    async with asyncio.timeout(SEND_TIMEOUT):
                        await self._send_text(self._text(self._outbox.popleft()))
                except TimeoutError:
                    log.warning("line_write_blocked")
                    self._is_lost = True
                    await self.close()
                    return
                except Exception as error:  # noqa: BLE001 - a line that can't be written to is over
                    log.info("line_write_failed", error=type(error).__name__)
                    self.line_lost()
                    return

    def _text(self, item: _Audio | _MarkRequest | _Clear) -> str:
        assert self._encoder is not None  # noqa: S101 - `_post` has checked it
        match item:
            case _Audio(audio):
                return self._encoder.media(audio)
            case _MarkRequest(name):
                return self._encoder.mark(name)
            case _Clear():
                return self._encoder.clear

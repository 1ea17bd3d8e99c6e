"""One bidirectional Media Stream: Twilio's end of the websocket to the product.

https://www.twilio.com/docs/voice/media-streams: Twilio dials the `<Stream>`'s url with a signed
handshake, sends `connected`, `start` and then the caller's audio every 20 ms, plays what it is
sent, and goes on with the call when the server closes the socket.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Protocol

import aiohttp
from yarl import URL

from sandbox.control import Control, InjectedDisconnect, InjectedStatus
from sandbox.twilio.errors import CallProblem
from sandbox.twilio.fields import new_sid
from sandbox.twilio.messages import FRAME_MS, Clear, Mark, Media, Writer, read
from sandbox.twilio.playback import Playback
from sandbox.twilio.signature import HEADER, sign
from sandbox.twilio.twiml import Stream

CONNECT_SECONDS = 5.0
CLOSE_SECONDS = 0.5
MOST_WAITING = 50 * 10  # messages: ten seconds of a server that does not read
NORMAL_CLOSES = (1000, 1001, 1005)


class StreamOwner(Protocol):
    """What a stream needs of the call it belongs to."""

    sid: str
    account_sid: str
    playback: Playback

    def report(self, problem: CallProblem) -> None:
        """Show a problem to whoever watches the call."""

    def mark_played(self, name: str) -> None:
        """Tell the line that a mark's audio was played."""

    def cleared(self, dropped: int) -> None:
        """Tell the line that audio was dropped."""

    def stream_event(self, stream: Stream, stream_sid: str, event: str, error: str) -> None:
        """Send a stream status callback, in the background."""


class MediaStream:
    """A stream from its handshake to its end."""

    def __init__(
        self,
        owner: StreamOwner,
        noun: Stream,
        *,
        http: aiohttp.ClientSession,
        auth_token: str,
        control: Control,
    ) -> None:
        self.sid = new_sid("MZ")
        self.close_code: int | None = None
        self._owner = owner
        self._noun = noun
        self._http = http
        self._auth_token = auth_token
        self._control = control
        self._writer = Writer(
            account_sid=owner.account_sid, call_sid=owner.sid, stream_sid=self.sid
        )
        self._outbox: asyncio.Queue[str] = asyncio.Queue(MOST_WAITING)
        self._frames = 0
        self._is_open = False
        self._warned: set[int] = set()

    async def run(self) -> None:
        """Stream until the server closes the socket; being cancelled sends `stop`.

        Raise `CallProblem` where the stream never began or broke.
        """
        socket = await self._connect()
        self._tell("stream-started")
        self._post(self._writer.connected())
        self._post(self._writer.start(self._noun.parameters))
        self._is_open = True
        sending = asyncio.create_task(self._send_all(socket))
        try:
            await self._receive_all(socket)
        except CallProblem as problem:
            self._tell("stream-error", str(problem.code))
            raise
        except asyncio.CancelledError:
            self._post(self._writer.stop())
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(CLOSE_SECONDS):
                    await self._outbox.join()
            raise
        finally:
            self._is_open = False
            sending.cancel()
            self._owner.playback.clear()
            with contextlib.suppress(TimeoutError, aiohttp.ClientError):
                async with asyncio.timeout(CLOSE_SECONDS):
                    await socket.close()
            self._tell("stream-stopped")

    def hear(self, frame: bytes) -> None:
        """Send 20 ms of the caller."""
        if self._is_open:
            self._frames += 1
            self._post(self._writer.media(frame, at_ms=(self._frames - 1) * FRAME_MS))

    def press(self, digit: str) -> None:
        """Send a key that the caller pressed."""
        if self._is_open:
            self._post(self._writer.dtmf(digit))

    async def _connect(self) -> aiohttp.ClientWebSocketResponse:
        url = self._noun.url
        headers = {HEADER: sign(self._auth_token, url), "User-Agent": "Twilio.TmeWs/1.0"}
        try:
            async with asyncio.timeout(CONNECT_SECONDS):
                return await self._http.ws_connect(
                    URL(url, encoded=True), headers=headers, autoclose=True, max_msg_size=0
                )
        except BaseException as error:
            problem = _handshake_problem(url, error)
            if problem is None:
                raise
            self._tell("stream-error", str(problem.code))
            raise problem from error

    async def _receive_all(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        while True:
            message = await socket.receive()
            if message.type in (aiohttp.WSMsgType.TEXT, aiohttp.WSMsgType.BINARY):
                if not await self._may_go_on(socket):
                    continue
                self._handle(message.data)
            elif message.type is aiohttp.WSMsgType.ERROR:
                # https://www.twilio.com/docs/api/errors/31924
                raise CallProblem(31924, f"the websocket broke: {socket.exception()!r}")
            else:
                self.close_code = socket.close_code
                if self.close_code not in NORMAL_CLOSES:
                    # https://www.twilio.com/docs/api/errors/31921
                    raise CallProblem(31921, f"the server closed with {self.close_code}")
                return

    async def _may_go_on(self, socket: aiohttp.ClientWebSocketResponse) -> bool:
        try:
            await self._control.before("stream.message")
        except (InjectedDisconnect, InjectedStatus):
            connection = socket._response.connection  # noqa: SLF001 - there is no other way to it
            # Not asked for its class: uvloop's transports are no subclass of asyncio's.
            if connection is not None and connection.transport is not None:
                connection.transport.abort()
            return False
        return True

    def _handle(self, data: str | bytes) -> None:
        try:
            message = read(data, self.sid)
        except CallProblem as problem:
            # "This error is sent once per stream", and the stream goes on.
            if problem.code not in self._warned:
                self._warned.add(problem.code)
                self._owner.report(problem)
            return
        match message:
            case Media(audio):
                self._owner.playback.add(audio)
            case Mark(name):
                self._owner.playback.mark(self._returns(name))
            case Clear():
                self._owner.cleared(self._owner.playback.clear())

    def _returns(self, name: str) -> Callable[[bool], None]:
        def answer(was_played: bool) -> None:  # noqa: FBT001 - the buffer calls it
            if not self._is_open:
                return
            self._post(self._writer.mark(name))
            if was_played:
                self._owner.mark_played(name)

        return answer

    def _post(self, message: str) -> None:
        if self._outbox.full():  # a server that does not read loses the oldest, as on the wire
            self._outbox.get_nowait()
            self._outbox.task_done()
        self._outbox.put_nowait(message)

    async def _send_all(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        while True:
            message = await self._outbox.get()
            with contextlib.suppress(ConnectionError, aiohttp.ClientError):
                await socket.send_str(message)
            self._outbox.task_done()

    def _tell(self, event: str, error: str = "") -> None:
        if self._noun.status_callback is not None:
            self._owner.stream_event(self._noun, self.sid, event, error)


def stream_fields(
    stream: Stream, event: str, error: str, *, account_sid: str, call_sid: str, stream_sid: str
) -> dict[str, str]:
    """Return a stream status callback's fields.

    https://www.twilio.com/docs/voice/twiml/stream#statuscallback
    """
    fields = {
        "AccountSid": account_sid,
        "CallSid": call_sid,
        "StreamSid": stream_sid,
        "StreamName": stream.name or stream_sid,
        "StreamEvent": event,
        "Timestamp": datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
    }
    return fields | ({"StreamError": error} if error else {})


def _handshake_problem(url: str, error: BaseException) -> CallProblem | None:
    match error:
        case TimeoutError():
            return CallProblem(31901, f"{url} did not answer in time")
        case aiohttp.WSServerHandshakeError():
            return CallProblem(31920, f"{url} answered {error.status} instead of 101")
        case aiohttp.ClientSSLError():
            return CallProblem(31910, f"no TLS with {url}: {error}")
        case aiohttp.InvalidURL():
            return CallProblem(31923, f"{url} is no URL")
        case aiohttp.ClientConnectorError():
            return CallProblem(31902, f"{url} can't be reached: {error}")
        case aiohttp.ClientError():
            return CallProblem(31920, f"no handshake with {url}: {error!r}")
        case _:
            return None

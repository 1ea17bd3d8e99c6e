"""`GET /v1/realtime`: a voice model that reads texts aloud, over a websocket.

Handshake, order of events, one voice for a session that has spoken, `response.cancel` and what
is refused follow developers.openai.com/api/docs/guides/realtime-websocket and
realtime-conversations. Only responses outside the conversation are built.
"""

from __future__ import annotations

import asyncio
import json
from collections import deque
from collections.abc import Callable
from contextlib import aclosing
from typing import Any

from quart import Quart, Response, websocket

from sandbox.control import Control, InjectedDisconnect, InjectedStatus, abort_connection
from sandbox.engines.roles import EngineUnavailable, Voices
from sandbox.openai.catalogue import REALTIME_MODELS
from sandbox.openai.realtime_events import (
    PCMU,
    Order,
    RefusedEvent,
    Session,
    Speech,
    error_event,
    event,
    parse_order,
)
from sandbox.openai.requests import error_body
from sandbox.sound import LineSound

TRY_AGAIN = 1013
FAILED = {"type": "server_error", "code": "server_error"}


class Rewordings:
    """What the voice model says instead of what it was given; one each, first come first served."""

    def __init__(self) -> None:
        self._due: deque[str] = deque()

    def take(self, body: dict[str, Any]) -> None:
        self._due.extend(str(text) for text in body.get("rewordings", []))

    def forget(self) -> None:
        self._due.clear()

    def of(self, text: str) -> str:
        return self._due.popleft() if self._due else text


def install_realtime(
    app: Quart, control: Control, voices: Voices, rewordings: Rewordings, refuse: Callable[[], Any]
) -> None:
    """Add the endpoint; `refuse` answers a handshake without a key."""

    @app.websocket("/v1/realtime")
    async def realtime() -> Any:
        await control.before("realtime")
        if (refusal := refuse()) is not None:
            return refusal
        model = websocket.args.get("model", "")
        if model not in REALTIME_MODELS:
            message = f"The model `{model}` does not exist or you do not have access to it."
            return _answer(404, error_body(404, message, code="model_not_found"))
        await websocket.accept()
        talk = _Talk(Session(model), control, voices, rewordings)
        try:
            await talk.run()
        except InjectedDisconnect:
            abort_connection()
        except (EngineUnavailable, InjectedStatus):
            await websocket.close(TRY_AGAIN, "The engine is not there just now")
        return None


class _Talk:
    """One session from its first event on."""

    def __init__(
        self, session: Session, control: Control, voices: Voices, rewordings: Rewordings
    ) -> None:
        self._session = session
        self._control = control
        self._voices = voices
        self._rewordings = rewordings
        self._speaking: dict[str, asyncio.Task[None]] = {}
        self._failure: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    async def run(self) -> None:
        await self._send(event("session.created", session=self._session.shown()))
        receiving = asyncio.ensure_future(self._receive())
        try:
            await asyncio.wait({receiving, self._failure}, return_when=asyncio.FIRST_COMPLETED)
            if self._failure.done():
                self._failure.result()
            await receiving
        finally:
            if not self._failure.cancel() and not self._failure.cancelled():
                self._failure.exception()  # it has been told, or nobody is left to be told
            tasks = {receiving, *self._speaking.values()}
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _receive(self) -> None:
        while True:
            body = _parsed(await websocket.receive())
            try:
                await self._obey(body)
            except RefusedEvent as refused:
                await self._send(error_event(refused, body.get("event_id")))

    async def _obey(self, body: dict[str, Any]) -> None:
        match body.get("type"):
            case "session.update":
                self._session.update(body.get("session"))
                await self._send(event("session.updated", session=self._session.shown()))
            case "response.create":
                await self._control.before("realtime:response")
                order = parse_order(body, self._session)
                speech = Speech(self._session, order)
                task = asyncio.ensure_future(self._respond(speech, order))
                self._speaking[speech.id] = task
                task.add_done_callback(lambda done: self._ended(speech.id, done))
            case "response.cancel":
                await self._cancel(body.get("response_id"))
            case None:
                message = "We could not parse the JSON body of your event."
                raise RefusedEvent(message, code="invalid_event")
            case kind:
                message = f"The sandbox has not built the client event '{kind}'."
                raise RefusedEvent(message, code="not_implemented", param="type")

    async def _cancel(self, wanted: str | None) -> None:
        response_id = wanted or next(iter(self._speaking), None)
        task = self._speaking.get(response_id or "")
        if task is None:
            message = "Cancellation failed: no active response found"
            raise RefusedEvent(message, code="response_cancel_not_active")
        task.cancel()

    async def _respond(self, speech: Speech, order: Order) -> None:
        """Read aloud: each piece's words go out before its sound."""
        try:
            for opened in speech.opening():
                await self._send(opened)
            await self._read(speech, self._rewordings.of(order.text))
        except asyncio.CancelledError:
            for closed in speech.closing("cancelled", {"reason": "client_cancelled"}):
                await self._send(closed)
        except EngineUnavailable:
            for closed in speech.closing("failed", {"error": FAILED}):
                await self._send(closed)
        else:
            for closed in speech.closing("completed"):
                await self._send(closed)

    async def _read(self, speech: Speech, text: str) -> None:
        session = self._session
        line = LineSound() if session.format == PCMU else None
        asked = self._voices.speak(text, voice=session.voice, speed=session.speed)
        async with aclosing(asked) as sound:
            first = True
            async for pcm in sound:
                if first:
                    first = False
                    await self._send(speech.words(text))
                else:
                    await self._control.before("realtime:audio")
                await self._sound(speech, line.feed(pcm) if line else pcm)
        if line:
            await self._sound(speech, line.feed(b"", is_last=True))

    async def _sound(self, speech: Speech, audio: bytes) -> None:
        if audio:
            self._session.has_spoken = True
            await self._send(speech.audio(audio))

    def _ended(self, response_id: str, task: asyncio.Task[None]) -> None:
        del self._speaking[response_id]
        if not task.cancelled() and (error := task.exception()) and not self._failure.done():
            self._failure.set_exception(error)

    async def _send(self, message: dict[str, Any]) -> None:
        await websocket.send(json.dumps(message))


def _parsed(message: str | bytes) -> dict[str, Any]:
    """Return an event; an empty one where it is none."""
    try:
        body = json.loads(message)
    except ValueError:
        return {}
    return body if isinstance(body, dict) else {}


def _answer(status: int, body: dict[str, Any]) -> Response:
    return Response(json.dumps(body), status=status, content_type="application/json")

"""Every server's `/_control`: reset, seed, script, inspect, and failures on demand.

A server calls `install_control(app, control)` once and `await control.before("route")` wherever
a failure may be asked for. `POST /_control/fail_next` takes one of

    {"route": "chat", "times": 1, "status": 500}      answer with that status
    {"route": "chat", "delay_seconds": 2}             wait, then go on as usual
    {"route": "listen", "disconnect": true}           drop the connection without a word
    {"route": "listen:audio", "stall": true}          say nothing more until reset
    {"route": "listen:audio", "after": 50, …}         let fifty pass first

Names of routes are each server's own; a name nobody asks for is an error, so that a test can't
wait for a failure that never comes. What a server does not know answers 501 with a sentence.
"""

from __future__ import annotations

import asyncio
import inspect
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any
from urllib.parse import urlsplit

from quart import Quart, Response, has_websocket_context, jsonify, request, websocket
from werkzeug.exceptions import HTTPException

TRANSPORT_KEY = "sandbox.transport"
REMEMBERED_REQUESTS = 2000
REMEMBERED_BODY_CHARACTERS = 65536

Hook = Callable[[], Awaitable[None] | None]
BodyHook = Callable[[dict[str, Any]], Awaitable[None] | None]
ErrorBody = Callable[[int, str], tuple[Any, int] | Response]


class InjectedStatus(Exception):
    """A failure that was asked for: answer with this status."""

    def __init__(self, status: int) -> None:
        super().__init__(f"a failure with status {status} was asked for")
        self.status = status


class InjectedDisconnect(Exception):
    """A failure that was asked for: the connection is gone."""


class BadControlRequest(Exception):
    """What was sent to `/_control` can't be done; the text says why."""


@dataclass(slots=True)
class _Failure:
    route: str
    times: int = 1
    after: int = 0
    status: int | None = None
    delay_seconds: float = 0.0
    disconnect: bool = False
    stall: bool = False


class Control:
    """One server's controls: its failures to come and what was asked of it."""

    def __init__(
        self,
        *routes: str,
        on_reset: Hook | None = None,
        on_seed: BodyHook | None = None,
        on_script: BodyHook | None = None,
        is_ready: Callable[[], bool] = lambda: True,
        error_body: ErrorBody | None = None,
    ) -> None:
        """Name the routes that may fail; without any, every name is taken.

        `error_body` shapes the vendor's own error from a status and a sentence.
        """
        self.routes = frozenset(routes)
        self.on_reset = on_reset
        self.on_seed = on_seed
        self.on_script = on_script
        self.is_ready = is_ready
        self.error_body = error_body or _plain_error
        self.requests: deque[dict[str, Any]] = deque(maxlen=REMEMBERED_REQUESTS)
        self._failures: list[_Failure] = []
        self._reset = asyncio.Event()
        self._recorded = asyncio.Event()

    def fail_next(self, body: dict[str, Any]) -> None:
        """Take a failure as `POST /_control/fail_next` sends it."""
        try:
            failure = _Failure(**body)
        except TypeError as error:
            message = f"fail_next does not understand this: {error}"
            raise BadControlRequest(message) from error
        if self.routes and failure.route not in self.routes:
            message = (
                f"no route {failure.route!r} here; there are: {', '.join(sorted(self.routes))}"
            )
            raise BadControlRequest(message)
        if not (failure.status or failure.delay_seconds or failure.disconnect or failure.stall):
            message = "fail_next wants one of status, delay_seconds, disconnect, stall"
            raise BadControlRequest(message)
        self._failures.append(failure)

    def record(self, kind: str, **details: Any) -> None:
        """Remember something for `GET /_control/requests`, such as a webhook that was sent."""
        self.requests.append({"kind": kind, "at": datetime.now(UTC).isoformat(), **details})
        recorded, self._recorded = self._recorded, asyncio.Event()
        recorded.set()

    async def recorded(self, kind: str, **details: Any) -> dict[str, Any]:
        """Wait until something of this kind, with these details, was remembered; return it."""
        wanted = {"kind": kind, **details}.items()
        while True:
            for record in self.requests:
                if wanted <= record.items():
                    return record
            await self._recorded.wait()

    async def before(self, route: str) -> None:
        """Carry out the failure that was asked for, if any; return at once otherwise.

        Raise `InjectedStatus` or `InjectedDisconnect`; both are answered by `install_control`
        in HTTP handlers, and in websocket handlers where nothing catches them.
        """
        failure = self._due(route)
        if failure is None:
            return
        self.record("failure", route=route)
        if failure.delay_seconds:
            await asyncio.sleep(failure.delay_seconds)
        if failure.stall:
            await self._reset.wait()
            raise InjectedDisconnect
        if failure.disconnect:
            raise InjectedDisconnect
        if failure.status:
            raise InjectedStatus(failure.status)

    def _due(self, route: str) -> _Failure | None:
        for failure in self._failures:
            if failure.route != route:
                continue
            if failure.after > 0:
                failure.after -= 1
                continue
            failure.times -= 1
            if failure.times <= 0:
                self._failures.remove(failure)
            return failure
        return None

    async def reset(self) -> None:
        """Forget failures and requests, let what stalls end, and reset the server's own state."""
        self._failures.clear()
        self.requests.clear()
        released, self._reset = self._reset, asyncio.Event()
        released.set()
        await _call(self.on_reset)


def install_control(app: Quart, control: Control) -> None:
    """Add `/_control`, `/healthz`, `/readyz`, failure injection and 501 for all else."""
    app.config["RESPONSE_TIMEOUT"] = None  # a reply may stream for minutes
    app.config["PROVIDE_AUTOMATIC_OPTIONS"] = False
    app.asgi_app = _RemembersTransport(app.asgi_app)  # type: ignore[method-assign]
    _install_routes(app, control)
    _install_recording(app, control)
    _install_failures(app, control)


def abort_connection() -> None:
    """Drop the current request's or websocket's TCP connection, as a crash would."""
    scope: Any = websocket.scope if has_websocket_context() else request.scope
    transport = scope.get(TRANSPORT_KEY)
    if transport is not None:
        transport.abort()


class _RemembersTransport:
    """Keeps the server's transport in the scope: ASGI itself can't drop a connection."""

    def __init__(self, app: Any) -> None:
        self._app = app

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        transport = getattr(getattr(send, "__self__", None), "transport", None)
        if scope["type"] != "lifespan":
            scope[TRANSPORT_KEY] = transport
        await self._app(scope, receive, send)


def _install_routes(app: Quart, control: Control) -> None:
    @app.get("/healthz")
    async def healthz() -> Any:
        return {"status": "ok"}

    @app.get("/readyz")
    async def readyz() -> Any:
        is_ready = control.is_ready()
        return {"status": "ready" if is_ready else "starting"}, 200 if is_ready else 503

    @app.post("/_control/reset")
    async def reset() -> Any:
        await control.reset()
        return {"status": "reset"}

    @app.post("/_control/seed")
    async def seed() -> Any:
        return await _hand_over(control.on_seed, "seed")

    @app.post("/_control/script")
    async def script() -> Any:
        return await _hand_over(control.on_script, "script")

    @app.post("/_control/fail_next")
    async def fail_next() -> Any:
        control.fail_next(await _json_object())
        return {"status": "armed"}

    @app.get("/_control/requests")
    async def requests() -> Any:
        return jsonify({"requests": list(control.requests)})

    @app.errorhandler(BadControlRequest)
    async def refuse(error: BadControlRequest) -> Any:
        return {"error": str(error)}, 400


def _install_recording(app: Quart, control: Control) -> None:
    @app.before_request
    async def keep() -> Any:
        if request.path.startswith("/_") and not _comes_from_here(request.headers.get("Origin")):
            return {"error": "only this machine may steer the sandbox"}, 403
        if request.path.startswith("/_control") or request.path in ("/healthz", "/readyz"):
            return None
        data = await request.get_data()
        body = data if isinstance(data, str) else data.decode("utf-8", "replace")
        control.record(
            "request",
            method=request.method,
            path=request.path,
            query=request.query_string.decode(),
            body=body[:REMEMBERED_BODY_CHARACTERS],
        )
        return None

    @app.before_websocket
    async def keep_websocket() -> Any:
        origin = websocket.headers.get("Origin")
        if websocket.path.startswith("/_") and not _comes_from_here(origin):
            return {"error": "only this machine may steer the sandbox"}, 403
        control.record(
            "websocket", path=websocket.path, query=websocket.query_string.decode("latin-1")
        )
        return None


def _install_failures(app: Quart, control: Control) -> None:
    @app.errorhandler(InjectedStatus)
    async def fail(error: InjectedStatus) -> Any:
        return control.error_body(error.status, str(error))

    @app.errorhandler(InjectedDisconnect)
    async def disconnect(_error: InjectedDisconnect) -> Any:
        abort_connection()
        return Response(status=499)

    @app.errorhandler(404)
    @app.errorhandler(405)
    async def not_built(_error: HTTPException) -> Any:
        if has_websocket_context():
            return control.error_body(501, f"The sandbox has no websocket {websocket.path}.")
        sentence = f"The sandbox has not built {request.method} {request.path}."
        return control.error_body(501, sentence)


async def _hand_over(hook: BodyHook | None, name: str) -> Any:
    if hook is None:
        return {"error": f"this server takes no {name}"}, HTTPStatus.NOT_IMPLEMENTED
    body = await _json_object()
    try:
        answer = hook(body)
        if inspect.isawaitable(answer):
            await answer
    except (KeyError, TypeError, ValueError) as error:
        message = f"this {name} is not understood: {error!r}"
        raise BadControlRequest(message) from error
    return {"status": "done"}


async def _json_object() -> dict[str, Any]:
    body = await request.get_json(force=True, silent=True)
    if not isinstance(body, dict):
        message = "send a JSON object"
        raise BadControlRequest(message)
    return body


async def _call(hook: Hook | None) -> None:
    if hook is not None:
        answer = hook()
        if inspect.isawaitable(answer):
            await answer


def _comes_from_here(origin: str | None) -> bool:
    return origin is None or urlsplit(origin).hostname in ("localhost", "127.0.0.1")


def _plain_error(status: int, sentence: str) -> tuple[Any, int]:
    return {"error": {"message": sentence}}, status

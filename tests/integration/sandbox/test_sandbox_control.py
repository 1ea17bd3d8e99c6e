"""Serving on loopback, and `/_control` over real sockets."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest
from quart import Quart, request, websocket

from sandbox.control import Control, install_control
from sandbox.serving import PortTaken, serving


def build() -> tuple[Quart, Control, dict[str, Any]]:
    state: dict[str, Any] = {}
    app = Quart("sandbox.test")
    control = Control("greet", "talk", on_reset=state.clear, on_seed=state.update)
    install_control(app, control)

    @app.post("/greet")
    async def greet() -> Any:
        form = await request.form
        await control.before("greet")
        return {"hello": form["name"]}

    @app.websocket("/talk")
    async def talk() -> None:
        await websocket.accept()
        while True:
            await control.before("talk")
            await websocket.send(await websocket.receive())

    return app, control, state


@pytest.fixture
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as session:
        yield session


async def test_requests_are_remembered_with_their_bodies(http: aiohttp.ClientSession) -> None:
    app, _, _ = build()
    async with serving(app) as url:
        async with http.post(f"{url}/greet", data={"name": "Sam"}) as answer:
            assert await answer.json() == {"hello": "Sam"}
        async with http.get(f"{url}/_control/requests") as answer:
            requests = (await answer.json())["requests"]

    assert [(r["method"], r["path"], r["body"]) for r in requests] == [
        ("POST", "/greet", "name=Sam")
    ]


async def test_a_failure_happens_as_often_as_asked(http: aiohttp.ClientSession) -> None:
    app, _, _ = build()
    async with serving(app) as url:
        wish = {"route": "greet", "times": 2, "after": 1, "status": 503}
        await http.post(f"{url}/_control/fail_next", json=wish)
        statuses = []
        for _ in range(4):
            async with http.post(f"{url}/greet", data={"name": "Sam"}) as answer:
                statuses.append(answer.status)

    assert statuses == [200, 503, 503, 200]


async def test_a_route_that_does_not_exist_is_refused(http: aiohttp.ClientSession) -> None:
    app, _, _ = build()
    async with serving(app) as url:
        wish = {"route": "great", "status": 500}
        async with http.post(f"{url}/_control/fail_next", json=wish) as answer:
            assert answer.status == 400
            assert "greet, talk" in (await answer.json())["error"]


async def test_a_disconnect_gives_no_answer(http: aiohttp.ClientSession) -> None:
    app, control, _ = build()
    control.fail_next({"route": "greet", "disconnect": True})
    async with serving(app) as url:
        with pytest.raises(aiohttp.ClientError):
            await http.post(f"{url}/greet", data={"name": "Sam"})


async def test_a_websocket_can_be_dropped(http: aiohttp.ClientSession) -> None:
    app, control, _ = build()
    control.fail_next({"route": "talk", "after": 1, "disconnect": True})
    async with serving(app) as url, http.ws_connect(f"{url}/talk") as socket:
        await socket.send_str("one")
        first = await socket.receive(timeout=5)
        second = await socket.receive(timeout=5)

    assert first.data == "one"
    assert second.type in (aiohttp.WSMsgType.CLOSED, aiohttp.WSMsgType.ERROR)
    assert socket.close_code in (None, 1006)


async def test_a_stall_ends_with_the_reset(http: aiohttp.ClientSession) -> None:
    app, control, state = build()
    control.fail_next({"route": "greet", "stall": True})
    state["number"] = 1
    async with serving(app) as url:
        asking = asyncio.create_task(http.post(f"{url}/greet", data={"name": "Sam"}).__aenter__())
        await asyncio.wait_for(control.recorded("failure", route="greet"), 5)
        await http.post(f"{url}/_control/reset")
        with pytest.raises(aiohttp.ClientError):
            await asyncio.wait_for(asking, 5)

    assert state == {}


async def test_what_is_not_built_says_so(http: aiohttp.ClientSession) -> None:
    app, _, _ = build()
    async with serving(app) as url:
        async with http.get(f"{url}/v9/dreams") as answer:
            assert answer.status == 501
            assert "GET /v9/dreams" in await answer.text()
        async with http.get(f"{url}/greet") as answer:
            assert answer.status == 501
        with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
            await http.ws_connect(f"{url}/v9/dreams")

    assert refused.value.status == 501


async def test_other_sites_may_not_steer_it(http: aiohttp.ClientSession) -> None:
    app, _, _ = build()
    async with (
        serving(app) as url,
        http.post(f"{url}/_control/reset", headers={"Origin": "https://elsewhere.example"}) as no,
        http.post(f"{url}/_control/reset", headers={"Origin": "http://localhost:3000"}) as yes,
    ):
        assert (no.status, yes.status) == (403, 200)


async def test_a_taken_port_is_named() -> None:
    app, _, _ = build()
    async with serving(app) as url:
        port = int(url.rpartition(":")[2])
        with pytest.raises(PortTaken, match=str(port)):
            async with serving(app, port):
                pass


async def test_leaving_ends_what_is_open(http: aiohttp.ClientSession) -> None:
    app, _, _ = build()
    async with serving(app) as url:
        socket = await http.ws_connect(f"{url}/talk")
    closed = await socket.receive(timeout=5)

    assert closed.type in (aiohttp.WSMsgType.CLOSE, aiohttp.WSMsgType.CLOSED)
    await socket.close()
